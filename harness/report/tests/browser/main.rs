//! The pages in a real browser: what they show, clicks, keys, widths, colours, and that the console stays quiet.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test of pages has files, and a browser that speaks from another thread"
)]

mod chrome;
#[path = "../common/mod.rs"]
mod common;
mod devtools;

use chrome::{Chrome, folder};
use common::{HOSTILE, Recorded};
use stacklab_report::{Hit, Outcome, Row, Run, overview, page};

#[test]
fn a_failed_run_shows_cause_evidence_and_cure_and_the_event_that_shows_it() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    chrome.open("failed", &page(&recorded.run()));
    assert_eq!(chrome.text_of("#outcome"), "✗ failed");
    assert!(chrome.text_of("#cause").contains("node 70 asks for 40000 MB"));
    assert!(chrome.text_of("#cause").contains("SL0010"));
    assert!(chrome.text_of(".cure").contains("give an agent 40000 MB"));
    assert_eq!(chrome.text("document.querySelectorAll('#links > li').length"), "2");
    assert_eq!(chrome.text_of("#replay"), "cargo xtask repro not-enough-memory");
    let shown = chrome.text_of("#details");
    assert!(shown.contains("offer-declined") && shown.contains("mem < 40000"), "{shown}");
    assert!(chrome.text_of("#agents").contains("127.77.1.12"));
    assert!(chrome.text_of("#labels").contains("cassandra") || chrome.text_of("#labels").contains("node 70"));
    chrome.picture("failed-desktop-light");
    chrome.media("screen", "dark");
    chrome.picture("failed-desktop-dark");
    chrome.assert_quiet();
}

#[test]
fn filters_leave_the_events_that_were_asked_for() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    chrome.open("filters", &page(&recorded.run()));
    let all = recorded.events.len();
    assert!(!chrome.text_of("#count").starts_with(&format!("{all} of")), "routine is hidden at first");
    chrome.click("#everything");
    chrome.until(&format!("document.querySelector('#count').textContent.startsWith('{all} of {all}')"));
    chrome.press(&["/"]);
    assert_eq!(chrome.focus(), "text");
    chrome.type_text("health-changed kafka-mesos");
    chrome.until("document.querySelectorAll('.row').length === 1");
    assert!(chrome.text_of(".row").contains("/kafka-mesos: healthy"));
    chrome.type_text(" and nothing has this");
    chrome.until("document.querySelector('#count').textContent.startsWith('0 of')");
    chrome.text("document.querySelector('#text').select()");
    chrome.press(&["Backspace"]);
    chrome.click("#kinds > summary");
    chrome.click("#no-kinds");
    chrome.until("document.querySelector('#count').textContent.startsWith('0 of')");
    chrome.click("input[data-kind='task-launched']");
    let launched =
        "[...document.querySelectorAll('.row .kind')].every((kind) => kind.textContent === 'task-launched')";
    chrome.until(&format!("document.querySelectorAll('.row').length === 5 && {launched}"));
    chrome.assert_quiet();
}

#[test]
fn clicks_show_details_and_lead_from_an_event_to_its_cause() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    chrome.open("clicks", &page(&recorded.run()));
    let cause = recorded.events.iter().find(|event| event.cause.is_some()).unwrap();
    chrome.click("#cause .evidence button.event");
    chrome.until("document.activeElement.id === 'list'");
    chrome.click("#text");
    chrome.type_text(&format!("#{} ", cause.id.0));
    chrome.click("#everything");
    chrome.click(&format!("#event-{}", cause.id.0));
    chrome
        .until(&format!("document.querySelector('#details h3').textContent.startsWith('#{} ')", cause.id.0));
    chrome.click("#details button.event");
    let led = cause.cause.unwrap().0;
    chrome.until(&format!("document.querySelector('#details h3').textContent.startsWith('#{led} ')"));
    chrome.assert_quiet();
}

#[test]
fn everything_can_be_reached_with_the_keyboard() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    chrome.open("keyboard", &page(&recorded.run()));
    let mut reached = Vec::new();
    for _ in 0..200 {
        chrome.press(&["Tab"]);
        let id = chrome.focus();
        reached.push(id.clone());
        if id == "list" {
            break;
        }
        let visible = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
        assert_eq!(chrome.text(visible), "true", "the focus on {id} cannot be seen");
    }
    for id in ["theme", "copy", "around", "lanes", "text", "everything", "list"] {
        assert!(reached.iter().any(|other| other == id), "{id} is not among {reached:?}");
    }
    let selected = "document.querySelector('#list').getAttribute('aria-activedescendant')";
    chrome.press(&["Home"]);
    let first = chrome.text(selected);
    chrome.press(&["ArrowDown", "ArrowDown", "ArrowUp"]);
    let second = chrome.text(selected);
    assert_ne!(first, second);
    chrome.press(&["End"]);
    chrome.until(&format!("{selected} !== '{second}' && document.getElementById({selected}) !== null"));
    chrome.press(&["Enter"]);
    assert_eq!(chrome.focus(), "details");
    chrome.text("document.querySelector('#lanes').focus()");
    let before = chrome.text_of("#details h3");
    chrome.press(&["Home", "ArrowDown", "ArrowLeft"]);
    chrome.until(&format!("document.querySelector('#details h3').textContent !== {before:?}"));
    let shown = chrome.text_of("#shown");
    chrome.press(&["+"]);
    chrome.until(&format!("document.querySelector('#shown').textContent !== {shown:?}"));
    chrome.press(&["0"]);
    chrome.until(&format!("document.querySelector('#shown').textContent === {shown:?}"));
    chrome.assert_quiet();
}

