// The lanes over time, on a canvas: what lasts as bars, events as ticks, many in one place as one taller tick.

const TONES = {
  good: "--good",
  bad: "--bad",
  busy: "--busy",
  idle: "--idle",
  warn: "--warn",
  plain: "--mark",
};
/** Of several events in one place the gravest is seen. */
const GRAVITY = ["idle", "plain", "busy", "good", "warn", "bad"];
/** Times closer than this, in microseconds, cannot be zoomed into. */
const CLOSEST = 2000;

/** The least round time of that many microseconds or more: 1, 2, 5 and so on, above seconds as clocks have them. */
function roundStep(least) {
  const clock = [10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400].map(
    (seconds) => seconds * 1e6,
  );
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  const steps = least <= 5e6 ? [1, 2, 5, 10].map((n) => n * power) : clock;
  return steps.find((step) => step >= least) || least;
}

const Strips = {
  lanes: [],
  rows: [],
  active: 0,
  drag: null,
  pending: false,

  start() {
    this.lanes = new Lanes().all;
    byId("labels").append(...this.labelRows());
    const canvas = byId("strips");
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.dragOn(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", () => {
      this.drag = null;
      this.draw();
    });
    canvas.addEventListener("pointerleave", () => {
      canvas.title = "";
    });
    byId("lanes").addEventListener("keydown", (event) => this.keys(event));
    byId("lanes").addEventListener("focus", () => this.activate(this.active));
    byId("whole").addEventListener("click", () => this.show(null));
    byId("closer").addEventListener("click", () => this.zoom(0.4));
    byId("farther").addEventListener("click", () => this.zoom(2.5));
    byId("around").addEventListener("click", () => this.around());
    byId("around").hidden = data.outcome === "passed" && !data.diagnosis;
    // Paper is light: so is what was painted, for as long as it is printed.
    const { dataset } = document.documentElement;
    let theme;
    addEventListener("beforeprint", () => {
      theme = dataset.theme;
      dataset.theme = "light";
      this.paint();
    });
    addEventListener("afterprint", () => {
      if (theme) dataset.theme = theme;
      else delete dataset.theme;
      this.paint();
    });
    new ResizeObserver(() => {
      this.draw();
      drawRows();
    }).observe(byId("lanes"));
    this.legend();
  },

  labelRows() {
    let group = null;
    const nodes = [];
    for (const [index, lane] of this.lanes.entries()) {
      if (lane.group !== group)
        nodes.push(el("div", { class: "group", role: "presentation" }, (group = lane.group)));
      const label = el(
        "div",
        { class: "lane", id: `lane-${index}`, role: "option", "aria-selected": "false", title: lane.name },
        lane.name,
      );
      label.setAttribute("aria-label", `${lane.group}: ${lane.name}, ${lane.marks.length} events`);
      label.addEventListener("click", () => this.activate(index));
      this.rows.push(label);
      nodes.push(label);
    }
    return nodes;
  },

  legend() {
    const names = {
      good: "running, taken",
      busy: "under way",
      idle: "nothing to do",
      warn: "declined, deleted",
      bad: "went wrong",
    };
    const parts = Object.entries(names).map(([tone, name]) =>
      el("span", {}, el("i", { class: `dot ${tone}` }), name),
    );
    byId("legend").append(...parts);
  },

  view() {
    return state.range || { from: start, to: Math.max(end, start + 1) };
  },

  /** Where the strips lie, in CSS pixels. */
  box() {
    const canvas = byId("strips");
    return { width: canvas.clientWidth, height: canvas.clientHeight };
  },

  x(at) {
    const { from, to } = this.view();
    return ((at - from) / (to - from)) * this.box().width;
  },

  timeAt(x) {
    const { from, to } = this.view();
    return from + Math.min(Math.max(x / this.box().width, 0), 1) * (to - from);
  },

  /** The strip of a lane: the whole row, or its lower part where the label stands above. */
  strip(index) {
    const label = this.rows[index];
    const above = parseFloat(getComputedStyle(label).getPropertyValue("--above")) || 0;
    return { top: label.offsetTop + above + 2, height: label.offsetHeight - above - 4 };
  },

  draw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.paint();
    });
  },

  paint() {
    const canvas = byId("strips");
    const { width, height } = this.box();
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const brush = canvas.getContext("2d");
    brush.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    this.colour = (name) => style.getPropertyValue(name).trim();
    this.paintAxis(brush, width, height);
    for (const index of this.lanes.keys()) this.paintLane(brush, index, width);
    this.paintCursor(brush, height);
    const { from, to } = this.view();
    byId("shown").textContent = `${duration(from - start)} to ${duration(to - start)}`;
  },

  /** Round times, a hundred pixels or more from each other. */
  paintAxis(brush, width, height) {
    const { from, to } = this.view();
    const step = roundStep(((to - from) / Math.max(width, 1)) * 100);
    brush.font = "11px system-ui, sans-serif";
    for (let at = Math.ceil((from - start) / step) * step; at <= to - start; at += step) {
      const x = Math.round(this.x(at + start)) + 0.5;
      brush.fillStyle = this.colour("--line");
      brush.fillRect(x, 0, 1, height);
      brush.fillStyle = this.colour("--quiet");
      if (x < width - 50) brush.fillText(duration(at).replace(/\.0+(?= )/, ""), x + 4, 12);
    }
  },

  /** Bars below, ticks on them, names above both. */
  paintLane(brush, index, width) {
    const lane = this.lanes[index];
    const { top, height } = this.strip(index);
    const { from, to } = this.view();
    for (const span of lane.spans) {
      if (span.to < from || span.from > to) continue;
      const [left, right] = [Math.max(this.x(span.from), 0), Math.min(this.x(span.to), width)];
      brush.globalAlpha = 0.35;
      brush.fillStyle = this.colour(TONES[span.tone]);
      brush.fillRect(left, top + 1, Math.max(right - left, 1), height - 2);
      brush.globalAlpha = 1;
    }
    this.paintMarks(brush, lane, top, height);
    for (const span of lane.spans) {
      if (span.to >= from && span.from <= to) this.paintName(brush, span, top, height, width);
    }
  },

  /** The state that a bar stands for, where there is room: it is not told by colour alone. */
  paintName(brush, span, top, height, width) {
    const [left, right] = [Math.max(this.x(span.from), 0), Math.min(this.x(span.to), width)];
    brush.font = "10px system-ui, sans-serif";
    const room = right - left - 12;
    if (room < 24 || brush.measureText(span.label).width > room) return;
    brush.fillStyle = this.colour("--text");
    brush.fillText(span.label, left + 8, top + height / 2 + 3.5);
  },

  paintMarks(brush, lane, top, height) {
    const { from, to } = this.view();
    const bins = new Map();
    for (const mark of lane.marks) {
      if (mark.at < from || mark.at > to) continue;
      const bin = Math.round(this.x(mark.at) / 2);
      const known = bins.get(bin);
      if (!known) bins.set(bin, { tone: mark.tone, count: 1 });
      else {
        known.count += 1;
        if (GRAVITY.indexOf(mark.tone) > GRAVITY.indexOf(known.tone)) known.tone = mark.tone;
      }
    }
    for (const [bin, { tone, count }] of bins) this.paintMark(brush, bin * 2, top, height, tone, count);
  },

  /** What went wrong fills the height of its lane: it is told apart without colours. */
  paintMark(brush, x, top, height, tone, count) {
    const grave = tone === "bad" || tone === "good";
    const share = grave ? 1 : Math.min(0.4 + Math.log2(count) * 0.15, 1);
    const tall = height * share;
    brush.fillStyle = this.colour(TONES[tone]);
    brush.fillRect(x - 1, top + (height - tall) / 2, tone === "bad" ? 3 : 2, tall);
  },

  paintCursor(brush, height) {
    if (state.selected !== null) {
      const x = this.x(events[state.selected].at);
      brush.fillStyle = this.colour("--focus");
      brush.fillRect(Math.round(x) - 0.5, 0, 1.5, height);
    }
    if (this.drag?.moved) {
      brush.globalAlpha = 0.2;
      brush.fillStyle = this.colour("--focus");
      brush.fillRect(
        Math.min(this.drag.from, this.drag.to),
        0,
        Math.abs(this.drag.to - this.drag.from),
        height,
      );
      brush.globalAlpha = 1;
    }
  },

  laneAt(y) {
    return this.rows.findIndex((label) => y >= label.offsetTop && y < label.offsetTop + label.offsetHeight);
  },

  /** The event of a lane that is nearest to a place, the gravest of several. */
  nearest(lane, x, reach = 12) {
    let best = null;
    for (const mark of lane?.marks || []) {
      const far = Math.abs(this.x(mark.at) - x);
      const rank = Math.floor(far / 3) - GRAVITY.indexOf(mark.tone) / 10;
      if (far <= reach && (!best || rank < best.rank)) best = { place: mark.place, rank };
    }
    return best?.place ?? null;
  },

  press(event) {
    if (event.button !== 0) return;
    this.drag = { from: event.offsetX, to: event.offsetX, moved: false };
    if (event.pointerType === "mouse") byId("strips").setPointerCapture(event.pointerId);
  },

  dragOn(event) {
    if (!this.drag) return this.hint(event);
    // A finger scrolls the page; only a mouse draws a range.
    if (event.pointerType !== "mouse") return;
    this.drag.to = event.offsetX;
    this.drag.moved ||= Math.abs(this.drag.to - this.drag.from) > 5;
    this.draw();
  },

  hint(event) {
    const place = this.nearest(this.lanes[this.laneAt(event.offsetY)], event.offsetX, 6);
    byId("strips").title =
      place === null ? "" : `${events[place].event}: ${summary(events[place])}`.slice(0, 300);
  },

  release(event) {
    const drag = this.drag;
    this.drag = null;
    if (drag?.moved) {
      const ends = [this.timeAt(drag.from), this.timeAt(event.offsetX)].sort((a, b) => a - b);
      return this.show({ from: ends[0], to: ends[1] });
    }
    const index = this.laneAt(event.offsetY);
    if (index < 0) return;
    this.activate(index);
    const place = this.nearest(this.lanes[index], event.offsetX, event.pointerType === "mouse" ? 12 : 24);
    if (place !== null) select(place);
  },

  activate(index) {
    if (!this.rows.length) return;
    this.rows[this.active]?.setAttribute("aria-selected", "false");
    this.active = index;
    this.rows[index].setAttribute("aria-selected", "true");
    byId("lanes").setAttribute("aria-activedescendant", `lane-${index}`);
  },

  /** The event of the active lane before or after the selected one. */
  along(by) {
    const places = (this.lanes[this.active]?.marks || []).map((mark) => mark.place);
    const now = state.selected ?? -1;
    const next = by > 0 ? places.find((place) => place > now) : places.findLast((place) => place < now);
    if (next === undefined) return;
    const at = events[next].at;
    const { from, to } = this.view();
    if (at < from || at > to) this.show({ from: at - (to - from) / 2, to: at + (to - from) / 2 });
    select(next);
  },

  keys(event) {
    const last = this.rows.length - 1;
    const actions = {
      ArrowDown: () => this.activate(Math.min(this.active + 1, last)),
      ArrowUp: () => this.activate(Math.max(this.active - 1, 0)),
      Home: () => this.activate(0),
      End: () => this.activate(last),
      ArrowRight: () => this.along(1),
      ArrowLeft: () => this.along(-1),
      "+": () => this.zoom(0.4),
      "=": () => this.zoom(0.4),
      "-": () => this.zoom(2.5),
      0: () => this.show(null),
    };
    if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
    this.rows[this.active]?.scrollIntoView({ block: "nearest" });
  },

  /** Shows a part of the time, or with `null` all of it. The list shows the same. */
  show(range) {
    state.range = null;
    if (range) {
      const [from, to] = [Math.max(range.from, start), Math.min(range.to, end)];
      const middle = (from + to) / 2;
      const half = Math.max(to - from, CLOSEST) / 2;
      if (to - from < end - start) state.range = { from: middle - half, to: middle + half };
    }
    filter();
    if (state.selected !== null) reveal(state.selected, false);
    drawRows();
  },

  zoom(by) {
    const { from, to } = this.view();
    const selected = state.selected === null ? null : events[state.selected].at;
    const middle = selected !== null && selected >= from && selected <= to ? selected : (from + to) / 2;
    this.show({ from: middle - (middle - from) * by, to: middle + (to - middle) * by });
  },

  around() {
    const place = keyPlace();
    if (place === null) return;
    const margin = Math.max((end - start) / 20, CLOSEST);
    this.show({ from: events[place].at - margin, to: events[place].at + margin });
    select(place);
  },
};
