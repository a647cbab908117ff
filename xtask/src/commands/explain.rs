//! `cargo xtask explain`.

use serde_json::json;
use stacklab_diagnosis::{CAUSES, explain as find};
use stacklab_lab::exit::ExitCode;

use super::Failed;
use crate::flags::Explain;

/// Prints the page of a cause, or the list of all.
pub(crate) fn explain(flags: &Explain) -> Result<ExitCode, Failed> {
    let Some(asked) = flags.cause.as_ref().filter(|_| !flags.list) else {
        if flags.json {
            let all = CAUSES
                .iter()
                .map(|cause| json!({ "code": cause.code, "name": cause.name, "title": cause.title }));
            println!("{}", serde_json::Value::from_iter(all));
        } else {
            CAUSES.iter().for_each(|cause| println!("{} {:<40} {}", cause.code, cause.name, cause.title));
        }
        return Ok(ExitCode::AsExpected);
    };
    let cause = find(asked).map_err(Failed::input)?;
    if flags.json {
        let page =
            json!({ "code": cause.code, "name": cause.name, "title": cause.title, "page": cause.page });
        println!("{page}");
    } else {
        println!("{} {}\n{}\n\n{}", cause.code, cause.name, cause.title, cause.page.trim_end());
    }
    Ok(ExitCode::AsExpected)
}
