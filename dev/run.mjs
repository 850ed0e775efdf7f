// Runs the whole system on this machine: the aggregator on its embedded database, and three edge regions, which are the
// very worker that is deployed, on workerd. `--demo` adds a scripted target to watch; `--watch` rebuilds on change.
//
// Everything lives under one directory (EDGEWATCH_DATA_DIR, default .data) and survives a restart.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const demo = process.argv.includes("--demo");
const watching = process.argv.includes("--watch");
const binaries = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug");
const listen = process.env.EDGEWATCH_LISTEN ?? "127.0.0.1:8080";
const origin = `http://${listen.replace(/^(0\.0\.0\.0|\[::\])/, "127.0.0.1")}`;
const regions = process.env.EDGEWATCH_REGIONS ?? "weur,enam,apac";

const data = resolve(process.env.EDGEWATCH_DATA_DIR ?? join(root, demo ? ".data-demo" : ".data"));
mkdirSync(join(data, "edge"), { recursive: true });

/** A secret that is made once and kept readable by its owner alone. */
function secret(name) {
  const file = join(data, "edge", name);
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600 });
  chmodSync(file, 0o600);
  return readFileSync(file, "utf8").trim();
}
const seed = secret("seed");
const token = secret("enrolment-token");

const children = new Map();
let builder;
let stopping = false;

function start(name, command, args, env = {}) {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit"] });
  children.set(name, child);
  child.on("error", (error) => fail(`${name} cannot be started: ${error.message}; build it first with \`make build\``));
  child.on("exit", (code, signal) => {
    if (children.get(name) !== child) return;
    children.delete(name);
    if (!stopping) fail(`${name} has ended (${signal ?? `exit code ${code}`}); its last lines above say why`);
  });
  return child;
}

/** Stops children in the order of the road, so that what a probe has measured is still taken. */
async function stop(names) {
  for (const name of names) {
    const child = children.get(name);
    if (!child) continue;
    children.delete(name);
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(patience);
  }
}

/** Whether it was built. Not waited for in place, so that Ctrl-C is heard meanwhile. */
function make(targets) {
  const { MAKEFLAGS, MAKELEVEL, ...env } = process.env;
  return new Promise((done) => {
    builder = spawn("make", targets, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
    builder.on("error", () => done(false));
    builder.on("exit", (code) => done(code === 0));
  });
}

async function shutDown(code) {
  if (stopping) return;
  stopping = true;
  builder?.kill("SIGTERM");
  await stop(["edge", "aggregator", "target"]);
  process.exit(code);
}

function fail(message) {
  console.error(`error: ${message}`);
  void shutDown(1);
}

async function ready(url, seconds) {
  for (let i = 0; i < seconds * 10 && !stopping; i++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return true;
    await new Promise((wait) => setTimeout(wait, 100));
  }
  return false;
}

const startAggregator = () =>
  start("aggregator", join(binaries, "edgewatch"), ["serve"], {
    EDGEWATCH_LISTEN: listen,
    EDGEWATCH_DATA_DIR: join(data, "aggregator"),
    EDGEWATCH_CONFIG: process.env.EDGEWATCH_CONFIG ?? join(root, demo ? "tests/demo.yml" : "edgewatch.example.yml"),
    EDGEWATCH_BOOTSTRAP_TOKEN: token,
    // What the shared target directory may have set for a build means nothing to a run.
    SQLX_OFFLINE: undefined,
  });

const startEdge = () =>
  start("edge", process.execPath, [join(root, "edge/cloudflare/local/run.mjs"), "--aggregator", origin, "--regions", regions, "--state", join(data, "edge")], {
    EDGEWATCH_PROBE_SEED: seed,
    EDGEWATCH_ENROLMENT_TOKEN: token,
  });

process.on("SIGINT", () => void shutDown(0));
process.on("SIGTERM", () => void shutDown(0));

if (await fetch(`${origin}/health/live`).catch(() => undefined)) {
  console.error(`error: something already answers on ${origin}: stop it, or set EDGEWATCH_LISTEN to another address`);
  process.exit(2);
}
if (demo) start("target", join(binaries, "target"), ["--demo", "--port", "9090"]);
startAggregator();
if (await ready(`${origin}/health/ready`, 60)) {
  startEdge();
  const first = await (await fetch(`${origin}/api/v1/setup`)).json().catch(() => ({}));
  console.log(`
  Edgewatch runs: ${origin}
  ${first.needed ? "First run: open the address with `/setup?code=…` that the aggregator has logged above, and make your account." : "Sign in with your account."}
  Regions ${regions} check from this machine; data in ${data}
  Ctrl-C stops everything.
`);
} else if (!stopping) fail(`the aggregator does not answer on ${origin}/health/ready`);

if (watching) {
  const plans = [
    { paths: ["edge/protocol", "edge/core", "edge/cloudflare"], targets: ["build-worker"], restart: "edge", then: startEdge },
    { paths: ["ui", "aggregator", "edge/protocol", "edge/core", "edge/agent", "migrations"], targets: ["build-ui", "build-native"], restart: "aggregator", then: startAggregator },
  ];
  const wanted = new Set();
  let timer;
  let busy = false;

  // One build at a time; what changes meanwhile is built after it.
  const rebuild = async () => {
    if (busy) return;
    busy = true;
    for (const plan of plans) {
      if (stopping || !wanted.delete(plan)) continue;
      if (!(await make(plan.targets))) {
        if (!stopping) console.error("the build failed; the old version keeps running");
        continue;
      }
      await stop([plan.restart]);
      if (!stopping) plan.then();
      console.log(`${plan.restart}: built and started again`);
    }
    busy = false;
    if (wanted.size && !stopping) void rebuild();
  };
  for (const plan of plans) {
    for (const path of plan.paths) {
      watch(join(root, path), { recursive: true }, (_, file) => {
        if (!/\.(rs|sql|toml|css|m?js|svg)$/.test(file ?? "") || /(^|\/)dist\//.test(file)) return;
        wanted.add(plan);
        clearTimeout(timer);
        timer = setTimeout(() => void rebuild(), 300);
      });
    }
  }
  console.log("watching for changes");
}
