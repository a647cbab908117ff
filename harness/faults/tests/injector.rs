//! When faults happen.

use proptest::prelude::*;
use stacklab_faults::{ALWAYS, Fault, Field, Hits, Injector, Pattern, Reaction, Times};
use stacklab_machine::timeline::{Event, EventId, Refusal, What};
use stacklab_machine::{Pace, Streams, Time};

const START: Time = Time::SIM_START;

fn reaction(name: &str) -> Reaction {
    Reaction::LoseTask { task: name.to_owned() }
}

fn at(millis: u64) -> Time {
    Time::from_millis(START.as_millis() + millis)
}

fn event(id: u64, millis: u64, what: What) -> Event {
    Event { id: EventId(id), at: at(millis), who: "mesos-master".into(), cause: None, what }
}

fn launched(name: &str) -> What {
    What::TaskLaunched {
        task: format!("{name}-id"),
        name: name.into(),
        framework: "F".into(),
        agent: "S0".into(),
        host: "h".into(),
        resources: "cpus:1".into(),
    }
}

fn on_launch(name: &str) -> Fault {
    Fault::on(Pattern::event("task-launched").with("name", name), reaction(name))
}

fn injector(plan: Vec<Fault>) -> Injector {
    Injector::new(plan, Streams::new(7), Pace::REAL, START)
}

/// The places in the plan of what is due.
fn due(injector: &mut Injector, millis: u64) -> Vec<(usize, Option<u64>)> {
    injector.due(at(millis)).into_iter().map(|fired| (fired.index, fired.trigger.map(|id| id.0))).collect()
}

#[test]
fn times_and_events() {
    let mut later = on_launch("broker");
    (later.after, later.times) = (2.5, Times::Count(2));
    let plan = vec![Fault::at(4.0, reaction("a")), later, Fault::at(1.0, reaction("b")), on_launch("node")];
    let mut injector = injector(plan);
    assert_eq!(injector.wake_at(), Some(at(1000)));
    assert!(!injector.see(&event(1, 500, launched("server-70"))));
    assert!(injector.see(&event(2, 600, launched("broker-70"))));
    assert_eq!(due(&mut injector, 999), []);
    assert_eq!(due(&mut injector, 1000), [(2, None)]);
    assert!(injector.see(&event(3, 1500, launched("broker-71"))));
    assert!(!injector.see(&event(4, 1600, launched("broker-72"))), "twice, and no more");
    assert_eq!(injector.wake_at(), Some(at(3100)));
    assert_eq!(due(&mut injector, 9000), [(1, Some(2)), (0, None), (1, Some(3))]);
    assert_eq!(injector.wake_at(), None);
    let hits = |index, matched, fired| Hits { index, matched, fired };
    assert_eq!(injector.hits(), [hits(0, 1, 1), hits(1, 3, 2), hits(2, 1, 1), hits(3, 0, 0)]);
    assert_eq!(injector.never_fired(), [3]);
}

#[test]
fn optional_faults_and_those_that_are_off_need_not_happen() {
    let (mut optional, mut off, mut later) =
        (on_launch("x"), on_launch("broker"), Fault::at(1.0, reaction("x")));
    (optional.optional, off.off, later.off) = (true, true, true);
    let mut injector = injector(vec![optional, off, later]);
    assert!(!injector.see(&event(1, 0, launched("broker-70"))));
    assert_eq!((injector.wake_at(), injector.never_fired()), (None, vec![]));
}

#[test]
fn always_has_an_end() {
    let mut fault = Fault::on(Pattern::event("fault-fired"), reaction("x"));
    fault.times = Times::Always;
    let mut injector = injector(vec![fault]);
    let mut fired = 0;
    // Its own echo is its trigger.
    let mut id = 1;
    while injector.see(&event(id, 0, What::FaultFired { fault: "x".into() })) {
        fired += due(&mut injector, 0).len();
        id += 1;
    }
    assert_eq!(fired, ALWAYS as usize);
}

#[test]
fn times_pass_at_the_pace() {
    let mut plan = vec![Fault::at(40.0, reaction("a")), on_launch("broker")];
    plan[1].after = 10.0;
    let mut injector = Injector::new(plan, Streams::new(7), Pace::FAST, START);
    assert_eq!(injector.wake_at(), Some(at(200)));
    injector.see(&event(1, 100, launched("broker")));
    assert_eq!(injector.wake_at(), Some(at(150)));
}

