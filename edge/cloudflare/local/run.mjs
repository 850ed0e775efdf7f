// Runs the built worker on this machine: the very bytes that are deployed, on workerd, with its cron fired at once and
// then each minute on the minute. Needs Node.js alone; workerd comes from node_modules.
//
//   node edge/cloudflare/local/run.mjs --aggregator http://127.0.0.1:8080 --regions weur,enam,apac --state .data/edge
//
//   --aggregator URL     the aggregator's origin                        (or EDGEWATCH_AGGREGATOR_URL)
//   --regions LIST       as in wrangler.toml                            (or EDGEWATCH_REGIONS, default weur)
//   --state DIR          where Durable Objects are kept; without it, in a directory that is removed at the end
//   --doh URL            the DNS-over-HTTPS resolver                    (or EDGEWATCH_DOH_URL)
//   --roots FILE         PEM of further certificate authorities to trust (or EDGEWATCH_EXTRA_ROOTS, the PEM itself)
//   --build DIR          the built worker (default: build/ of the repository)
//   --port N             where this process listens on 127.0.0.1 (default: any free port, printed)
//   --no-cron            only fire the cron when asked to
//
// The two secrets come by environment alone: EDGEWATCH_PROBE_SEED and EDGEWATCH_ENROLMENT_TOKEN.
// `POST /cron` fires the cron and answers with each region's report when all turns are over, `GET /` is the worker's own
// status line, `GET /local` tells this process's and workerd's state.

import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SETTINGS, workerdConfig } from "./workerd_config.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../../..");

function refuse(message) {
  console.error(`error: ${message}`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        aggregator: { type: "string" },
        regions: { type: "string" },
        state: { type: "string" },
        doh: { type: "string" },
        roots: { type: "string" },
        build: { type: "string", default: join(root, "build") },
        port: { type: "string", default: "0" },
        "no-cron": { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error.message);
  }
}
const options = readOptions();

function readText(file, what) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return refuse(`${what} cannot be read: ${error.message}`);
  }
}

const settings = {
  EDGEWATCH_REGIONS: "weur",
  // Only here: in production the platform itself refuses private addresses, and the worker says so beforehand.
  EDGEWATCH_LOCAL_TARGETS: "allow",
};
for (const name of SETTINGS) if (process.env[name]) settings[name] = process.env[name];
if (options.aggregator) settings.EDGEWATCH_AGGREGATOR_URL = options.aggregator;
if (options.regions) settings.EDGEWATCH_REGIONS = options.regions;
if (options.doh) settings.EDGEWATCH_DOH_URL = options.doh;
if (options.roots) settings.EDGEWATCH_EXTRA_ROOTS = readText(options.roots, "--roots");
if (!settings.EDGEWATCH_AGGREGATOR_URL) refuse("--aggregator is missing: the aggregator's origin, such as http://127.0.0.1:8080");
if (!settings.EDGEWATCH_PROBE_SEED) refuse("EDGEWATCH_PROBE_SEED is not set: make one with `openssl rand -hex 32` and keep it");

/** The binary itself, not the package's wrapper script, so that signals reach it. */
function findWorkerd() {
  const name = `@cloudflare/workerd-${process.platform}-${{ x64: "64", arm64: "arm64" }[process.arch]}`;
  try {
    const require = createRequire(join(root, "package.json"));
    return require.resolve(`${name}/bin/workerd`, { paths: [root, dirname(require.resolve("workerd/package.json"))] });
  } catch {
    return refuse(`workerd (npm package ${name}) is missing: run \`make setup\``);
  }
}
const workerd = findWorkerd();
for (const name of ["index.js", "index_bg.wasm"]) {
  if (!existsSync(join(options.build, name))) refuse(`${join(options.build, name)} is missing: run \`make build-worker\` first`);
}

