'use strict';
// One page for search, trace and dependencies. It knows the v1 API and nothing else; every text of a span goes in as
// text, never as markup.

const $ = (selector, root = document) => root.querySelector(selector);
const main = $('#main');

/** Makes an element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key === 'style') Object.assign(element.style, value);
    else if (key.startsWith('aria-') || key === 'role') element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function problem(text) {
  $('#problem').textContent = text;
  $('#problem').hidden = !text;
}

/** Asks the API; an Error says in words what is wrong. */
async function ask(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  let response;
  try {
    response = await fetch(path + (query && '?' + query), { headers: { Accept: 'application/json' } });
  } catch {
    throw new Error('This page’s server does not answer. Is the web task still running?');
  }
  if (response.ok) return response.json();
  if (response.status === 404) return null;
  let detail = '';
  try { detail = (await response.json()).message; } catch { /* not every answer has a body */ }
  if (response.status === 503) throw new Error('The query service cannot be reached. ' + detail);
  throw new Error('The query service answered ' + response.status + '. ' + detail);
}

function duration(micros) {
  if (micros === undefined || micros === null) return '';
  if (micros < 1000) return micros + ' µs';
  if (micros < 1e6) return (micros / 1e3).toFixed(micros < 1e4 ? 2 : 1) + ' ms';
  return (micros / 1e6).toFixed(2) + ' s';
}

function moment(micros) {
  return micros ? new Date(micros / 1000).toLocaleString(undefined, {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    fractionalSecondDigits: 3,
  }) : 'no time';
}

/** A colour per service, the same on every page. */
function colour(service) {
  let hash = 7;
  for (const c of service) hash = (hash * 31 + c.codePointAt(0)) >>> 0;
  const hue = (hash * 137.508) % 360;
  return `light-dark(hsl(${hue} 55% 45%), hsl(${hue} 50% 60%))`;
}

const endpoints = (span) => [...(span.annotations || []), ...(span.binaryAnnotations || [])]
  .map((a) => a.endpoint).filter((e) => e && e.serviceName);
const tags = (span) => (span.binaryAnnotations || []).filter((b) => !['sa', 'ca'].includes(b.key));
const hasError = (span) => tags(span).some((b) => b.key === 'error')
  || (span.annotations || []).some((a) => a.value === 'error');

/** The service that a span is shown under: the one that served it, or else the one that asked. */
function serviceOf(span) {
  const of = (value) => (span.annotations || []).find((a) => a.value === value && a.endpoint)?.endpoint.serviceName;
  return of('sr') || of('ss') || of('cs') || of('cr') || endpoints(span)[0]?.serviceName || 'unknown';
}

