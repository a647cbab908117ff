//! Each cause is found where it was planted, also among the noise of another failure; where all is well, none is.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::stories::STORIES;
use common::traces::healthy;
use common::{Story, mixed};
use stacklab_diagnosis::{CAUSES, Code, diagnose, settled};
use stacklab_machine::timeline::{Event, What};

fn told(tell: fn(&mut Story), ns: &'static str, id: u32) -> Vec<Event> {
    let mut story = Story::new(ns, id);
    tell(&mut story);
    story.events
}

/// What remains of a timeline when nobody looks at its end: its noise.
fn noise(events: &[Event]) -> Vec<Event> {
    let says_how_it_went = |event: &&Event| {
        matches!(
            event.what,
            What::StackStarted { .. }
                | What::StackFinished { .. }
                | What::StepStarted { .. }
                | What::StepFinished { .. }
                | What::SpansReached { .. }
                | What::SpanMissing { .. }
                | What::ApplicationState { .. }
                | What::Verdict { .. }
                | What::Warned { .. }
        )
    };
    events.iter().filter(|event| !says_how_it_went(event)).cloned().collect()
}

#[test]
fn finds_what_was_planted() {
    for (code, tell) in STORIES {
        let events = told(*tell, "a", 70);
        let diagnosis = diagnose(&events).unwrap_or_else(|| panic!("SL{code:04}: nothing found"));
        assert_eq!(diagnosis.code(), Some(Code(*code)), "SL{code:04}:\n{diagnosis}");
        assert!(!diagnosis.cure.is_empty(), "SL{code:04} has no cure:\n{diagnosis}");
        assert_eq!(diagnosis.chain[0].code, None, "the first is what was seen:\n{diagnosis}");
        let seen = diagnosis.chain.iter().flat_map(|finding| &finding.evidence);
        let known = |id: &stacklab_machine::timeline::EventId| events.iter().any(|event| event.id == *id);
        assert!(seen.flat_map(|evidence| &evidence.events).all(known), "SL{code:04}");
    }
}

