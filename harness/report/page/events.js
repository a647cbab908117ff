// The list of events: filters, rows that exist only while they are seen, details, keys.

const state = { text: "", mode: "matters", hiddenKinds: new Set(), range: null, shown: [], selected: null };
const lowered = new Array(events.length);

/** All that an event says, in small letters: what a filter looks in. */
const searchable = (place) =>
  (lowered[place] ??=
    `#${events[place].id} ${JSON.stringify(events[place])} ${summary(events[place])}`.toLowerCase());

/** Events that the diagnosis points at are always worth a look. */
const pointedAt = new Set(
  (data.diagnosis?.chain || []).flatMap((f) => f.evidence).flatMap((e) => e.events.slice(0, MOST_BUTTONS)),
);
const matters = events.map((event) => pointedAt.has(event.id) || !isRoutine(event));

function passes(place) {
  const event = events[place];
  if (state.mode === "matters" && !matters[place]) return false;
  if (state.hiddenKinds.has(event.event)) return false;
  if (state.range && (event.at < state.range.from || event.at > state.range.to)) return false;
  return !state.text || state.text.split(/\s+/).every((word) => searchable(place).includes(word));
}

function filter() {
  state.shown = [];
  for (let place = 0; place < events.length; place++) if (passes(place)) state.shown.push(place);
  const where = state.range ? " in the shown time" : "";
  byId("count").textContent =
    `${state.shown.length.toLocaleString("en")} of ${events.length.toLocaleString("en")} events${where}`;
  byId("matters").setAttribute("aria-pressed", String(state.mode === "matters"));
  byId("everything").setAttribute("aria-pressed", String(state.mode === "everything"));
  byId("rows").replaceChildren();
  drawRows();
  Strips.draw();
}

const isNarrow = () => matchMedia("(max-width: 720px)").matches;
const rowHeight = () => (isNarrow() ? 46 : 26);

function row(index, height) {
  const place = state.shown[index];
  const event = events[place];
  const node = el(
    "div",
    {
      id: `event-${event.id}`,
      role: "option",
      class: `row ${isBad(event) ? "bad" : ""}`,
      "data-place": place,
      "aria-selected": String(place === state.selected),
      "aria-posinset": index + 1,
      "aria-setsize": state.shown.length,
    },
    el("span", { class: "time" }, clock(event.at - start)),
    el("span", { class: "who" }, event.who),
    el("span", { class: "kind" }, event.event),
    el("span", { class: "what" }, summary(event)),
  );
  node.style.top = `${index * height}px`;
  node.style.height = `${height}px`;
  return node;
}

function drawRows() {
  const list = byId("list");
  const height = rowHeight();
  const rows = byId("rows");
  rows.style.height = `${Math.max(state.shown.length, 1) * height}px`;
  const first = Math.max(Math.floor(list.scrollTop / height) - 5, 0);
  const last = Math.min(Math.ceil((list.scrollTop + list.clientHeight) / height) + 5, state.shown.length);
  const nodes = [];
  for (let index = first; index < last; index++) nodes.push(row(index, height));
  if (!state.shown.length) nodes.push(el("p", { class: "none quiet" }, "No event passes the filters."));
  rows.replaceChildren(...nodes);
  const selected = state.selected === null ? null : byId(`event-${events[state.selected].id}`);
  if (selected) list.setAttribute("aria-activedescendant", selected.id);
  else list.removeAttribute("aria-activedescendant");
}

/** Brings an event into view in the list; takes filters away that would hide it, if `force`. */
function reveal(place, force) {
  if (force && !passes(place)) {
    state.hiddenKinds.delete(events[place].event);
    Object.assign(state, { text: "", mode: matters[place] ? state.mode : "everything" });
    if (state.range && (events[place].at < state.range.from || events[place].at > state.range.to))
      Strips.show(null);
    byId("text").value = "";
    showKinds();
    filter();
  }
  const index = state.shown.indexOf(place);
  if (index < 0) return;
  const list = byId("list");
  const [top, height] = [index * rowHeight(), rowHeight()];
  if (top < list.scrollTop || top + height > list.scrollTop + list.clientHeight) {
    list.scrollTop = Math.max(top - list.clientHeight / 3, 0);
  }
}

/** Selects an event everywhere. `look` also scrolls the page to it. */
function select(place, { look = false, force = true } = {}) {
  if (place === null || place === undefined) return;
  state.selected = place;
  reveal(place, force);
  drawRows();
  showDetails(place);
  Strips.draw();
  if (look) {
    byId("events-heading").scrollIntoView({ block: "start" });
    byId("list").focus({ preventScroll: true });
  }
}

function value(content) {
  if (content !== null && typeof content === "object") return el("pre", {}, JSON.stringify(content, null, 2));
  return content === null ? el("span", { class: "quiet" }, "none") : String(content);
}

