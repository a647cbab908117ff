//! What the original does that nobody would want, and what is done about it here: one row a quirk.
//!
//! The rule: what decides a deployment is played as it is, for a stack that deploys here must deploy there, and one that
//! fails there must fail here. What only makes the tool hard to use is mended, and can be had back.

/// How the original's behaviour can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faithful {
    /// Always: it decides a deployment.
    Always,
    /// With `--faithful`, of the client with `SD_FAITHFUL=1`.
    OnRequest,
    /// Not at all: it is a matter of chance, of safety, or of size.
    Never,
}

/// A quirk of the original.
#[derive(Clone, Copy, Debug)]
pub struct Quirk {
    /// A name for it.
    pub id: &'static str,
    /// What the original does.
    pub original: &'static str,
    /// What is done here, unless the original's behaviour is asked for.
    pub ours: &'static str,
    /// How the original's behaviour can be had.
    pub faithful: Faithful,
    /// The tests that show it, by their names.
    pub tests: &'static [&'static str],
}

const fn row(
    id: &'static str,
    faithful: Faithful,
    original: &'static str,
    ours: &'static str,
    tests: &'static [&'static str],
) -> Quirk {
    Quirk { id, original, ours, faithful, tests }
}

use Faithful::{Always, Never, OnRequest};

/// All of them.
pub const QUIRKS: &[Quirk] = &[
    row(
        "dev-success-is-an-error",
        OnRequest,
        "in developer mode a good run is answered 404 `Stack state already exists`",
        "a good run is answered 200",
        &["developer_mode_reports_success", "developer_mode_reports_failure_faithfully"],
    ),
    row(
        "dev-second-run",
        OnRequest,
        "in developer mode a stack runs once in a zone, until the server restarts",
        "it runs again, as in production mode: Marathon then says that the apps exist",
        &["developer_mode_reports_success", "developer_mode_reports_failure_faithfully"],
    ),
    row(
        "dev-changes-stacks",
        OnRequest,
        "in developer mode a run changes the stored stack: variables replaced, task values texts, layers merged",
        "what is stored stays as it is",
        &["developer_mode_reports_success", "developer_mode_changes_what_it_runs_faithfully"],
    ),
    row(
        "dev-ignores-parents",
        Always,
        "in developer mode `from` is not looked at",
        "the same",
        &["shows_a_stack_with_its_parents"],
    ),
    row(
        "dev-drops-a-zone",
        Always,
        "in developer mode a zone whose parent has no parent is left out of the merge",
        "the same",
        &["developer_mode_drops_a_zone"],
    ),
    row(
        "adduser-fails",
        OnRequest,
        "`adduser` takes the server's 201 for an error: it prints `ERROR: <key>` and exits 1",
        "it prints `User added. Key: <key>` and exits 0",
        &["adds_a_user", "adds_a_user_faithfully"],
    ),
    row(
        "bootstrap-fails",
        OnRequest,
        "bootstrap dies with `Stack state does not exist` when the first application is up",
        "it goes on to its end, and its variables are saved",
        &["bootstraps", "bootstrap_fails_faithfully"],
    ),
    row(
        "hangs",
        OnRequest,
        "a dependency cycle, an unknown dependency, an empty stack, more skips than applications: the run has no end",
        "the run is refused, with the cycle or the dependency named; skips count once",
        &["names_what_the_original_hangs_on", "hangs_faithfully"],
    ),
    row(
        "same-id-twice",
        OnRequest,
        "of two applications with one id either is started, by chance, and the run succeeds",
        "the stack is refused; faithfully the first of them is started",
        &["names_what_the_original_hangs_on", "hangs_faithfully"],
    ),
    row(
        "handler-dies",
        OnRequest,
        "a merge onto a stack without applications, or a body that is null, ends the connection without an answer",
        "404 with the reason; null is taken for an empty object",
        &["a_merge_onto_nothing", "a_body_that_is_null"],
    ),
    row(
        "server-dies",
        OnRequest,
        "a task without ports, answers without `config` or `runtime`, an error that is no text: the server dies, exit 2",
        "the run fails with the reason",
        &["what_the_original_dies_of"],
    ),
    row(
        "yaml-errors",
        Never,
        "syntax errors of YAML name the line before the one they mean, in the words of libyaml",
        "the line that is meant, in the parser's own words",
        &["reports_broken_yaml"],
    ),
    row(
        "task-that-is-no-map",
        Never,
        "a task that is not a map of parameters is stored, and running it kills the server",
        "the stack is refused when it is added",
        &["reports_what_would_kill_the_original"],
    ),
    row(
        "blank-path",
        OnRequest,
        "a ZooKeeper that cannot be reached is reported as `Specified blank path`",
        "the ZooKeeper is named",
        &["names_a_zookeeper_that_is_not_there"],
    ),
    row(
        "no-bound-on-runs",
        Never,
        "any number of runs goes on at a time",
        "further ones are refused with 503",
        &["bounds_the_number_of_runs", "two_hundred_runs_at_a_time"],
    ),
    row(
        "no-bound-on-bodies",
        Never,
        "bodies, nesting and aliases of YAML have no bound",
        "all have one",
        &["bodies_are_bounded", "yaml_bombs_are_refused"],
    ),
    row(
        "keys-in-the-log",
        Never,
        "with `--debug` keys are written to the log, and they are compared byte by byte",
        "keys are in no log, and comparing them takes the same time wherever they differ",
        &["keys_are_told_to_nobody_else", "hashes_as_stored"],
    ),
    row(
        "every-address",
        Never,
        "the server listens on every address of the machine unless told otherwise",
        "it listens on 127.0.0.1",
        &["reads_flags"],
    ),
    row(
        "random-order",
        Never,
        "applications are visited, and scheduler flags written, in a random order",
        "in the order of their keys",
        &["the_first_fault_wins"],
    ),
    row(
        "unresolved-in-tasks",
        Always,
        "an unresolved variable in a task's parameter is sent as it stands",
        "the same, and a warning",
        &["sends_unresolved_parameters_as_they_are", "warns_of_what_it_passes_over"],
    ),
    row(
        "timeout-is-success",
        Always,
        "a Kafka broker whose start timed out counts as started",
        "the same, and a warning",
        &["a_start_that_timed_out_counts", "warns_of_what_it_passes_over"],
    ),
    row(
        "second-run-conflicts",
        Always,
        "a stack whose apps exist in Marathon cannot be run",
        "the same",
        &["tells_why_a_run_failed"],
    ),
    row(
        "nothing-is-rolled-back",
        Always,
        "what a failed run has started stays, and applications under way go on",
        "the same",
        &["applications_under_way_go_on"],
    ),
];