#[test]
fn fields_hold_what_they_must() {
    let declined = What::OfferDeclined {
        offer: "O1".into(),
        host: "h1".into(),
        offered: "cpus:1".into(),
        refusals: vec![Refusal { instance: "node 70".into(), reason: "node 70: mem < 10000".into() }],
    };
    let exchange = What::HttpExchange {
        method: "GET".into(),
        url: "/v2".into(),
        status: Some(503),
        error: None,
        answer: None,
    };
    let text = |text: &str| Field::Text(text.into());
    for (what, field, wanted, matches) in [
        (declined.clone(), "refusals", text("mem < 10000"), true),
        (declined.clone(), "refusals", text("cpus"), false),
        (declined.clone(), "host", text("=h"), false),
        (declined.clone(), "host", text("=h1"), true),
        (declined.clone(), "who", text("=mesos-master"), true),
        (declined.clone(), "who", text("marathon"), false),
        (declined, "nothing", text(""), false),
        (exchange.clone(), "status", Field::Number(503.0), true),
        (exchange.clone(), "status", Field::Number(50.0), false),
        (exchange.clone(), "status", text("503"), true),
        (exchange, "error", text(""), false),
        (What::StackFinished { stack: "s".into(), error: Some("e".into()) }, "error", text(""), true),
        (
            What::DeploymentFinished { deployment: "d".into(), success: true },
            "success",
            Field::Flag(true),
            true,
        ),
    ] {
        let name = serde_json::to_value(&what).unwrap()["event"].as_str().unwrap().to_owned();
        let mut pattern = Pattern::event(&name);
        pattern.fields.insert(field.into(), wanted.clone());
        let mut injector = injector(vec![Fault::on(pattern, reaction("x"))]);
        assert_eq!(injector.see(&event(1, 0, what)), matches, "{name} {field} {wanted:?}");
    }
}

#[test]
fn a_draw_moves_no_other() {
    let chances = |skip: Option<usize>| {
        let mut plan = vec![on_launch("x"), on_launch("x"), on_launch("x")];
        for fault in &mut plan {
            (fault.probability, fault.times) = (Some(0.5), Times::Always);
        }
        if let Some(index) = skip {
            plan[index].off = true;
        }
        let mut injector = injector(plan);
        let mut third = Vec::new();
        for id in 1..40 {
            injector.see(&event(id, id, launched("x")));
            third.extend(due(&mut injector, id).into_iter().filter(|(index, _)| *index == 2));
        }
        third
    };
    assert_eq!(chances(None), chances(Some(0)));
    assert_eq!(chances(None), chances(Some(1)));
    let often = chances(None).len();
    assert!((8..32).contains(&often), "{often}");
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let when = prop_oneof![
        (0_u32..50).prop_map(|at| Fault::at(f64::from(at), reaction("t"))),
        prop::sample::select(vec!["a", "b", "ab"]).prop_map(on_launch),
    ];
    let fault = (when, 0_u32..9, 1_u32..4, prop::option::of(0.0..=1.0)).prop_map(
        |(mut fault, after, times, probability)| {
            (fault.after, fault.probability) = (f64::from(after), probability);
            fault.times = Times::Count(times);
            fault
        },
    );
    prop::collection::vec(fault, 0..6)
}

proptest! {
    #[test]
    fn equal_plans_and_events_give_equal_firings(
        plan in faults(),
        events in prop::collection::vec((0_u64..9_000, prop::sample::select(vec!["a", "b", "ab", "c"])), 0..40),
    ) {
        let run = || {
            let mut injector = injector(plan.clone());
            let (mut now, mut fired) = (0, Vec::new());
            for (index, (wait, name)) in events.iter().enumerate() {
                now += wait;
                injector.see(&event(index as u64, now, launched(name)));
                fired.extend(injector.due(at(now)));
                prop_assert!(injector.wake_at().is_none_or(|wake| wake > at(now)));
            }
            fired.extend(injector.due(at(1_000_000)));
            prop_assert_eq!(injector.wake_at(), None);
            for hits in injector.hits() {
                prop_assert_eq!(hits.fired as usize, fired.iter().filter(|f| f.index == hits.index).count());
                prop_assert!(hits.fired <= hits.matched && hits.fired <= 3);
            }
            Ok(fired)
        };
        prop_assert_eq!(run()?, run()?);
    }
}
