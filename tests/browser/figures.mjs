// What a browser has of the product: how soon a status page is seen and what it weighs; the dashboard with a thousand
// monitors: the first answer, how long until it is live, what each live event costs, and whether anything is in the way of
// who scrolls. Prints plain tables; `make bench PARTS=browser` runs it with optimised builds. EDGEWATCH_BINARIES names the
// directory of the binaries.

import { join } from "node:path";
import { findBrowser, launch } from "./browser.mjs";
import { System, eventually, root } from "./system.mjs";

const MONITORS = 1000;
const LIVE_S = 20;
const SCROLLS = 120;
const LONG_TASK_MS = 50;
const TIMES = 5;
const account = { email: "admin@example.com", password: "a passphrase of some length" };

const executable = findBrowser();
if (!executable) {
  console.log("SKIPPED: the browser's figures: no Chromium on this machine (Debian: apt-get install chromium; or set CHROMIUM)");
  process.exit(0);
}

const system = new System(join(root, "tests/browser/output"));
const browser = await launch(executable);

const median = (figures) => figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
const row = (what, figure, unit = "", more = "") => console.log(`${what.padEnd(52)}${figure.padStart(10)} ${unit.padEnd(4)}${more}`);
const ms = (what, figure, more) => row(what, figure.toFixed(1), "ms", more);
const kb = (what, bytes, more) => row(what, (bytes / 1000).toFixed(1), "kB", more);

/** Notes when the page has become live. */
function watch() {
  globalThis.readyMs = 0;
  new MutationObserver(() => {
    if (!globalThis.readyMs && "ready" in document.documentElement.dataset) globalThis.readyMs = performance.now();
  }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-ready"] });
}

/** How long each task of the pages' main threads kept the processor while something was done: what else ran does not count. */
async function tasks(act) {
  const client = await browser.newBrowserCDPSession();
  const events = [];
  client.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await client.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel", "devtools.timeline", "__metadata"] } });
  await act();
  const complete = new Promise((done) => client.once("Tracing.tracingComplete", done));
  await client.send("Tracing.end");
  await complete;
  await client.detach();
  const thread = ({ pid, tid }) => `${pid}:${tid}`;
  const mains = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(thread));
  const isTask = (event) => event.ph === "X" && event.name === "RunTask" && mains.has(thread(event));
  return events.filter(isTask).map(({ tdur = 0 }) => tdur / 1000);
}

/** A page without anything kept, and a line to the browser's own figures. */
async function fresh(context) {
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  await Promise.all(["Network.enable", "Performance.enable"].map((domain) => client.send(domain)));
  await client.send("Network.setCacheDisabled", { cacheDisabled: true });
  const wire = { bytes: 0, requests: 0, events: 0 };
  client.on("Network.loadingFinished", ({ encodedDataLength }) => {
    wire.bytes += encodedDataLength;
    wire.requests += 1;
  });
  client.on("Network.eventSourceMessageReceived", () => (wire.events += 1));
  const metric = async (name) => (await client.send("Performance.getMetrics")).metrics.find((metric) => metric.name === name)?.value ?? 0;
  return { page, wire, metric };
}

const paint = (page) => page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);

async function statusPage(api) {
  const answer = await api("POST", "/api/v1/status-pages", {
    slug: "figures",
    title: "Figures",
    components: Array.from({ length: 20 }, (_, i) => ({ name: `Component ${i + 1}`, source: { type: "monitors", monitors: [i + 1] } })),
  });
  if (!answer.ok) throw new Error(`the status page: ${answer.status}: ${await answer.text()}`);
  await eventually("the page is shown", async () => (await fetch(`${system.origin}/status/figures`)).ok);
  console.log("\nStatus page of 20 components, nothing in the browser's cache");
  const paints = [];
  let wire;
  for (let time = 0; time < TIMES; time += 1) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const opened = await fresh(context);
    await opened.page.goto(`${system.origin}/status/figures`, { waitUntil: "networkidle" });
    paints.push(await paint(opened.page));
    wire = opened.wire;
    await context.close();
  }
  ms("first contentful paint, median of five", median(paints));
  kb(`on the wire, ${wire.requests} requests`, wire.bytes, " of 60 allowed");
}

