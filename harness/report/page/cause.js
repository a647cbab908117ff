// The top of a run's page: verdict, cause, evidence, cure, how it came to that, and how to run it again.

/** A button that selects an event. */
function eventButton(id, text = `#${id}`) {
  const there = placeOf.has(id);
  return el(
    "button",
    {
      type: "button",
      class: "event",
      disabled: !there && "disabled",
      onclick: () => select(placeOf.get(id), { look: true }),
    },
    text,
  );
}

/** The most buttons behind a line of evidence. */
const MOST_BUTTONS = 8;

function evidenceList(finding) {
  return el(
    "ul",
    { class: "evidence" },
    ...finding.evidence.map((evidence) => {
      const buttons = evidence.events.slice(0, MOST_BUTTONS).map((id) => eventButton(id));
      const more = evidence.events.length - buttons.length;
      return el(
        "li",
        {},
        el("span", {}, evidence.text),
        " ",
        ...buttons,
        more > 0 ? el("span", { class: "quiet" }, ` and ${more} more`) : null,
      );
    }),
  );
}

function codeBadge(finding) {
  return finding.code ? el("span", { class: "code" }, finding.code) : null;
}

function showHead() {
  document.documentElement.dataset.outcome = data.outcome;
  byId("outcome").textContent = OUTCOMES[data.outcome];
  byId("outcome").classList.add(data.outcome);
  byId("scenario").textContent = data.scenario;
  const count = `${events.length.toLocaleString("en")} events`;
  byId("facts").textContent = [data.backend, `seed ${data.seed}`, `${data.took.toFixed(1)} s`, count].join(
    " · ",
  );
  byId("about").textContent = data.about;
  byId("about").hidden = !data.about;
}

const UNKNOWN = "Why it failed is not known";
const CAUSES = { passed: "It failed as expected", failed: "Cause", skipped: "Cause" };

function showCause() {
  const card = byId("cause");
  const chain = data.diagnosis?.chain || [];
  const innermost = chain.at(-1);
  card.classList.add(data.outcome);
  if (!innermost) {
    const heading = { passed: "Verdict", failed: UNKNOWN, skipped: "Not run" }[data.outcome];
    card.append(el("h2", { id: "cause-heading" }, heading), el("p", { class: "verdict" }, data.verdict));
    return;
  }
  const heading = innermost.code ? CAUSES[data.outcome] : UNKNOWN;
  card.append(
    el("h2", { id: "cause-heading" }, heading),
    el("p", { class: "innermost" }, codeBadge(innermost), innermost.text),
  );
  if (innermost.evidence.length) card.append(el("h3", {}, "Evidence"), evidenceList(innermost));
  if (data.diagnosis.cure.length) {
    card.append(
      el("h3", {}, "Cure"),
      el("ol", { class: "cure" }, ...data.diagnosis.cure.map((line) => el("li", {}, line))),
    );
  }
  if (data.verdict) {
    card.append(
      el(
        "details",
        { class: "verdict-details" },
        el("summary", {}, "The verdict in full"),
        el("p", { class: "verdict" }, data.verdict),
      ),
    );
  }
}

function showChain() {
  const chain = data.diagnosis?.chain || [];
  if (chain.length < 2) return;
  byId("chain").hidden = false;
  byId("links").append(
    ...chain.map((finding, place) => {
      const last = place === chain.length - 1;
      const lead = place === 0 ? "What was seen" : last ? "Because, innermost" : "Because";
      const item = el(
        "li",
        { class: last ? "last" : "" },
        el("span", { class: "lead" }, lead),
        el("p", {}, codeBadge(finding), finding.text),
      );
      if (!last && finding.evidence.length) item.append(evidenceList(finding));
      return item;
    }),
  );
}

function showAgain() {
  byId("again").hidden = !data.replay;
  byId("replay").textContent = data.replay;
  byId("copy").addEventListener("click", async () => {
    getSelection().selectAllChildren(byId("replay"));
    try {
      await navigator.clipboard.writeText(data.replay);
      byId("copy").textContent = "Copied";
    } catch {
      byId("copy").textContent = "Selected";
    }
  });
}

function showDifference() {
  byId("difference").hidden = !data.difference;
  for (const line of (data.difference || "").split("\n")) {
    const kind = { "+": "added", "-": "gone" }[line[0]] || "same";
    byId("difference-lines").append(el("span", { class: kind }, `${line}\n`));
  }
}

function showHits() {
  byId("faults").hidden = data.hits.length === 0;
  if (!data.hits.length) return;
  const head = el("tr", {}, el("th", { scope: "col" }, "fault"), el("th", { scope: "col" }, "happened"));
  const rows = data.hits.map((hit) => {
    const times =
      hit.times === 0
        ? hit.optional
          ? "not, and need not"
          : "never"
        : `${hit.times} ${hit.times === 1 ? "time" : "times"}`;
    return el(
      "tr",
      { class: hit.times === 0 && !hit.optional ? "missed" : "" },
      el("td", {}, el("code", {}, hit.fault)),
      el("td", {}, times),
    );
  });
  byId("hits").append(el("thead", {}, head), el("tbody", {}, ...rows));
}

/** The event that a developer should see first: what shows the innermost cause, else the first that went wrong. */
function keyPlace() {
  const shown = (data.diagnosis?.chain.at(-1)?.evidence || []).flatMap((evidence) => evidence.events);
  const known = shown.find((id) => placeOf.has(id));
  if (known !== undefined) return placeOf.get(known);
  if (data.outcome === "passed") return events.length ? 0 : null;
  const bad = events.findLastIndex((event) => isBad(event) && event.event !== "verdict");
  return bad < 0 ? (events.length ? events.length - 1 : null) : bad;
}
