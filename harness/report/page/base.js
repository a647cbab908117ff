"use strict";
// Helpers of both pages. Everything that comes from a run is put into the page as text, never as HTML.

const byId = (id) => document.getElementById(id);

/** An element with properties and children; texts become text nodes. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const data = JSON.parse(byId("data").textContent);

/** Microseconds as a clock shows them: seconds, then minutes and hours. */
function clock(micros) {
  const seconds = micros / 1e6;
  if (seconds < 100) return seconds.toFixed(3);
  const minutes = Math.floor(seconds / 60);
  const left = (seconds - minutes * 60).toFixed(1).padStart(4, "0");
  return minutes < 60
    ? `${minutes}:${left}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${left}`;
}

/** The same with its unit. */
function duration(micros) {
  const seconds = micros / 1e6;
  return `${clock(micros)} ${seconds < 100 ? "s" : seconds < 3600 ? "min" : "h"}`;
}

/** What an outcome is shown as: a word, never only a colour. */
const OUTCOMES = { passed: "✓ passed", failed: "✗ failed", skipped: "– skipped" };

/** Dark, light, or as the system has it; kept where the browser allows pages from files to keep something. */
const Theme = {
  read() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  },
  write(theme) {
    try {
      localStorage.setItem("theme", theme);
    } catch {
      /* The choice then holds for this page only. */
    }
  },
  dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },
  start(changed) {
    const stored = this.read();
    if (stored === "dark" || stored === "light") document.documentElement.dataset.theme = stored;
    const button = byId("theme");
    const show = () => {
      button.textContent = this.dark() ? "Light" : "Dark";
      button.setAttribute("aria-label", this.dark() ? "Show in light colours" : "Show in dark colours");
      changed();
    };
    button.addEventListener("click", () => {
      const theme = this.dark() ? "light" : "dark";
      document.documentElement.dataset.theme = theme;
      this.write(theme);
      show();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
    show();
  },
};
