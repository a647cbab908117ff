//! All rules, with codes that never change their meaning. What each means is in `pages.md`.

use super::Severity;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable: `SD012`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// In a few words.
    pub title: &'static str,
}

macro_rules! rules {
    ($($name:ident $code:literal $severity:ident $title:literal;)*) => {
        $(pub(super) const $name: Rule = Rule { code: $code, severity: Severity::$severity, title: $title };)*
        /// All rules, by code.
        pub(super) const ALL: &[Rule] = &[$($name),*];
    };
}

rules! {
    // The file.
    UNREADABLE "SD001" Error "the file is no stack file";
    FLOW_URL "SD002" Error "an unquoted URL in a list in brackets";
    NO_MAP "SD003" Error "an application or a task that is no map";
    UNKNOWN_KEY "SD004" Warning "an unknown key, ignored in silence";
    REPEATED_KEY "SD005" Warning "a key that stands twice";
    NO_NAME "SD006" Error "a stack without a name";
    EMPTY_STACK "SD007" Error "a stack without applications";
    SECOND_DOCUMENT "SD008" Warning "a second document in the file";
    MERGED_TASKS "SD009" Warning "a merge inside of tasks";
    // Parents, layers, zones.
    NO_PARENT "SD010" Warning "a parent that was not given";
    NO_ZONE "SD011" Error "a zone or parent that is not there";
    EMPTY_PARENT "SD012" Error "a parent or zone without applications";
    NOT_MERGED "SD013" Warning "a field that is never taken from the child";
    LAYER_TYPE "SD014" Error "a layer that names an application without its type";
    DEV_MODE "SD015" Warning "developer mode merges other files";
    EMPTY_CHILD "SD016" Warning "an empty value that takes nothing away";
    // Applications.
    NO_TYPE "SD020" Error "an application without a type";
    NO_RUNNER "SD021" Error "tasks of a type that has no task runner";
    NO_ID "SD022" Error "an application without an id";
    NO_RESOURCES "SD023" Error "an application without cpu or mem";
    INSTANCES "SD024" Error "a number of instances that is none";
    CONSTRAINT "SD025" Error "a constraint that is none";
    DUPLICATE_ID "SD026" Error "two applications with one id";
    TYPE_TYPO "SD027" Warning "a type that is nearly one with a task runner";
    ID_GRAMMAR "SD028" Error "an id that Marathon does not take";
    COMMAND "SD029" Error "a command line that Marathon does not take";
    MANY_SCHEDULERS "SD030" Warning "more than one instance of a scheduler";
    NO_HEALTHCHECK "SD031" Warning "a scheduler that is called before it listens";
    RUN_ONCE_FIELDS "SD032" Warning "fields that a run-once application ignores";
    TIMES_IGNORED "SD033" Warning "times of an application that is not run-once";
    HOOKS "SD034" Warning "hooks run where the server is, if it allows them";
    HOOK_STATUS "SD035" Warning "a hook of which only the last command counts";
    NO_TASKS_TAKEN "SD036" Error "a task runner that runs no tasks";
    OLD_DSE "SD037" Warning "an API that no DSE-Mesos offers any more";
    SAME_PORT_LISTED "SD038" Error "a port that stands twice in one list";
    CRON "SD040" Warning "a cron text that never fires";
    CRON_SECONDS "SD041" Warning "a cron text that begins with seconds";
    CRON_BOTH "SD042" Warning "jobs that multiply";
    // Dependencies.
    KEY_AS_DEPENDENCY "SD045" Error "a dependency by key instead of id";
    UNKNOWN_DEPENDENCY "SD046" Error "a dependency that is not there";
    CYCLE "SD047" Error "applications that wait for each other";
    SKIPPED_TWICE "SD048" Error "more skips than applications";
    // Variables.
    UNRESOLVED "SD050" Error "a variable that nobody gives";
    SENT_LITERALLY "SD051" Error "a variable in a task parameter that nobody gives";
    NOT_A_DEPENDENCY "SD052" Error "a variable of an application that is no dependency";
    TOO_EARLY "SD053" Error "a variable that is published later";
    NEVER_PUBLISHED "SD054" Error "a name that no task runner publishes";
    SHELL_BRACES "SD055" Error "a shell variable in braces";
    NOT_RESOLVED_HERE "SD056" Error "a variable where none is resolved";
    NESTED "SD057" Warning "a value that holds a variable itself";
    NOT_CLOSED "SD058" Warning "a variable without its closing brace";
    UNUSED "SD059" Warning "a variable that nothing refers to";
    NO_SHELL "SD060" Warning "a shell variable where no shell is";
    LAST_TASK_ONLY "SD061" Warning "a list that holds the last task only";
    KEY_AS_PREFIX "SD062" Error "a variable by key instead of id";
    OVERRULED "SD063" Warning "a variable that the run sets itself";
    // How YAML types task parameters.
    TYPED_NUMBER "SD070" Warning "a number that changes its form";
    TYPED_BOOL "SD071" Warning "a word that becomes true or false";
    TYPED_NULL "SD072" Warning "a value that becomes <nil>";
    TYPED_LIST "SD073" Warning "a list or map that is printed as Go prints it";
    TYPED_KEY "SD074" Warning "a key that becomes something else";
    // Parameters of the frameworks.
    TIME "SD100" Error "a time in the wrong grammar";
    IDS "SD101" Error "ids that are none";
    ZIPKIN_TYPE "SD102" Error "a Zipkin task without type, or of none that there is";
    UNKNOWN_PARAMETER "SD103" Warning "a parameter that the framework does not know";
    NUMBER "SD104" Error "a number that is none";
    TASK_CONSTRAINT "SD105" Error "a constraint that the framework does not know";
    NOT_ENFORCED "SD106" Warning "a constraint that is not enforced";
    NOT_APPLICABLE "SD107" Error "an Exhibitor setting that cannot be applied";
    NO_CONFIGTYPE "SD108" Error "Exhibitor without configtype";
    EXHIBITORS_MEET "SD109" Warning "ZooKeeper servers that may meet on one agent";
    COMMA "SD110" Error "a comma that ends a value";
    ADDED_TWICE "SD111" Error "an id that is added twice";
    HEAP "SD112" Warning "a heap as large as the memory";
    ZERO_TIMEOUT "SD113" Error "a timeout of zero";
    NO_KAFKA "SD114" Warning "a collector without Kafka";
    TWO_COLLECTORS "SD115" Warning "two collectors on one Kafka";
    ADMIN_PORT "SD116" Error "an admin port above the port";
    MAP "SD117" Error "a map that is none";
    SECOND_CLUSTER "SD118" Warning "settings of a cluster that is there already";
    CLUSTER_REQUIRED "SD119" Error "a node without its cluster";
    // Schedulers.
    STORAGE "SD120" Error "a storage that the scheduler does not take";
    SHARED_STORAGE "SD121" Error "two frameworks on one storage";
    OTHER_ZOOKEEPER "SD122" Warning "Exhibitor with two ZooKeepers";
    OTHER_CHROOT "SD123" Warning "Kafka and its clients on different paths";
    OPTION_MISSING "SD124" Error "a scheduler without an option that it needs";
    OPTION_UNKNOWN "SD125" Error "an option that the scheduler does not know";
    API_PORT "SD126" Error "a scheduler that listens on another port";
    ARTIFACT "SD127" Error "a scheduler without a file that it needs";
    UNQUOTED "SD128" Warning "a value that the shell takes apart";
    EMPTY_OPTION "SD129" Warning "an option without a value";
    NESTED_STORAGE "SD130" Error "a storage node below one that nobody creates";
    NOT_TRUE "SD131" Warning "a word that counts as false";
    NO_QUERY "SD132" Warning "a web service without its query service";
    NO_CASSANDRA "SD133" Warning "a Zipkin service without Cassandra";
    // Placement.
    PORT_TAKEN "SD140" Error "more instances on a port than agents";
    PORT_NOT_OFFERED "SD141" Error "a port that no agent offers";
    TOO_LARGE "SD142" Error "more than any agent has";
    TOO_MUCH "SD143" Error "more than the cluster has";
    TOO_FEW_AGENTS "SD144" Error "more instances than agents that may hold one";
    NO_AGENT "SD145" Error "a constraint that no agent meets";
    NONE_OF_ALL "SD146" Warning "all of no agents";
    TIGHT "SD147" Warning "a stack that hardly fits";
}

/// The rule that a text of the parser is about.
pub(super) fn of_reading(message: &str) -> Rule {
    if message.contains("found unexpected ':'") {
        FLOW_URL
    } else if message.contains("an application without any key")
        || message.contains("is not a map of parameters")
    {
        NO_MAP
    } else {
        UNREADABLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_used_once() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