// The state directory: this process's own copy of the worker, its configuration, and the Durable Objects.
const temporary = options.state ? undefined : mkdtempSync(join(tmpdir(), "edgewatch-edge-"));
const state = join(resolve(options.state ?? temporary), "workerd");
mkdirSync(join(state, "worker"), { recursive: true });
mkdirSync(join(state, "objects"), { recursive: true });

const lock = join(state, "pid");
function ownerAlive() {
  const pid = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
  if (!pid || pid === process.pid) return undefined;
  try {
    process.kill(pid, 0);
    // A pid that something else was given since says so where there is a /proc.
    const commandLine = `/proc/${pid}/cmdline`;
    return existsSync(commandLine) && !readFileSync(commandLine, "utf8").includes("run.mjs") ? undefined : pid;
  } catch {
    return undefined;
  }
}
const owner = ownerAlive();
if (owner) refuse(`${state} is in use by process ${owner}: give another --state`);
writeFileSync(lock, String(process.pid));
process.on("exit", () => {
  rmSync(lock, { force: true });
  if (temporary) rmSync(temporary, { recursive: true, force: true });
});

for (const name of ["index.js", "index_bg.wasm"]) copyFileSync(join(options.build, name), join(state, "worker", name));
copyFileSync(join(here, "driver.js"), join(state, "worker", "driver.js"));
const roots = settings.EDGEWATCH_EXTRA_ROOTS?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
roots.forEach((pem, index) => writeFileSync(join(state, `root-${index}.pem`), `${pem}\n`));
const compatibilityDate = readText(join(root, "wrangler.toml"), "wrangler.toml").match(/^compatibility_date = "(.+)"/m)?.[1];
const config = workerdConfig({ compatibilityDate, settings: Object.keys(settings), roots: roots.length });
writeFileSync(join(state, "config.capnp"), config);

// ---- workerd, kept alive ----

// A shell stands between, so that workerd ends with this process however that ends: the pipe on descriptor 4 closes then.
const GUARD = `"$@" 4<&- & child=$!
{ read -r _ <&4; kill "$child"; } 2>/dev/null & watch=$!
trap 'kill "$child" 2>/dev/null' TERM INT
wait "$child"; code=$?
kill "$watch" 2>/dev/null
exit "$code"`;

const local = { port: 0, pid: process.pid, workerd: { port: 0, starts: 0 }, cron: { fired: 0, failed: 0 } };
let child;
let stopping = false;
let startedAt = 0;
let waitMs = 250;

function eachLine(stream, take) {
  let rest = "";
  stream.setEncoding("utf8").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    lines.filter(Boolean).forEach(take);
  });
}

/** When each of workerd's own complaints was last passed on. */
const complaints = new Map();

/**
 * Passes a line of workerd's on. It complains of every target that cannot be reached, with addresses of its own code
 * below; the worker reports the same as an observation, so once a minute is enough.
 */
function passOn(line) {
  if (line.startsWith("stack: ")) return;
  const complaint = line.match(/^workerd\/\S+ error: .*?failed: (.+)$/)?.[1];
  if (!complaint) return console.error(line);
  if (Date.now() - (complaints.get(complaint) ?? 0) < 60_000) return;
  if (complaints.size > 100) complaints.clear();
  complaints.set(complaint, Date.now());
  console.error(`workerd: ${complaint}`);
}

function startWorkerd() {
  startedAt = Date.now();
  local.workerd.starts += 1;
  const args = ["serve", "--experimental", "--control-fd=3", "config.capnp", "config"];
  child = spawn("/bin/sh", ["-c", GUARD, "sh", workerd, ...args], {
    cwd: state,
    env: { PATH: process.env.PATH, TZ: "UTC", ...settings },
    stdio: ["ignore", "inherit", "pipe", "pipe", "pipe"],
  });
  eachLine(child.stderr, passOn);
  eachLine(child.stdio[3], (line) => {
    const message = JSON.parse(line);
    if (message.event === "listen") workerdListens(message.port);
  });
  child.stdio[4].on("error", () => {});
  child.on("error", (error) => refuse(`workerd cannot be started: ${error.message}`));
  // Not `exit`: what it wrote last is still to be read then.
  child.on("close", (code, signal) => {
    local.workerd.port = 0;
    if (stopping) return;
    if (!local.port) refuse(`workerd ended at its start (${signal ?? `exit code ${code}`}); its message stands above`);
    // One that keeps dying is given longer and longer pauses.
    waitMs = Date.now() - startedAt > 30_000 ? 250 : Math.min(waitMs * 2, 10_000);
    console.error(`workerd has ended (${signal ?? `exit code ${code}`}); started again in ${waitMs} ms`);
    setTimeout(startWorkerd, waitMs);
  });
}

