// What the events say: lanes over time, and what runs on which agent.

const events = data.events;
const start = events.length ? events[0].at : 0;
const end = events.length ? events.reduce((last, event) => Math.max(last, event.at), start) : 0;
const placeOf = new Map(events.map((event, place) => [event.id, place]));
const rest = ({ id, at, who, cause, event, ...fields }) => fields;
/** Frameworks by id. */
const frameworks = new Map();
for (const event of events) {
  if (event.event.startsWith("framework-") && event.name) frameworks.set(event.framework, event.name);
}
const frameworkName = (id) => frameworks.get(id) || id || "?";

const BAD_STATES = /^TASK_(FAILED|LOST|ERROR|DROPPED|GONE|UNREACHABLE)|^failed$/;
const ENDED = /^TASK_(FINISHED|FAILED|KILLED|LOST|ERROR|DROPPED|GONE|UNREACHABLE)/;

/** Whether an offer was declined because there was nothing to do. */
const idleDecline = (event) =>
  event.event === "offer-declined" && event.refusals.every((r) => r.instance === "");

/** Whether an event shows something that went wrong. */
function isBad(event) {
  const kind = event.event;
  if (event.error) return true;
  if (kind === "verdict") return !event.passed;
  if (kind === "task-status") return BAD_STATES.test(event.state);
  if (kind === "application-state") return event.state === "failed";
  if (kind === "health-changed") return !event.healthy;
  if (kind === "http-exchange") return event.status >= 400;
  if (kind === "service-exited" || kind === "program-exited") return event.code !== 0;
  if (kind === "log") return /^\[?(error|fatal)/i.test(event.line) || /exception/i.test(event.line);
  return [
    "framework-refused",
    "agent-lost",
    "artifact-missing",
    "span-missing",
    "warned",
    "launch-delayed",
  ].includes(kind);
}

/** Whether an event is one of the many that only an investigation wants. */
function isRoutine(event) {
  if (repeated(event)) return true;
  switch (event.event) {
    case "offer-sent":
    case "znode-written":
    case "spans-reached":
    case "observed":
      return true;
    case "offer-declined":
      return idleDecline(event);
    case "log":
      return /^declined offer/i.test(event.line);
    case "http-exchange":
      return event.status !== null && event.status < 400;
    default:
      return false;
  }
}

/** A text without the numbers and ids that differ from one time to the next. */
const shape = (text) => (text || "").replace(/[0-9a-f-]*[0-9][0-9a-f-]*/gi, "#");

/** What is worth a look of events that say the same: so many of each, by kind. */
const WORTH = { "offer-declined": 1, "task-call": 1, log: 5, "task-status": 5 };

/** What makes two events say the same to a reader; `null` for those that always stand for themselves. */
function sameness(event) {
  switch (event.event) {
    case "offer-declined":
      return JSON.stringify([event.who, event.host, event.refusals]);
    case "task-call":
      return JSON.stringify([event.application, event.task, event.call, event.error]);
    case "log":
      return JSON.stringify(["log", event.who, shape(event.line)]);
    case "task-status":
      return JSON.stringify([shape(event.task), event.state, event.reason, shape(event.message)]);
    default:
      return null;
  }
}

const repeatedIds = new Set();
const seen = new Map();
for (const event of events) {
  const key = sameness(event);
  if (key === null) continue;
  const times = (seen.get(key) || 0) + 1;
  seen.set(key, times);
  if (times > WORTH[event.event]) repeatedIds.add(event.id);
}
const repeated = (event) => repeatedIds.has(event.id);

const behind = (text) => (text ? `: ${text}` : "");

/** What an event says, by kind, in one line. */
const SUMMARIES = {
  "agent-lost": (e) => `${e.host}${behind(e.why)}`,
  "agent-registered": (e) => `${e.host}: ${e.resources}`,
  "application-state": (e) => `${e.application}: ${e.state}${e.detail ? ` (${e.detail})` : ""}`,
  "artifact-missing": (e) => `${e.task}: ${e.uri}${behind(e.why)}`,
  "framework-disconnected": (e) => e.name,
  "framework-refused": (e) => `${e.name}: ${e.message}`,
  "framework-removed": (e) => `${e.name}${behind(e.why)}`,
  "framework-subscribed": (e) => `${e.name}${e.known ? ", known already" : ""}`,
  "health-changed": (e) => `${e.app}: ${e.healthy ? "healthy" : "not healthy"}`,
  "http-exchange": (e) => `${e.method} ${e.url}: ${e.status ?? e.error ?? "no answer"}${behind(e.answer)}`,
  "instance-state": (e) => `${e.framework} ${e.instance}: ${e.from || "new"} → ${e.to}`,
  "launch-delayed": (e) => `${e.app}: next launch in ${e["delay-ms"]} ms`,
  log: (e) => e.line,
  observed: (e) => e.subject,
  "offer-declined": (e) => `${e.host}: ${e.refusals.map((r) => r.reason).join("; ")}`,
  "offer-sent": (e) => `${e.host} to ${e.framework}: ${e.resources}`,
  "program-exited": (e) => `${e.task} ended with ${e.code}`,
  "service-exited": (e) => `${e.service} ended with ${e.code}${behind(e.message)}`,
  "service-ready": (e) => `${e.service} serves on ${e.address}`,
  "service-started": (e) => `${e.service} on ${e.address}`,
  "spans-reached": (e) => `${e.spans} of ${e.of} spans ${e.stage}`,
  "stack-finished": (e) => `${e.stack}${behind(e.error)}`,
  "step-finished": (e) => `${e.step}${behind(e.error)}`,
  "task-call": (e) => `${e.application}: ${e.call}${behind(e.error)}`,
  "task-launched": (e) => `${e.name} on ${e.host}: ${e.resources}`,
  "task-status": (e) => `${e.task}: ${e.state}${behind(e.message)}`,
  verdict: (e) => e.text,
  "znode-deleted": (e) => `${e.server} ${e.path}`,
  "znode-written": (e) => `${e.server} ${e.path}`,
};

/** One line for an event; tasks and frameworks by their names. */
function summary(event) {
  const fields = rest(event);
  if (fields.task && taskNames.has(fields.task)) fields.task = taskNames.get(fields.task);
  if (fields.framework) fields.framework = frameworkName(fields.framework);
  const say = Object.hasOwn(SUMMARIES, event.event) && SUMMARIES[event.event];
  if (say) return say(fields);
  const texts = Object.values(fields).filter((value) => value !== null && value !== "");
  return texts
    .map((value) => (typeof value === "object" ? JSON.stringify(value) : String(value)))
    .join(" · ");
}

/** The most lanes that a group shows; what is beyond shares one. */
const MOST_LANES = 20;

class Lanes {
  constructor() {
    this.lanes = new Map();
    for (const [place, event] of events.entries()) this.take(event, place);
    for (const lane of this.lanes.values()) {
      for (const span of lane.spans) span.to ??= end;
    }
    const order = ["Faults", "Run", "Applications", "Instances", "Tasks", "Offers", "Znodes", "Sessions"];
    this.all = order.flatMap((group) => [...this.lanes.values()].filter((lane) => lane.group === group));
  }

  lane(group, name) {
    const key = `${group}\n${name}`;
    if (!this.lanes.has(key)) {
      const many = [...this.lanes.values()].filter((lane) => lane.group === group).length >= MOST_LANES;
      if (many && name !== "others") return this.lane(group, "others");
      this.lanes.set(key, { group, name, spans: [], marks: [] });
    }
    return this.lanes.get(key);
  }

  /** Ends what lasted on a lane and begins the next; `null` begins nothing. */
  state(lane, event, place, tone, label) {
    const last = lane.spans.at(-1);
    if (last && last.to === undefined) last.to = event.at;
    if (tone) lane.spans.push({ from: event.at, tone, label });
    this.mark(lane, event, place);
  }

  mark(lane, event, place, tone = isBad(event) ? "bad" : "plain") {
    lane.marks.push({ at: event.at, place, tone });
  }

  take(event, place) {
    switch (event.event) {
      case "fault-fired":
        return this.mark(this.lane("Faults", "faults"), event, place, "bad");
      case "step-started":
      case "step-finished":
        return this.step(event, place);
      case "stack-started":
      case "stack-finished":
        return this.stack(event, place);
      case "spans-reached":
        return this.mark(
          this.lane("Run", "traces"),
          event,
          place,
          event.spans === event.of ? "good" : "idle",
        );
      case "span-missing":
        return this.mark(this.lane("Run", "traces"), event, place, "bad");
      case "log":
        return this.session(event, place);
      case "verdict":
        return this.mark(this.lane("Run", "verdict"), event, place, event.passed ? "good" : "bad");
      case "application-state":
        return this.application(event, place);
      case "task-call":
        return this.mark(this.lane("Applications", event.application), event, place);
      case "instance-state":
        return this.instance(event, place);
      case "offer-declined":
        return this.mark(this.lane("Offers", event.who), event, place, idleDecline(event) ? "idle" : "warn");
      case "znode-written":
      case "znode-deleted":
        return this.znode(event, place);
      default:
        return this.other(event, place);
    }
  }

  step(event, place) {
    const tone = event.event === "step-started" ? "busy" : null;
    const lane = this.lane("Run", "steps");
    this.state(lane, event, place, tone, event.step);
    if (!tone && lane.spans.length) lane.spans.at(-1).tone = event.error ? "bad" : "good";
  }

  stack(event, place) {
    const begins = event.event === "stack-started";
    const lane = this.lane("Run", "stack");
    this.state(lane, event, place, begins ? "busy" : null, event.stack);
    if (!begins && lane.spans.length) lane.spans.at(-1).tone = event.error ? "bad" : "good";
  }

  /** A ZooKeeper's sessions, from its log. */
  session(event, place) {
    const [, id] = /\bsession(?:id:)? (0x[0-9a-f]+)/i.exec(event.line) || [];
    if (!id) return;
    const lane = this.lane("Sessions", `…${id.slice(-4)} of ${event.who}`);
    if (/^established/i.test(event.line)) this.state(lane, event, place, "good", "session");
    else this.state(lane, event, place, null);
    if (/expir/i.test(event.line)) lane.marks.at(-1).tone = "bad";
  }

  application(event, place) {
    const tones = { waiting: "idle", running: "good", failed: "bad", skipped: "idle" };
    const lane = this.lane("Applications", event.application);
    this.state(lane, event, place, tones[event.state] || "busy", event.state);
  }

  instance(event, place) {
    const tones = { running: "good", idle: "idle", stopped: "idle", failed: "bad" };
    const lane = this.lane("Instances", `${event.framework} ${event.instance}`);
    const to = event.to.toLowerCase();
    this.state(lane, event, place, tones[to] || "busy", to);
  }

  znode(event, place) {
    const top = `/${event.path.split("/")[1] || ""}`;
    this.mark(
      this.lane("Znodes", `${event.server} ${top}`),
      event,
      place,
      event.event === "znode-deleted" ? "warn" : "idle",
    );
  }

  task(event, place) {
    const lane = this.lane("Tasks", taskName(event));
    if (event.event === "task-launched") return this.state(lane, event, place, "busy", "launched");
    if (event.event !== "task-status") return this.mark(lane, event, place);
    const tone = event.state === "TASK_RUNNING" ? "good" : ENDED.test(event.state) ? null : "busy";
    return this.state(lane, event, place, tone, event.state.replace("TASK_", "").toLowerCase());
  }

  other(event, place) {
    const known = taskNames.has(event.task) || knownTasks.has(event.task) || knownTasks.has(event.who);
    if (event.task && (known || event.event === "task-status")) this.task(event, place);
    if (event.event === "task-launched") {
      this.mark(this.lane("Offers", frameworkLane(event.framework)), event, place, "good");
    } else if (event.event === "offer-rescinded" || event.event.startsWith("framework-")) {
      const lane = this.lane("Offers", frameworkLane(event.framework));
      const tones = { "framework-subscribed": "plain", "framework-refused": "bad" };
      this.mark(lane, event, place, tones[event.event] || "warn");
    } else if (event.server) {
      this.mark(this.lane("Sessions", event.server), event, place, "warn");
    }
  }
}

/** Tasks' names by id. */
const taskNames = new Map();
/** Who declines the offers of a framework: a scheduler has another name than its framework. */
const schedulers = new Map();
const offeredTo = new Map();
for (const event of events) {
  if (event.event === "task-launched") taskNames.set(event.task, event.name);
  if (event.event === "offer-sent") offeredTo.set(event.offer, event.framework);
  if (event.event === "offer-declined" && offeredTo.has(event.offer))
    schedulers.set(offeredTo.get(event.offer), event.who);
}
const knownTasks = new Set(taskNames.values());

/** The name of the task that an event is about: executors and services have ids of their own, but say who they are. */
function taskName(event) {
  if (taskNames.has(event.task)) return taskNames.get(event.task);
  const known = [event.task, event.who].find((name) => knownTasks.has(name));
  if (known) return known;
  // A task that Mesos refused was never launched: its id is its name and a time or a UUID.
  return event.task.replace(/[.-](\d{9,}|[0-9a-f]{8}-[0-9a-f-]{27})$/, "");
}

const frameworkLane = (id) => schedulers.get(id) || frameworkName(id);