#[test]
fn lanes_answer_to_the_mouse() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    chrome.open("lanes", &page(&recorded.run()));
    chrome.text("document.querySelector('#lanes').scrollIntoView({ block: 'start' })");
    let lane = "Strips.lanes.findIndex((lane) => lane.group === 'Tasks' && lane.name === 'broker-70')";
    let label = format!("document.querySelector('#lane-' + {lane}).getBoundingClientRect()");
    let left = chrome.number("document.querySelector('#strips').getBoundingClientRect().left");
    let y = chrome.number(&format!("{label}.top + {label}.height / 2"));
    let x = left + chrome.number(&format!("Strips.x(Strips.lanes[{lane}].marks[0].at)"));
    chrome.drag((x, y), (x, y));
    chrome.until("document.querySelector('#details h3').textContent.endsWith('task-launched')");
    assert!(chrome.text_of("#details").contains("broker-70"));
    let all = chrome.text_of("#count");
    chrome.drag((x - 40.0, y), (x + 40.0, y));
    chrome.until("document.querySelector('#count').textContent.endsWith('in the shown time')");
    assert!(chrome.text("Strips.view().to - Strips.view().from < 2e6").parse::<bool>().unwrap());
    chrome.click("#whole");
    chrome.until(&format!("document.querySelector('#count').textContent === {all:?}"));
    chrome.assert_quiet();
}

#[test]
fn a_phone_shows_it_without_scrolling_sideways_in_both_colours() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    chrome.size(390, 844);
    chrome.media("screen", "light");
    chrome.open("phone", &page(&recorded.run()));
    assert_eq!(chrome.text("document.documentElement.scrollWidth <= 390"), "true");
    chrome.picture("failed-phone-light");
    let paper = chrome.text("getComputedStyle(document.body).backgroundColor");
    chrome.click("#theme");
    assert_ne!(chrome.text("getComputedStyle(document.body).backgroundColor"), paper);
    chrome.picture("failed-phone-dark");
    chrome.assert_quiet();
}

#[test]
fn paper_shows_the_events_as_a_table() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    chrome.open("paper", &page(&recorded.run()));
    chrome.text("dispatchEvent(new Event('beforeprint'))");
    chrome.media("print", "light");
    assert_eq!(chrome.text("document.querySelector('#list').offsetHeight"), "0");
    assert!(chrome.text("document.querySelectorAll('#printed tr').length").parse::<usize>().unwrap() > 20);
    chrome.picture("failed-paper");
    chrome.assert_quiet();
}

#[test]
fn ten_thousand_events_keep_the_page_small() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read().grown_to(10_000);
    chrome.open("ten-thousand", &page(&recorded.run()));
    chrome.click("#everything");
    chrome.until("document.querySelector('#count').textContent.startsWith('10,000 of 10,000')");
    let took = chrome.text("Math.round(performance.getEntriesByType('navigation')[0].loadEventEnd)");
    println!("10,000 events are shown after {took} ms");
    for selector in ["#list", "#lanes"] {
        let nodes = chrome.text(&format!("document.querySelectorAll('{selector} *').length"));
        assert!(nodes.parse::<usize>().unwrap() < 400, "{selector} has {nodes} elements");
    }
    chrome.text("document.querySelector('#list').focus()");
    chrome.press(&["End"]);
    chrome.until(
        "document.querySelector('.row[aria-selected=true]')?.getAttribute('aria-posinset') === '10000'",
    );
    chrome.click("#text");
    chrome.type_text("mem < 40000");
    chrome.until("/^[1-9][0-9,]* of 10,000/.test(document.querySelector('#count').textContent)");
    chrome.picture("ten-thousand");
    chrome.assert_quiet();
}