function workerdListens(port) {
  local.workerd.port = port;
  if (!options["no-cron"]) void fireCron(Date.now());
  if (local.port) return;
  server.listen(Number(options.port), "127.0.0.1");
}

// ---- The cron ----

/** Fires the cron once and waits for the end of every region's turn. */
function fireCron(time) {
  return new Promise((done) => {
    local.cron.fired += 1;
    const failed = (why) => {
      local.cron.failed += 1;
      if (!stopping) console.error(`cron: ${why}`);
      done({ outcome: "exception", error: why });
    };
    if (!local.workerd.port) return failed("workerd is not up");
    const path = `/__cron?time=${Math.floor(time / 60_000) * 60_000}`;
    request({ host: "127.0.0.1", port: local.workerd.port, path, method: "POST", agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => (body += text));
      response.on("error", (error) => failed(error.message));
      response.on("end", () => {
        try {
          const result = JSON.parse(body);
          return result.outcome === "ok" ? done(result) : failed(`the cron handler ended as ${result.outcome}`);
        } catch {
          return failed(`answered ${response.statusCode}: ${body.slice(0, 200)}`);
        }
      });
    })
      .on("error", (error) => failed(error.message))
      .end();
  });
}

function cronEachMinute(due = Math.ceil(Date.now() / 60_000) * 60_000) {
  setTimeout(() => {
    if (stopping) return;
    void fireCron(due);
    // Timers can be a little early, and a machine can sleep: neither makes a minute fire twice or catch up.
    cronEachMinute(Math.max(due + 60_000, Math.ceil(Date.now() / 60_000) * 60_000));
  }, Math.max(0, due - Date.now()));
}

// ---- This process's own port ----

const server = createServer(async (incoming, answer) => {
  const json = (value) => answer.setHeader("content-type", "application/json").end(`${JSON.stringify(value)}\n`);
  if (incoming.method === "POST" && incoming.url === "/cron") return json(await fireCron(Date.now()));
  if (incoming.url === "/local") return json(local);
  const { method, url: path, headers } = incoming;
  const onward = request({ host: "127.0.0.1", port: local.workerd.port, path, method, headers, agent: false }, (response) => {
    answer.writeHead(response.statusCode, response.headers);
    response.pipe(answer);
  });
  onward.on("error", (error) => answer.writeHead(502).end(`${error.message}\n`));
  return incoming.pipe(onward);
});
server.on("error", (error) => {
  console.error(`error: port ${options.port} cannot be listened on: ${error.message}`);
  void stop(2);
});
server.on("listening", () => {
  local.port = server.address().port;
  console.log(`edge: regions ${settings.EDGEWATCH_REGIONS} report to ${settings.EDGEWATCH_AGGREGATOR_URL}; control on http://127.0.0.1:${local.port}`);
});

// ---- The end ----

async function stop(code) {
  if (stopping) return;
  stopping = true;
  server.close();
  server.closeAllConnections();
  if (child && child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    // Closing the guard's pipe ends a workerd that outlived its shell.
    const patience = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(patience);
  }
  process.exit(code);
}
process.on("SIGTERM", () => void stop(0));
process.on("SIGINT", () => void stop(0));

// When the process that started this one is gone, nobody would ever stop it.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && void stop(0), 1_000).unref();

startWorkerd();
if (!options["no-cron"]) cronEachMinute();
