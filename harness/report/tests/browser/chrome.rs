//! What a test does with a page: it opens it, looks, clicks, types, takes pictures.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use base64::Engine;
use serde_json::{Value, json};

use crate::devtools::{DEADLINE, DevTools};

/// A page in a browser.
pub(crate) struct Chrome {
    tools: DevTools,
}

impl Chrome {
    /// Starts a browser, or says that there is none: a test is then skipped, but not in CI, where it must run.
    pub(crate) fn start() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(program) = chromium() else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "CI has no chromium");
            eprintln!("skipped: no chromium on this machine");
            return None;
        };
        let name = format!("profile-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Some(Self { tools: DevTools::start(&program, folder("report-profiles").join(name), (1280, 900)) })
    }

    /// Writes the page into a file and opens it.
    pub(crate) fn open(&self, name: &str, html: &str) {
        let path = folder("report-pages").join(format!("{name}.html"));
        std::fs::write(&path, html).unwrap();
        self.go(&path);
    }

    /// Opens a file and waits until its script is through.
    pub(crate) fn go(&self, path: &Path) {
        let url = format!("file://{}", path.display());
        self.tools.call("Page.navigate", &json!({ "url": url })).unwrap();
        self.until(&format!(
            "location.href === '{url}' && document.documentElement.dataset.ready === 'true'"
        ));
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&self, condition: &str) {
        let begin = Instant::now();
        let script = format!("new Promise((done) => setTimeout(() => done(Boolean({condition})), 10))");
        // An error is no answer: a page that is being left cannot give one.
        while self.evaluate(&script).as_ref() != Ok(&Value::Bool(true)) {
            assert!(
                begin.elapsed() < DEADLINE,
                "it never came true: {condition}; {:?}",
                self.tools.problems()
            );
        }
    }

    fn evaluate(&self, expression: &str) -> Result<Value, String> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.tools.call("Runtime.evaluate", &params)?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(details.to_string()),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// The value of an expression, as text.
    pub(crate) fn text(&self, expression: &str) -> String {
        let value = self.evaluate(&format!("String({expression})")).unwrap();
        value.as_str().unwrap().to_owned()
    }

    /// The value of an expression that is a number.
    pub(crate) fn number(&self, expression: &str) -> f64 {
        self.evaluate(expression).unwrap().as_f64().unwrap()
    }

    /// The text of an element.
    pub(crate) fn text_of(&self, selector: &str) -> String {
        self.text(&format!("document.querySelector({selector:?}).textContent"))
    }

    /// Clicks on an element with the mouse, if nothing lies above it.
    pub(crate) fn click(&self, selector: &str) {
        self.until(&format!("document.querySelector({selector:?})"));
        let place = format!(
            "(() => {{ const node = document.querySelector({selector:?}); \
               node.scrollIntoView({{ block: 'center' }}); \
               const box = node.getClientRects()[0]; \
               const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]; \
               return node.contains(document.elementFromPoint(x, y)) ? [x, y] : 'covered'; }})()"
        );
        let place = self.evaluate(&place).unwrap();
        assert_ne!(place, "covered", "{selector} cannot be clicked on");
        let place = |at: usize| place[at].as_f64().unwrap();
        self.drag((place(0), place(1)), (place(0), place(1)));
    }

    /// Presses the mouse at one place of the window and releases it at another.
    pub(crate) fn drag(&self, from: (f64, f64), to: (f64, f64)) {
        for (kind, (x, y)) in [("mousePressed", from), ("mouseMoved", to), ("mouseReleased", to)] {
            let event =
                json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1 });
            self.tools.call("Input.dispatchMouseEvent", &event).unwrap();
        }
    }

    /// Presses keys, one after the other.
    pub(crate) fn press(&self, keys: &[&str]) {
        for key in keys {
            let (code, text) = match *key {
                "Tab" => (9, ""),
                "Enter" => (13, "\r"),
                "Backspace" => (8, ""),
                "End" => (35, ""),
                "Home" => (36, ""),
                "ArrowLeft" => (37, ""),
                "ArrowUp" => (38, ""),
                "ArrowRight" => (39, ""),
                "ArrowDown" => (40, ""),
                text => (0, text),
            };
            let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
            for kind in [down, "keyUp"] {
                let event = json!({ "type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code });
                self.tools.call("Input.dispatchKeyEvent", &event).unwrap();
            }
        }
    }

    /// Types a text where the focus is.
    pub(crate) fn type_text(&self, text: &str) {
        self.tools.call("Input.insertText", &json!({ "text": text })).unwrap();
    }

    /// The id of the element that has the focus.
    pub(crate) fn focus(&self) -> String {
        self.text("document.activeElement.id")
    }

    /// Makes the window as wide and high as that; below 600 it is a phone.
    pub(crate) fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.tools.call("Emulation.setDeviceMetricsOverride", &size).unwrap();
    }

    /// Asks for `screen` or `print`, `light` or `dark`, as the system would.
    pub(crate) fn media(&self, media: &str, colours: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": colours });
        let media = json!({ "media": media, "features": [feature] });
        self.tools.call("Emulation.setEmulatedMedia", &media).unwrap();
    }

    /// Takes a picture of the whole page, part of the test's output.
    pub(crate) fn picture(&self, name: &str) {
        // Two frames on, what was asked to be painted is.
        let painted =
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))";
        self.evaluate(painted).unwrap();
        let (width, height) =
            (self.number("innerWidth"), self.number("document.documentElement.scrollHeight"));
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height.min(5000.0), "scale": 1 });
        let shot = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
        let answer = self.tools.call("Page.captureScreenshot", &shot).unwrap();
        let data =
            base64::engine::general_purpose::STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        let path = folder("report-screenshots").join(format!("{name}.png"));
        std::fs::write(&path, data).unwrap();
        println!("screenshot: {}", path.display());
    }

    /// What the console was told.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.tools.problems()
    }

    /// Fails if that was anything.
    pub(crate) fn assert_quiet(&self) {
        assert_eq!(self.problems(), Vec::<String>::new());
    }
}

/// A folder for what the tests leave, beside the build.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}
