// What runs where when the run ended, and what was asked and offered on each agent.

/** `cpus:4; mem:16384` and `cpus:4.0 mem:16384.0`, as numbers of cpus and MB. */
function amounts(resources) {
  const of = (name) => Number(new RegExp(`${name}:([0-9.]+)`).exec(resources || "")?.[1] || 0);
  return { cpus: of("cpus"), mem: of("mem") };
}

/** The agents by host, up to the verdict: what comes after it is only the end of the lab. */
function agentsOf(upTo) {
  const agents = new Map();
  const agent = (host) => {
    if (!agents.has(host))
      agents.set(host, { host, total: null, offered: "", tasks: new Map(), refusals: new Map(), lost: "" });
    return agents.get(host);
  };
  const services = new Map();
  for (const event of events.slice(0, upTo)) {
    if (event.event === "agent-registered")
      Object.assign(agent(event.host), { total: event.resources, lost: "" });
    else if (event.event === "agent-lost") agent(event.host).lost = event.why || "lost";
    else if (event.event === "offer-sent") agent(event.host).offered = event.resources;
    else if (event.event === "offer-declined") refuse(agent(event.host), event);
    else if (event.event === "task-launched")
      agent(event.host).tasks.set(event.task, { ...event, state: "launched" });
    else if (event.event === "task-status") status(agents, event);
    else if (event.event === "service-ready")
      services.set(taskName(event), `${event.service} on ${event.address}`);
    else if (event.event === "service-exited") services.delete(taskName(event));
  }
  return {
    agents: [...agents.values()].sort((a, b) => a.host.localeCompare(b.host, "en", { numeric: true })),
    services,
  };
}

function refuse(agent, event) {
  for (const refusal of event.refusals) {
    if (refusal.instance === "") continue;
    const known = agent.refusals.get(refusal.reason) || { times: 0, id: event.id };
    agent.refusals.set(refusal.reason, { ...known, times: known.times + 1 });
  }
}

function status(agents, event) {
  for (const agent of agents.values()) {
    const task = agent.tasks.get(event.task);
    if (!task) continue;
    if (ENDED.test(event.state)) agent.tasks.delete(event.task);
    else task.state = event.state;
  }
}

/** How much of an agent its tasks have. */
function meter(name, used, total, unit) {
  const share = total > 0 ? Math.min(used / total, 1) : 0;
  const text = `${Number(used.toFixed(2))} of ${Number(total.toFixed(2))} ${unit}`;
  const bar = el("span", { class: "bar" }, el("span", { class: "fill" }));
  bar.firstChild.style.width = `${share * 100}%`;
  return el("div", { class: "meter" }, el("span", {}, name), bar, el("span", { class: "number" }, text));
}

function taskRow(task, services) {
  const serves = services.get(task.name) || "";
  const state = task.state.replace("TASK_", "").toLowerCase();
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, eventButton(task.id, task.name)),
    el("td", {}, state),
    el("td", {}, task.resources),
    el("td", {}, serves),
  );
}

function refusalRow([reason, { times, id }]) {
  return el("li", {}, eventButton(id, reason), ` declined ${times} ${times === 1 ? "time" : "times"}`);
}

function taskTable(tasks, services) {
  const names = ["task", "state", "asked", "serves"];
  const head = el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, name)));
  const rows = tasks.map((task) => taskRow(task, services));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)));
}

function agentCard(agent, services) {
  const total = amounts(agent.total);
  const tasks = [...agent.tasks.values()];
  const used = tasks
    .map((task) => amounts(task.resources))
    .reduce((a, b) => ({ cpus: a.cpus + b.cpus, mem: a.mem + b.mem }), { cpus: 0, mem: 0 });
  const card = el(
    "article",
    { class: "agent card" },
    el("h3", {}, agent.host, agent.lost ? el("span", { class: "lost" }, ` lost: ${agent.lost}`) : null),
  );
  card.append(
    meter("cpus", used.cpus, total.cpus, "asked"),
    meter("memory", used.mem, total.mem, "MB asked"),
  );
  if (agent.offered) card.append(el("p", { class: "quiet" }, `last offered: ${agent.offered}`));
  if (agent.refusals.size) {
    card.append(
      el("h4", {}, "Not taken because"),
      el("ul", { class: "refusals" }, ...[...agent.refusals].slice(0, 20).map(refusalRow)),
    );
  }
  card.append(tasks.length ? taskTable(tasks, services) : el("p", { class: "quiet" }, "nothing runs here"));
  return card;
}

function showPlaces() {
  const verdict = events.findIndex((event) => event.event === "verdict");
  const { agents, services } = agentsOf(verdict < 0 ? events.length : verdict);
  byId("places").hidden = agents.length === 0;
  const at = verdict < 0 ? end : events[verdict].at;
  byId("places-when").textContent = `when the run ended, ${duration(at - start)} after it began`;
  byId("agents").append(...agents.map((agent) => agentCard(agent, services)));
}
