//! The times of run-once applications: five or six fields, seconds first, or `@every` and the like.

use super::application::RUN_ONCE;
use super::context::Context;
use super::finding::Findings;
use super::grammar;
use super::rules;

const WORDS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A field: what it is called, its bounds, names for its numbers.
type Field = (&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Field; 6] = [
    ("second", 0, 59, &[]),
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, &MONTHS),
    ("day of the week", 0, 6, &DAYS),
];

/// Looks at the times of run-once applications.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    for (key, app) in context.applications().filter(|(_, app)| app.kind == RUN_ONCE) {
        for (name, text) in [("start_time", &app.start_time), ("time_schedule", &app.time_schedule)] {
            if text.is_empty() || text.contains("${") {
                continue;
            }
            let place = context.value(key, &[name]);
            match read(text) {
                Err(why) => {
                    let message = format!(
                        "{why}: it never fires, and nothing says so; fields are seconds, minutes, hours, \
                                           day, month and weekday"
                    );
                    found.add(rules::CRON, place, message);
                }
                Ok(()) if text.split_whitespace().count() == 5 && !text.starts_with('@') => {
                    let message = "five fields begin with seconds, not with minutes as elsewhere: put a `0` in front if \
                                   minutes are meant";
                    found.add(rules::CRON_SECONDS, place, message);
                }
                Ok(()) => {}
            }
        }
        let repeats = app.start_time.starts_with('@')
            || app.start_time.split_whitespace().skip(3).take(2).any(|field| field.contains(['*', '?', '/']));
        if !app.start_time.is_empty() && !app.time_schedule.is_empty() && repeats {
            let message = "each time start_time fires it adds one more job of time_schedule, and these can be neither \
                           listed nor removed: name day and month in start_time";
            found.add(rules::CRON_BOTH, context.value(key, &["start_time"]), message);
        }
    }
}

/// Reads a cron text.
///
/// # Errors
/// It is none; the text says why.
fn read(text: &str) -> Result<(), String> {
    let text = text.trim();
    if let Some(duration) = text.strip_prefix("@every ") {
        let good = grammar::is_go_duration(duration.trim());
        return if good { Ok(()) } else { Err(format!("`{duration}` is no duration such as 17s or 1h30m")) };
    }
    if text.starts_with('@') {
        return if WORDS.contains(&text) { Ok(()) } else { Err(format!("there is no `{text}`")) };
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if !matches!(fields.len(), 5 | 6) {
        return Err(format!("`{text}` has {} fields instead of 5 or 6", fields.len()));
    }
    for (field, bounds) in fields.into_iter().zip(FIELDS) {
        for part in field.split(',') {
            part_of(part, bounds).map_err(|why| format!("{why} is no {}", bounds.0))?;
        }
    }
    Ok(())
}

fn part_of(part: &str, (_, low, high, names): Field) -> Result<(), String> {
    let bad = || format!("`{part}`");
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = named.map(|index| index as u32 + low).or_else(|| text.parse().ok());
        value.filter(|value| (low..=high).contains(value)).ok_or_else(bad)
    };
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };
    if step.is_some_and(|step| !step.parse::<u32>().is_ok_and(|step| step > 0)) {
        return Err(bad());
    }
    if matches!(range, "*" | "?") {
        return Ok(());
    }
    match range.split_once('-') {
        Some((from, to)) if number(from)? > number(to)? => Err(bad()),
        Some(_) => Ok(()),
        None => number(range).map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cron_texts() {
        for (text, good) in [
            ("@every 17s", true),
            ("@every 1h30m", true),
            ("@every 17", false),
            ("@every 2 minutes", false),
            ("@hourly", true),
            ("@noon", false),
            ("0 30 * * * *", true),
            ("0 */5 8-18 * jan,JUL mon-fri", true),
            ("10 30 12 24 12", true),
            ("0 60 * * * *", false),
            ("* * * *", false),
            ("0 0 0 0 * *", false),
            ("0 0 0 1 * 7", false),
            ("0 0 18-8 * * *", false),
            ("*/0 * * * * *", false),
            ("? ? ? ? ? ?", true),
        ] {
            assert_eq!(read(text).is_ok(), good, "{text}: {:?}", read(text));
        }
    }
}
