// The page over several runs.

const hiddenOutcomes = new Set();
const count = (outcome) => data.runs.filter((run) => run.outcome === outcome).length;
const GRAVEST = ["failed", "skipped", "passed"];

function runRow(run) {
  // A link to a page beside this one, or no link: a text from a scenario is never an address of another kind.
  const name = run.link
    ? el("a", { href: `./${run.link.split("/").map(encodeURIComponent).join("/")}` }, run.scenario)
    : run.scenario;
  const cause = run.cause
    ? [run.code ? el("span", { class: "code" }, run.code) : null, run.cause]
    : [run.verdict];
  return el(
    "tr",
    { "data-outcome": run.outcome },
    el("td", {}, el("span", { class: `badge ${run.outcome}` }, OUTCOMES[run.outcome])),
    el(
      "th",
      { scope: "row" },
      name,
      run.about ? el("div", { class: "quiet about", title: run.about }, run.about) : null,
    ),
    el("td", {}, run.backend, el("div", { class: "quiet" }, `seed ${run.seed}`)),
    el("td", { class: "why" }, ...cause),
    el("td", { class: "right number" }, `${run.took.toFixed(1)} s`),
  );
}

function filterRuns() {
  const words = byId("text").value.trim().toLowerCase().split(/\s+/);
  const passes = (run) =>
    !hiddenOutcomes.has(run.outcome) &&
    words.every((word) => JSON.stringify(run).toLowerCase().includes(word));
  const rows = data.runs.filter(passes);
  byId("body").replaceChildren(...rows.map(runRow));
  byId("count").textContent = `${rows.length} of ${data.runs.length} runs`;
}

function outcomeButton(outcome) {
  const button = el(
    "button",
    { type: "button", "aria-pressed": "true" },
    `${OUTCOMES[outcome]} ${count(outcome)}`,
  );
  button.addEventListener("click", () => {
    if (!hiddenOutcomes.delete(outcome)) hiddenOutcomes.add(outcome);
    button.setAttribute("aria-pressed", String(!hiddenOutcomes.has(outcome)));
    filterRuns();
  });
  return button;
}

data.runs.sort(
  (a, b) =>
    GRAVEST.indexOf(a.outcome) - GRAVEST.indexOf(b.outcome) ||
    a.scenario.localeCompare(b.scenario, "en", { numeric: true }),
);
const whole = count("failed") ? "failed" : "passed";
byId("outcome").textContent = OUTCOMES[whole];
byId("outcome").classList.add(whole);
byId("title").textContent = data.title;
byId("facts").textContent =
  `${data.runs.length} runs · ${data.runs.reduce((sum, run) => sum + run.took, 0).toFixed(1)} s`;
byId("outcomes").append(...GRAVEST.filter(count).map(outcomeButton));
byId("text").addEventListener("input", filterRuns);
Theme.start(() => {});
filterRuns();
document.documentElement.dataset.ready = "true";