async function dashboard(context) {
  console.log(`\nDashboard, ${MONITORS} monitors of which each is checked once a minute`);
  const cookies = (await context.cookies(system.origin)).map(({ name, value }) => `${name}=${value}`).join("; ");
  const waits = [];
  let html = "";
  for (let time = 0; time < TIMES; time += 1) {
    const asked = performance.now();
    html = await (await fetch(`${system.origin}/`, { headers: { cookie: cookies } })).text();
    waits.push(performance.now() - asked);
  }
  const named = new Set(html.match(/Service \d{4}/g));
  ms("first HTML, whole, median of five", median(waits), ` ${(html.length / 1000).toFixed(0)} kB before compression, ${named.size} monitors in it`);
  const paints = [];
  const lives = [];
  const longest = [];
  for (let time = 0; time < TIMES; time += 1) {
    const { page } = await fresh(context);
    await page.addInitScript(watch);
    const spent = await tasks(async () => {
      await page.goto(`${system.origin}/`, { waitUntil: "load" });
      await page.waitForFunction(() => globalThis.readyMs > 0);
    });
    paints.push(await paint(page));
    lives.push(await page.evaluate(() => globalThis.readyMs));
    longest.push(Math.max(0, ...spent));
    await page.close();
  }
  ms("first contentful paint, median of five", median(paints));
  ms("live (hydrated) after, median of five", median(lives));
  ms("longest task until then, median of five", median(longest));

  const { page, wire, metric } = await fresh(context);
  await page.addInitScript(watch);
  await page.goto(`${system.origin}/`, { waitUntil: "load" });
  await page.waitForFunction(() => globalThis.readyMs > 0);
  await page.waitForTimeout(2000);
  const [events, script] = [wire.events, await metric("ScriptDuration")];
  const idle = await tasks(() => page.waitForTimeout(LIVE_S * 1000));
  const came = wire.events - events;
  ms(`scripting per live event, ${came} in ${LIVE_S} s`, (((await metric("ScriptDuration")) - script) * 1000) / came);
  ms("everything in a second of them (layout, paint, scripting)", idle.reduce((sum, spent) => sum + spent, 0) / LIVE_S);
  over("while nobody does anything", idle);
  await page.mouse.move(720, 450);
  const scrolling = await tasks(async () => {
    for (let scroll = 0; scroll < SCROLLS; scroll += 1) {
      await page.mouse.wheel(0, scroll < SCROLLS / 2 ? 400 : -400);
      await page.waitForTimeout(50);
    }
    await page.waitForTimeout(500);
  });
  over("while scrolling down and up again", scrolling);
}

function over(when, spent) {
  const long = spent.filter((time) => time > LONG_TASK_MS);
  row(`tasks over ${LONG_TASK_MS} ms ${when}`, String(long.length), "", ` none allowed, the longest ${Math.max(0, ...spent).toFixed(1)} ms`);
}

try {
  await system.startTarget();
  const lines = Array.from({ length: MONITORS }, (_, i) => {
    const name = `Service ${String(i + 1).padStart(4, "0")}`;
    return `  - { name: "${name}", check: { type: http, url: "${system.target}/?n=${i}" }, tags: [team-${i % 7}] }\n`;
  });
  const config = `settings:\n  allow_private_targets: true\nmonitors:\n${lines.join("")}`;
  await system.startAggregator(config, {
    EDGEWATCH_ADMIN_EMAIL: account.email,
    EDGEWATCH_ADMIN_PASSWORD: account.password,
    EDGEWATCH_LOCAL_REGION: "local",
    EDGEWATCH_LOG: "warn",
  });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const signedIn = await context.request.post(`${system.origin}/api/v1/session`, { data: account });
  const { access_token: token } = await signedIn.json();
  const api = (method, path, body) =>
    fetch(`${system.origin}${path}`, { method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify(body) });
  await eventually(
    "every monitor was checked",
    async () => {
      const overview = await (await api("GET", "/api/v1/overview")).json();
      return overview.monitors.length === MONITORS && overview.monitors.every(({ state }) => state === "up");
    },
    { seconds: 180, everyMs: 2000 },
  );
  await statusPage(api);
  await dashboard(context);
} finally {
  await browser.close();
  await system.stopAll();
}