/** The services of a trace, with how many spans mention each. Tags of addresses count for whom they name. */
function services(trace) {
  const counts = new Map();
  for (const span of trace) {
    for (const name of new Set(endpoints(span).map((e) => e.serviceName))) counts.set(name, (counts.get(name) || 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}

/** From the first moment of a trace to its last, in µs. */
function extent(trace) {
  let from = Infinity, to = -Infinity;
  for (const span of trace) {
    const times = (span.annotations || []).map((a) => a.timestamp);
    if (span.timestamp) times.push(span.timestamp, span.timestamp + (span.duration || 0));
    for (const time of times) { from = Math.min(from, time); to = Math.max(to, time); }
  }
  return from <= to ? { from, to } : { from: 0, to: 0 };
}

function show(template) {
  main.replaceChildren($('#' + template + '-view').content.cloneNode(true));
  for (const link of document.querySelectorAll('nav a')) {
    if (link.dataset.view === template) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

// --- Search ---------------------------------------------------------------------------------------------------

const FIELDS = ['serviceName', 'spanName', 'lookback', 'annotationQuery', 'minDuration', 'maxDuration', 'limit',
  'sortOrder'];

async function searchView(config) {
  show('search');
  document.title = 'Find traces – Zipkin';
  const form = $('#search').elements;
  const wanted = new URLSearchParams(location.search);
  form.limit.value = config.queryLimit;
  form.lookback.value = config.defaultLookback;
  for (const field of FIELDS) {
    if (field === 'serviceName' || field === 'spanName' || !wanted.has(field)) continue;
    form[field].value = wanted.get(field);
  }
  if (!form.lookback.value) form.lookback.value = 3600000;
  if (wanted.get('until')) form.until.value = wanted.get('until');
  form.serviceName.addEventListener('change', () => listSpans(form).catch((e) => problem(e.message)));
  $('#search').addEventListener('submit', (event) => {
    event.preventDefault();
    const query = new URLSearchParams(new FormData($('#search')));
    for (const key of [...query.keys()]) if (!query.get(key)) query.delete(key);
    if (query.get('spanName') === 'all') query.delete('spanName');
    history.pushState(null, '', '/?' + query);
    problem('');
    find(form).catch((e) => { results([]); problem(e.message); });
  });
  fill(form.serviceName, await ask('/api/v1/services') || [], wanted.get('serviceName'));
  await listSpans(form, wanted.get('spanName'));
  if (location.search) await find(form);
  else if (form.serviceName.options.length === 1) $('#found').textContent = 'No service has reported a span yet.';
}

/** Puts names behind the first option; a name that was asked for is kept even if it is not known. */
function fill(select, names, chosen) {
  select.length = 1;
  const missing = chosen && chosen !== 'all' && !names.includes(chosen) ? [chosen] : [];
  select.append(...[...missing, ...names].map((name) => new Option(name, name)));
  if (chosen) select.value = chosen;
}

async function listSpans(form, chosen) {
  const serviceName = form.serviceName.value;
  form.spanName.disabled = !serviceName;
  form.annotationQuery.disabled = !serviceName;
  fill(form.spanName, serviceName ? await ask('/api/v1/spans', { serviceName }) || [] : [], serviceName && chosen);
}

async function find(form) {
  const until = form.until.value ? Date.parse(form.until.value) : Date.now();
  const parameters = { endTs: until, lookback: form.lookback.value, limit: form.limit.value };
  for (const field of ['serviceName', 'spanName', 'annotationQuery', 'minDuration', 'maxDuration']) {
    if (form[field].value && !form[field].disabled) parameters[field] = form[field].value;
  }
  $('#found').textContent = 'Looking …';
  const traces = (await ask('/api/v1/traces', parameters) || []).filter((trace) => trace.length);
  const [key, way] = form.sortOrder.value.split('-');
  const value = (trace) => { const { from, to } = extent(trace); return key === 'duration' ? to - from : from; };
  traces.sort((a, b) => (value(a) - value(b)) * (way === 'asc' ? 1 : -1));
  results(traces);
}

function results(traces) {
  $('#found').textContent = traces.length === 1 ? '1 trace' : traces.length
    ? traces.length + ' traces' : 'No trace found. Look back further, or ask for less.';
  const longest = Math.max(1, ...traces.map((trace) => extent(trace).to - extent(trace).from));
  $('#results').replaceChildren(...traces.map((trace) => {
    const { from, to } = extent(trace);
    const root = trace.find((span) => !span.parentId) || trace[0];
    const failed = trace.filter(hasError).length;
    return make('li', {}, make('a', { href: '/traces/' + trace[0].traceId, className: failed ? 'failed' : '' },
      make('span', { className: 'head' },
        make('span', { className: 'name' }, `${serviceOf(root)}: ${root.name || 'unnamed'}`),
        make('span', {}, duration(to - from)),
        make('span', { className: 'faint' }, `${trace.length} span${trace.length === 1 ? '' : 's'}`),
        make('time', { className: 'faint' }, moment(from))),
      make('span', { className: 'length', style: { width: Math.max(0.5, 100 * (to - from) / longest) + '%' } }),
      make('span', { className: 'tags' },
        failed ? make('span', { className: 'tag error' }, failed === 1 ? '1 error' : failed + ' errors') : null,
        ...services(trace).map(([name, count]) => make('span', { className: 'tag' }, dot(name), `${name} ×${count}`)))));
  }));
}

const dot = (service) => make('span', { className: 'dot', style: { background: colour(service) }, 'aria-hidden': 'true' });

// --- One trace ------------------------------------------------------------------------------------------------

async function traceView(id) {
  show('trace');
  document.title = 'Trace ' + id + ' – Zipkin';
  $('#raw').href = '/api/v1/trace/' + encodeURIComponent(id) + '?raw';
  const trace = await ask('/api/v1/trace/' + encodeURIComponent(id));
  if (!trace || !trace.length) {
    $('#trace-title').textContent = 'Trace ' + id;
    return problem('There is no trace ' + id + '. Its spans may still be on their way.');
  }
  const whole = extent(trace);
  const length = whole.to - whole.from;
  const root = trace.find((span) => !span.parentId) || trace[0];
  $('#trace-title').textContent = `${serviceOf(root)}: ${root.name || 'unnamed'}`;
  $('#trace-facts').append('Trace ', make('code', {}, trace[0].traceId), ` · ${moment(whole.from)} · ${duration(length)}`
    + ` · ${trace.length} span${trace.length === 1 ? '' : 's'}`);
  $('#legend').append(...services(trace).map(([name, count]) => make('li', {}, dot(name), `${name} ×${count}`)));
  const ticks = make('span', { className: 'ticks' });
  for (let i = 0; i <= 4; i++) ticks.append(make('span', {}, duration(Math.round(length * i / 4))));
  $('#scale').append(make('span', {}, 'Service and span'), ticks);
  const spans = $('#spans');
  spans.append(...tree(trace).map((node) => render(node, 1, whole)));
  spans.addEventListener('click', (event) => {
    const row = event.target.closest('.row');
    if (!row) return;
    const node = row.parentElement;
    if (event.target.closest('.twist')) fold(node); else details(node);
    focus(node);
  });
  spans.addEventListener('keydown', keys);
  const first = $('.node', spans);
  if (first) first.tabIndex = 0;
}

/** Spans below their parents, as nodes {span, children}; what has no parent here is on top. */
function tree(trace) {
  const nodes = new Map(trace.map((span) => [span.id, { span, children: [] }]));
  const top = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.span.parentId);
    if (parent && parent !== node) parent.children.push(node); else top.push(node);
  }
  // Spans that are each other's ancestors hang nowhere: each is shown on top, alone.
  const seen = new Set();
  const walk = (node) => { seen.add(node); node.children.forEach(walk); };
  top.forEach(walk);
  for (const node of nodes.values()) if (!seen.has(node)) { node.children = []; top.push(node); }
  const start = (node) => extent([node.span]).from;
  const sort = (list) => { list.sort((a, b) => start(a) - start(b)); list.forEach((node) => sort(node.children)); };
  sort(top);
  return top;
}

function render({ span, children }, level, whole) {
  const own = extent([span]);
  // A span that nobody timed stands at the beginning; one that never ended has no length.
  const from = span.timestamp || own.from || whole.from;
  const length = span.duration ?? (own.to - own.from || undefined);
  const share = (micros) => whole.to > whole.from ? 100 * micros / (whole.to - whole.from) : 0;
  const left = Math.min(share(from - whole.from), 99.5);
  const width = Math.max(0, Math.min(share(length || 0), 100 - left));
  const service = serviceOf(span);
  const failed = hasError(span);
  const marks = (span.annotations || []).filter((a) => !['cs', 'cr', 'sr', 'ss'].includes(a.value)).map((a) =>
    make('span', { className: 'mark', title: a.value, style: { left: share(a.timestamp - whole.from) + '%' } }));
  const time = { className: 'time' };
  time.style = left + width > 80 ? { right: (100 - left) + '%' } : { left: (left + width) + '%' };
  const name = span.name || 'unnamed';
  const row = make('div', { className: 'row' },
    make('span', { className: 'label', title: service + ': ' + name, style: { paddingLeft: (level - 1) * 0.9 + 'rem' } },
      make('span', { className: 'twist', 'aria-hidden': 'true' }, children.length ? '▾' : '·'),
      make('span', { className: 'service' }, service), ' ', name),
    make('span', { className: 'lane' },
      make('span', { className: 'bar' + (failed ? ' failed' : ''),
        style: { left: left + '%', width: width + '%', background: colour(service) } }),
      ...marks, make('span', time, duration(length) || 'no duration')));
  const node = make('div', { className: 'node', role: 'treeitem', tabIndex: -1, 'aria-level': level,
    'aria-label': `${service}, ${name}, ${duration(length) || 'no duration'}${failed ? ', error' : ''}` }, row);
  node.span = span;
  node.start = whole.from;
  if (children.length) {
    node.setAttribute('aria-expanded', 'true');
    node.append(make('div', { role: 'group' }, ...children.map((child) => render(child, level + 1, whole))));
  }
  return node;
}

function fold(node, open = node.getAttribute('aria-expanded') !== 'true') {
  const group = node.querySelector(':scope > [role=group]');
  if (!group) return;
  group.hidden = !open;
  node.setAttribute('aria-expanded', String(open));
  $('.twist', node).textContent = open ? '▾' : '▸';
}

function details(node) {
  const old = node.querySelector(':scope > .details');
  if (old) return old.remove();
  const { span, start } = node;
  const cell = (text, className = '') => make('td', { className }, text);
  const head = (...names) => make('thead', {}, make('tr', {}, ...names.map((name) => make('th', { scope: 'col' }, name))));
  const where = (e) => e ? `${e.serviceName || 'unknown'} ${e.ipv4 || e.ipv6 || ''}${e.port ? ':' + e.port : ''}` : '';
  const meaning = { cs: 'client sent', cr: 'client received', sr: 'server received', ss: 'server sent' };
  const facts = [['span id', span.id], ['parent', span.parentId || 'none'], ['start', moment(span.timestamp)],
    ['duration', duration(span.duration) || 'none']];
  const box = make('div', { className: 'details' },
    make('table', {}, make('tbody', {}, ...facts.map(([key, value]) =>
      make('tr', {}, make('th', { scope: 'row' }, key), make('td', {}, make('code', {}, value)))))));
  if (span.annotations) {
    box.append(make('table', {}, make('caption', {}, 'Annotations'), head('After', 'What', 'Where'),
      make('tbody', {}, ...span.annotations.map((a) => make('tr', {}, cell(duration(a.timestamp - start), 'number'),
        cell(meaning[a.value] ? `${a.value} (${meaning[a.value]})` : a.value), cell(where(a.endpoint)))))));
  }
  if (span.binaryAnnotations) {
    const address = { sa: 'server address', ca: 'client address', lc: 'local component' };
    box.append(make('table', {}, make('caption', {}, 'Tags'), head('Key', 'Value', 'Where'),
      make('tbody', {}, ...span.binaryAnnotations.map((b) => make('tr', {}, cell(address[b.key] || b.key),
        cell(String(b.value)), cell(where(b.endpoint)))))));
  }
  node.insertBefore(box, node.children[1] || null);
}

function focus(node) {
  for (const other of document.querySelectorAll('#spans .node')) other.tabIndex = -1;
  node.tabIndex = 0;
  node.focus();
}

function keys(event) {
  const node = event.target.closest('.node');
  if (!node || event.target !== node || event.altKey || event.ctrlKey || event.metaKey) return;
  const visible = [...document.querySelectorAll('#spans .node')].filter((other) => !other.parentElement.closest('[hidden]'));
  const at = visible.indexOf(node);
  const parent = node.parentElement.closest('.node');
  const expanded = node.getAttribute('aria-expanded');
  const actions = {
    ArrowDown: () => focus(visible[at + 1] || node),
    ArrowUp: () => focus(visible[at - 1] || node),
    Home: () => focus(visible[0]),
    End: () => focus(visible[visible.length - 1]),
    ArrowRight: () => expanded === 'false' ? fold(node, true) : expanded && focus(visible[at + 1] || node),
    ArrowLeft: () => expanded === 'true' ? fold(node, false) : parent && focus(parent),
    Enter: () => details(node),
    ' ': () => details(node),
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

// --- Dependencies ---------------------------------------------------------------------------------------------

async function dependencyView() {
  show('dependency');
  document.title = 'Dependencies – Zipkin';
  const form = $('#period').elements;
  form.until.value = new Date().toISOString().slice(0, 10);
  const load = async () => {
    problem('');
    // To the end of the chosen day; today that is now, as the original's page asks.
    const endTs = Math.min(Date.parse(form.until.value) + 86399999, Date.now());
    const links = await ask('/api/v1/dependencies', { endTs, lookback: form.days.value * 86400000 }) || [];
    links.sort((a, b) => a.parent.localeCompare(b.parent) || b.callCount - a.callCount);
    $('#links').replaceChildren(links.length ? linkTable(links) : make('p', { className: 'faint' },
      'No dependencies in these days. They are counted by a job of their own, zipkin-dependencies, not by the collector.'));
  };
  $('#period').addEventListener('submit', (event) => { event.preventDefault(); load().catch((e) => problem(e.message)); });
  await load();
}

function linkTable(links) {
  const most = Math.max(...links.map((link) => link.callCount));
  const search = (name) => make('a', { href: '/?' + new URLSearchParams({ serviceName: name }) }, dot(name), name);
  return make('table', {}, make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Caller'),
    make('th', { scope: 'col' }, 'Called'), make('th', { scope: 'col', className: 'number' }, 'Calls'), make('th', {}))),
  make('tbody', {}, ...links.map((link) => make('tr', {}, make('td', {}, search(link.parent)),
    make('td', {}, search(link.child)), make('td', { className: 'number' }, link.callCount.toLocaleString()),
    make('td', { style: { width: '12rem' } }, make('span', { className: 'bar', style: { position: 'static',
      display: 'block', height: '.6rem', width: 100 * link.callCount / most + '%', background: 'var(--accent)' } }))))));
}

// --- Start ----------------------------------------------------------------------------------------------------

async function start() {
  problem('');
  const config = { queryLimit: 10, defaultLookback: 3600000, environment: '' };
  try {
    Object.assign(config, await ask('/config.json'));
    $('#environment').textContent = config.environment;
    const trace = location.pathname.match(/^\/traces\/([^/]+)/);
    if (trace) await traceView(decodeURIComponent(trace[1]));
    else if (location.pathname.startsWith('/dependency')) await dependencyView();
    else await searchView(config);
  } catch (error) {
    problem(error.message);
  }
}

$('#go').addEventListener('submit', (event) => {
  event.preventDefault();
  const id = $('#go-id').value.trim();
  if (id) location.assign('/traces/' + encodeURIComponent(id));
});
window.addEventListener('popstate', start);
start();
