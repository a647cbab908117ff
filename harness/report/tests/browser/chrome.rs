//! A headless Chromium with one page, over the DevTools protocol. It has a profile of its own, and ends with its value.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use headless_chrome::browser::default_executable;
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Emulation, Log, Page};
use headless_chrome::{Browser, LaunchOptions, Tab};

/// How long a condition may take to come true. A page of 10,000 events on a busy machine is far below it.
const DEADLINE: Duration = Duration::from_secs(30);

/// A browser that shows a page.
pub(crate) struct Chrome {
    _browser: Browser,
    tab: Arc<Tab>,
    problems: Arc<Mutex<Vec<String>>>,
}

impl Chrome {
    /// Starts one, or says that there is none: a test is then skipped, but not in CI, where it must run.
    pub(crate) fn start() -> Option<Self> {
        let Ok(path) = default_executable() else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "CI has no chromium");
            eprintln!("skipped: no chromium on this machine");
            return None;
        };
        let options = LaunchOptions::default_builder()
            .path(Some(path))
            // Chromium's sandbox does not work for root, which containers often are.
            .sandbox(!is_root())
            .window_size(Some((1280, 900)))
            .idle_browser_timeout(DEADLINE * 2)
            .build()
            .unwrap();
        let browser = Browser::new(options).unwrap();
        let tab = browser.new_tab().unwrap();
        tab.set_default_timeout(DEADLINE * 2);
        let problems = Arc::new(Mutex::new(Vec::new()));
        listen(&tab, problems.clone());
        Some(Self { _browser: browser, tab, problems })
    }

    /// Writes the page into a file and opens it.
    pub(crate) fn open(&self, name: &str, html: &str) {
        let path = folder("report-pages").join(format!("{name}.html"));
        std::fs::write(&path, html).unwrap();
        self.go(&path);
    }

    /// Opens a file and waits until its script is through.
    pub(crate) fn go(&self, path: &std::path::Path) {
        self.tab.navigate_to(&format!("file://{}", path.display())).unwrap();
        self.tab.wait_until_navigated().unwrap();
        self.until("document.documentElement.dataset.ready === 'true'");
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&self, condition: &str) {
        let script = format!(
            "new Promise((done) => {{ const begin = Date.now(); const look = () => {{ \
               if ({condition}) done('true'); \
               else if (Date.now() - begin > {}) done('it never came true'); \
               else setTimeout(look, 20); }}; look(); }})",
            DEADLINE.as_millis()
        );
        let said = self.tab.evaluate(&script, true).unwrap().value.unwrap();
        assert_eq!(said, "true", "{condition}; {:?}", self.problems());
    }

    /// The value of an expression, as text.
    pub(crate) fn text(&self, expression: &str) -> String {
        let value = self.tab.evaluate(&format!("String({expression})"), false).unwrap().value;
        value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The text of an element.
    pub(crate) fn text_of(&self, selector: &str) -> String {
        self.text(&format!("document.querySelector({selector:?}).textContent"))
    }

    /// Clicks with the mouse.
    pub(crate) fn click(&self, selector: &str) {
        self.tab.wait_for_element(selector).unwrap().click().unwrap();
    }

    /// Presses keys, one after the other.
    pub(crate) fn press(&self, keys: &[&str]) {
        for key in keys {
            self.tab.press_key(key).unwrap();
        }
    }

    /// Types a text where the focus is.
    pub(crate) fn type_text(&self, text: &str) {
        self.tab.type_str(text).unwrap();
    }

    /// The id of the element that has the focus.
    pub(crate) fn focus(&self) -> String {
        self.text("document.activeElement.id")
    }

    /// Makes the window as wide and high as that, with the colours that the system would ask for.
    pub(crate) fn like(&self, width: u32, height: u32, colours: &str) {
        self.tab
            .call_method(Emulation::SetDeviceMetricsOverride {
                width,
                height,
                device_scale_factor: 1.0,
                mobile: width < 600,
                scale: None,
                screen_width: None,
                screen_height: None,
                position_x: None,
                position_y: None,
                dont_set_visible_size: None,
                screen_orientation: None,
                viewport: None,
                display_feature: None,
                device_posture: None,
            })
            .unwrap();
        self.media(None, colours);
    }

    /// As it comes out of a printer, or with these colours.
    pub(crate) fn media(&self, media: Option<&str>, colours: &str) {
        let feature = Emulation::MediaFeature { name: "prefers-color-scheme".into(), value: colours.into() };
        let media = media.map(str::to_owned);
        self.tab.call_method(Emulation::SetEmulatedMedia { media, features: Some(vec![feature]) }).unwrap();
    }

    /// Takes a picture of the whole page, part of the test's output.
    pub(crate) fn picture(&self, name: &str) {
        // Two frames on, what was asked to be painted is.
        let painted =
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done('true'))))";
        self.tab.evaluate(painted, true).unwrap();
        let number = |expression: &str| self.text(expression).parse::<f64>().unwrap();
        let clip = Page::Viewport {
            x: 0.0,
            y: 0.0,
            width: number("innerWidth"),
            height: number("Math.min(document.documentElement.scrollHeight, 4000)"),
            scale: 1.0,
        };
        let shot = Page::CaptureScreenshot {
            format: Some(Page::CaptureScreenshotFormatOption::Png),
            quality: None,
            clip: Some(clip),
            from_surface: Some(true),
            capture_beyond_viewport: Some(true),
            optimize_for_speed: None,
        };
        let data = self.tab.call_method(shot).unwrap().data;
        let path = folder("report-screenshots").join(format!("{name}.png"));
        std::fs::write(&path, base64(&data)).unwrap();
        println!("screenshot: {}", path.display());
    }

    /// What the console was told that should not be there.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.problems.lock().unwrap().clone()
    }

    /// Fails if there was such a thing.
    pub(crate) fn assert_quiet(&self) {
        assert_eq!(self.problems(), Vec::<String>::new());
    }
}

fn listen(tab: &Tab, problems: Arc<Mutex<Vec<String>>>) {
    tab.enable_log().unwrap().enable_runtime().unwrap();
    let listener = move |event: &Event| {
        let problem = match event {
            Event::LogEntryAdded(entry) if entry.params.entry.level == Log::LogEntryLevel::Error => {
                format!("log: {}", entry.params.entry.text)
            }
            Event::RuntimeExceptionThrown(thrown) => {
                format!("exception: {:?}", thrown.params.exception_details)
            }
            // The pages say nothing there themselves.
            Event::RuntimeConsoleAPICalled(call) => format!("console: {:?}", call.params.args),
            _ => return,
        };
        problems.lock().unwrap().push(problem);
    };
    tab.add_event_listener(Arc::new(listener)).unwrap();
}

/// A folder for what the tests leave, beside the build.
pub(crate) fn folder(name: &str) -> std::path::PathBuf {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0)
}

fn base64(text: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap()
}