#[test]
fn texts_of_a_run_are_never_taken_for_html() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::hostile();
    let hits = [Hit { fault: HOSTILE.into(), times: 0, optional: false }];
    let run = Run {
        scenario: HOSTILE,
        about: HOSTILE,
        backend: HOSTILE,
        verdict: "</script><script>document.title='owned'</script>",
        replay: HOSTILE,
        difference: Some(HOSTILE),
        hits: &hits,
        ..recorded.run()
    };
    chrome.open("hostile", &page(&run));
    assert_eq!(chrome.text_of("h1"), HOSTILE);
    chrome.click("#everything");
    chrome.click(".row");
    assert_eq!(chrome.text("document.querySelectorAll('img').length"), "0");
    assert_eq!(chrome.text("document.title"), format!("{HOSTILE}: failed"));
    assert_eq!(chrome.text("document.scripts.length"), "2");
    chrome.open("hostile-overview", &overview(HOSTILE, &[Row { run: &run, link: "javascript:alert(1)" }]));
    assert_eq!(chrome.text("document.querySelectorAll('img').length"), "0");
    assert!(chrome.text("document.querySelector('#body a').href").starts_with("file:///"));
    chrome.assert_quiet();
}

#[test]
fn an_overview_leads_to_the_pages_of_its_runs() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    let failed = recorded.run();
    let passed = Run {
        scenario: "zipkin-full",
        outcome: Outcome::Passed,
        diagnosis: None,
        verdict: "deployed, and all traces found",
        ..failed
    };
    let skipped = Run {
        scenario: "statsd",
        outcome: Outcome::Skipped,
        diagnosis: None,
        verdict: "not on docker: no image",
        events: &[],
        ..failed
    };
    let name = "not enough/memory.html";
    let pages = folder("report-pages");
    std::fs::create_dir_all(pages.join("not enough")).unwrap();
    std::fs::write(pages.join(name), page(&failed)).unwrap();
    let rows =
        [Row { run: &passed, link: "" }, Row { run: &failed, link: name }, Row { run: &skipped, link: "" }];
    std::fs::write(pages.join("index.html"), overview("stacklab e2e", &rows)).unwrap();
    chrome.go(&pages.join("index.html"));
    assert_eq!(
        chrome.text("[...document.querySelectorAll('#body tr')].map((tr) => tr.dataset.outcome)"),
        "failed,skipped,passed"
    );
    assert!(chrome.text_of("#body tr").contains("SL0010"));
    let border = "getComputedStyle(document.querySelector('#body .code')).borderStyle";
    assert_eq!(chrome.text(border), "solid", "a code stands out from its cause");
    chrome.picture("overview-desktop");
    chrome.size(390, 844);
    chrome.media("screen", "dark");
    assert_eq!(chrome.text("document.documentElement.scrollWidth <= 390"), "true");
    chrome.picture("overview-phone-dark");
    chrome.click("#text");
    chrome.type_text("zipkin-full");
    chrome.until("document.querySelectorAll('#body tr').length === 1");
    chrome.text("document.querySelector('#text').select()");
    chrome.press(&["Backspace"]);
    chrome.click("#body a");
    chrome.until("document.querySelector('#scenario')?.textContent === 'not-enough-memory'");
    chrome.assert_quiet();
}

#[test]
fn a_run_without_diagnosis_shows_difference_and_faults_and_one_without_events_what_there_is() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    let hit = |fault: &str, times| Hit { fault: fault.into(), times, optional: false };
    let hits = [hit("{at: 1, do: {lose-leader: {service: zookeeper}}}", 2), hit("{at: 9, do: …}", 0)];
    let verdict = "nobody knows\nsecond line";
    let difference = Some(" same\n-expected\n+found");
    let unknown = Run { diagnosis: None, verdict, difference, hits: &hits, ..recorded.run() };
    chrome.open("unknown", &page(&unknown));
    assert!(chrome.text_of("#cause").contains("not known"));
    assert!(chrome.text_of("#cause").contains("second line"));
    assert_eq!(
        chrome.text("[...document.querySelectorAll('#difference .added')].map((line) => line.textContent)"),
        "+found\n"
    );
    assert_eq!(chrome.text("document.querySelectorAll('#hits tr.missed').length"), "1");
    assert!(chrome.text_of("#hits").contains("2 times"));
    let empty = Run { outcome: Outcome::Skipped, diagnosis: None, events: &[], ..recorded.run() };
    chrome.open("empty", &page(&empty));
    assert!(chrome.text_of("#outcome").contains("skipped"));
    assert_eq!(chrome.text("document.querySelector('#places').hidden"), "true");
    chrome.assert_quiet();
}

/// What the other tests rely on: that trouble is heard of.
#[test]
fn what_goes_wrong_in_a_page_is_heard_of() {
    let Some(chrome) = Chrome::start() else { return };
    let recorded = Recorded::read();
    let html = page(&recorded.run()).replace("</body>", "<script>throw new Error('planted')</script></body>");
    chrome.open("thrown", &html);
    let problems = chrome.problems().join("\n");
    assert!(problems.contains("planted"), "{problems}");
    let html = page(&recorded.run()).replace("</body>", "<img src='file:///planted.png'></body>");
    chrome.open("forbidden", &html);
    let problems = chrome.problems().join("\n");
    assert!(problems.contains("Content Security Policy"), "{problems}");
}