#[test]
fn every_cause_has_a_story() {
    let without: Vec<_> =
        CAUSES.iter().filter(|cause| STORIES.iter().all(|(code, _)| Code(*code) != cause.code)).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn is_not_misled_by_another_failure() {
    for (code, tell) in STORIES {
        let failure = told(*tell, "a", 70);
        for (other, tell_other) in STORIES {
            let noise = noise(&told(*tell_other, "b", 40));
            for interleaved in [false, true] {
                let events = mixed(&noise, &failure, interleaved);
                let diagnosis = diagnose(&events).unwrap();
                let told = format!("SL{code:04} in the noise of SL{other:04}, interleaved: {interleaved}");
                assert_eq!(diagnosis.code(), Some(Code(*code)), "{told}:\n{diagnosis}");
            }
        }
    }
}

#[test]
fn finds_nothing_where_all_is_well() {
    let well = told(healthy, "a", 70);
    assert_eq!(diagnose(&well), None);
    for (code, tell) in STORIES {
        let noise = noise(&told(*tell, "b", 40));
        for events in [mixed(&noise, &well, true), mixed(&noise, &well, false), mixed(&well, &noise, false)] {
            assert_eq!(diagnose(&events), None, "in the noise of SL{code:04}");
            for length in 0..events.len() {
                assert_eq!(settled(&events[..length]), None, "in the noise of SL{code:04}, at {length}");
            }
        }
    }
}

#[test]
fn settles_on_nothing_but_the_cause() {
    for (code, tell) in STORIES {
        let events = told(*tell, "a", 70);
        for length in 0..events.len() {
            let found = settled(&events[..length]);
            assert!(found.is_none_or(|found| found == Code(*code)), "SL{code:04} at {length}: {found:?}");
        }
    }
    let early = |code: u16| {
        let tell = STORIES.iter().find(|(known, _)| *known == code).unwrap().1;
        let events = told(tell, "a", 70);
        (0..events.len()).any(|length| settled(&events[..length]) == Some(Code(code)))
    };
    for code in [1, 3, 10, 11, 13, 14, 17, 40] {
        assert!(early(code), "SL{code:04} need not be waited for");
    }
}

#[test]
fn says_that_it_does_not_know() {
    let mut story = Story::new("a", 70);
    let app = story.name("kafka");
    story.usual_agents();
    story.begin();
    story.up(&app, "kafka");
    story.log(&app, "something odd");
    story.call(&app, "/api/broker/add?broker=70", 200, "", Some("no such thing"));
    story.fail(&app, "no such thing");
    let diagnosis = diagnose(&story.events).unwrap();
    assert_eq!((diagnosis.code(), diagnosis.chain.len()), (None, 2), "{diagnosis}");
    assert!(diagnosis.cure.is_empty());
    expect_test::expect![[r#"
        Stack Deploy gave up a-stack: a-kafka: no such thing
            the run of the stack took 0.1 s
        because the cause is unknown: no rule fits what the timeline shows; here is what was seen
            a-kafka /api/broker/add: no such thing
            a-kafka: [registered] framework:a-F1
            a-kafka: something odd
    "#]]
    .assert_eq(&diagnosis.text());
}

#[test]
fn speaks_plainly() {
    let tell = STORIES.iter().find(|(code, _)| *code == 3).unwrap().1;
    expect_test::expect![[r#"
        Stack Deploy gave up a-stack: a-exhibitor: timed out after 60 seconds
            the run of the stack took 10.3 s
        because server 70 of a-exhibitor wants port 31150, which exhibitor-70 on a-host1 holds [SL0016 port-held-by-task]
            exhibitor-70 of framework a-exhibitor (a-F1) runs on a-host1 with cpus:0.1; ports:[31150-31150]
            a-host1 was declined 5 times: server 70: no suitable port (offered cpus:3.0 mem:8000.0 ports:31000..31149,31151..31982)
            a-host2 was declined 5 times: server 70: no suitable port (offered cpus:3.0 mem:8000.0 ports:31000..31149,31151..31982)
            a-host3 was declined 5 times: server 70: no suitable port (offered cpus:3.0 mem:8000.0 ports:31000..31149,31151..31982)
        because framework a-exhibitor (a-F1) was never torn down: nobody runs its scheduler any more, and its task exhibitor-70 still holds what it has on a-host1 [SL0003 framework-not-torn-down]
            exhibitor-70 (exhibitor-70.a2) was launched by framework a-exhibitor (a-F1) on a-host1
            the scheduler of framework a-F1 went away at 1970-01-01T00:00:01.110Z, and the master waits for it
            zk:platform:2181/exhibitor-mesos was deleted, and with it the framework's id
        what to do:
          - tear framework a-F1 down: POST /master/teardown with frameworkId=a-F1
          - then run the stack again
        more: cargo xtask explain SL0003
    "#]].assert_eq(&diagnose(&told(tell, "a", 70)).unwrap().text());
}

#[test]
fn has_a_page_for_each_cause() {
    for pair in CAUSES.windows(2) {
        assert!(pair[0].code < pair[1].code && pair[0].name != pair[1].name);
    }
    for cause in CAUSES {
        let lines = cause.page.lines().count();
        assert!((8..=24).contains(&lines), "{} has a page of {lines} lines", cause.name);
        for part in ["Why: ", "On a real cluster: ", "Cure: "] {
            assert!(cause.page.contains(part), "{} does not say {part}", cause.name);
        }
    }
}

#[test]
fn finds_its_way_through_ten_thousand_events() {
    let failure = told(STORIES[2].1, "a", 70);
    let noise = noise(&told(STORIES[0].1, "b", 40));
    let mut events = Vec::new();
    while events.len() < 10_000 {
        events.extend(noise.iter().cloned());
    }
    let count = |events: &[Event]| diagnose(events).map(|diagnosis| diagnosis.chain.len());
    let events = mixed(&events, &failure, false);
    assert!(events.len() > 10_000);
    assert_eq!(count(&events), count(&failure));
}

/// A place that one agent has not is no lasting trouble while others have not been asked.
#[test]
fn does_not_settle_before_all_agents_were_asked() {
    for code in [3, 10, 12, 13, 14, 17] {
        for (_, tell) in STORIES.iter().filter(|(known, _)| *known == code) {
            let mut events = told(*tell, "a", 70);
            let other = |event: &Event| matches!(&event.what, What::OfferDeclined { host, .. } if host.ends_with("host2") || host.ends_with("host3"));
            events.retain(|event| !other(event) && !matches!(event.what, What::Verdict { .. }));
            let found = (0..events.len()).find_map(|length| settled(&events[..length]));
            // What no agent has at all needs no further question.
            assert!(found.is_none() || code == 17, "SL{code:04}: {found:?}");
        }
    }
}