function showDetails(place) {
  const event = events[place];
  const fields = el("dl", {});
  const add = (name, content) => fields.append(el("dt", {}, name), el("dd", {}, content));
  add("at", `${duration(event.at - start)} · ${new Date(event.at / 1000).toISOString()}`);
  add("who", event.who);
  for (const [name, content] of Object.entries(rest(event))) add(name, value(content));
  if (event.cause) add("led to it", eventButton(event.cause));
  const effects = (effectsOf.get(event.id) || []).slice(0, 12);
  if (effects.length) add("it led to", el("span", {}, ...effects.map((id) => eventButton(id))));
  byId("details").replaceChildren(el("h3", {}, `#${event.id} ${event.event}`), fields);
}

const effectsOf = new Map();
for (const event of events) {
  if (event.cause) effectsOf.set(event.cause, [...(effectsOf.get(event.cause) || []), event.id]);
}

/** Goes `by` rows on in the list, from the selected one. */
function move(by) {
  if (!state.shown.length) return;
  let index = state.shown.indexOf(state.selected);
  // What is selected may be hidden: go on from where it would be.
  if (index < 0) {
    const next = state.shown.findIndex((place) => place > (state.selected ?? -1));
    index = by > 0 ? (next < 0 ? state.shown.length : next) - 1 : next < 0 ? state.shown.length : next;
  }
  const to = Math.min(Math.max(index + by, 0), state.shown.length - 1);
  select(state.shown[to], { force: false });
}

function listKeys(event) {
  const page = Math.max(Math.floor(byId("list").clientHeight / rowHeight()) - 1, 1);
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  if (event.key in steps) {
    event.preventDefault();
    move(steps[event.key]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    byId("details").focus();
    byId("details").scrollIntoView({ block: "nearest" });
  }
}

function showKinds() {
  const counts = new Map();
  for (const event of events) counts.set(event.event, (counts.get(event.event) || 0) + 1);
  const box = ([kind, count]) => {
    const input = el("input", { type: "checkbox", "data-kind": kind });
    input.checked = !state.hiddenKinds.has(kind);
    input.addEventListener("change", () => {
      if (input.checked) state.hiddenKinds.delete(kind);
      else state.hiddenKinds.add(kind);
      filter();
    });
    return el("label", {}, input, ` ${kind} `, el("span", { class: "quiet" }, count.toLocaleString("en")));
  };
  const all = (hidden) => () => {
    state.hiddenKinds = new Set(hidden ? counts.keys() : []);
    showKinds();
    filter();
  };
  const tools = el(
    "div",
    {},
    el("button", { type: "button", id: "all-kinds", onclick: all(false) }, "All"),
    " ",
    el("button", { type: "button", id: "no-kinds", onclick: all(true) }, "None"),
  );
  byId("kind-list").replaceChildren(tools, ...[...counts].sort().map(box));
}

/** Paper does not scroll: the events that pass the filters as a plain table, so many at most. */
const MOST_PRINTED = 400;
function print() {
  const rows = state.shown.slice(0, MOST_PRINTED).map((place) => {
    const event = events[place];
    return el(
      "tr",
      {},
      ...[clock(event.at - start), event.who, event.event, summary(event)].map((text) => el("td", {}, text)),
    );
  });
  if (state.shown.length > MOST_PRINTED)
    rows.push(el("tr", {}, el("td", { colspan: 4 }, `and ${state.shown.length - MOST_PRINTED} more`)));
  byId("printed").replaceChildren(el("tbody", {}, ...rows));
}

function clickRow(event) {
  const place = event.target.closest("[data-place]")?.dataset.place;
  if (place === undefined) return;
  select(Number(place), { force: false });
  // On a phone the details lie below the list.
  if (isNarrow()) byId("details").scrollIntoView({ block: "nearest" });
}

function setMode(name) {
  state.mode = name;
  filter();
  if (state.selected !== null) reveal(state.selected, false);
  drawRows();
}

function startKinds() {
  showKinds();
  byId("kinds").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    byId("kinds").open = false;
    byId("kinds").firstElementChild.focus();
  });
  addEventListener("click", (event) => {
    // What was clicked on may have been replaced since.
    if (event.target.isConnected && !byId("kinds").contains(event.target)) byId("kinds").open = false;
  });
}

function startEvents() {
  byId("text").addEventListener("input", () => {
    state.text = byId("text").value.trim().toLowerCase();
    byId("list").scrollTop = 0;
    filter();
  });
  byId("matters").addEventListener("click", () => setMode("matters"));
  byId("everything").addEventListener("click", () => setMode("everything"));
  byId("list").addEventListener("scroll", () => requestAnimationFrame(drawRows));
  byId("list").addEventListener("keydown", listKeys);
  byId("list").addEventListener("click", clickRow);
  addEventListener("beforeprint", print);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || /INPUT|TEXTAREA/.test(document.activeElement.tagName)) return;
    event.preventDefault();
    byId("text").focus();
  });
  startKinds();
}
