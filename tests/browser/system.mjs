// The system under test: the built aggregator on an embedded database, the built worker on workerd, the scripted target.
// Every run has its own ports and its own directory, so runs do not meet.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const binaries = process.env.EDGEWATCH_BINARIES ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug");

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Polls until `check` answers something truthy; an error of its own is part of the message when it never does. */
export async function eventually(what, check, { seconds = 30, everyMs = 200 } = {}) {
  const end = Date.now() + seconds * 1000;
  let last;
  while (Date.now() < end) {
    try {
      const value = await check();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((wait) => setTimeout(wait, everyMs));
  }
  throw new Error(`within ${seconds} s it did not happen that ${what}${last ? `: ${last.message}` : ""}`);
}

export class System {
  /** @param {string} output where logs and screenshots go */
  constructor(output) {
    this.output = output;
    mkdirSync(output, { recursive: true });
    this.dir = mkdtempSync(join(tmpdir(), "edgewatch-browser-"));
    chmodSync(this.dir, 0o755); // the database runs as another user when this runs as root
    this.children = new Map();
    this.seed = randomBytes(32).toString("hex");
    this.token = randomBytes(32).toString("hex");
    this.lines = [];
  }

  start(name, command, args, env = {}) {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, DATABASE_URL: undefined, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(join(this.output, `${name}.log`), { flags: "a" });
    for (const stream of [child.stdout, child.stderr]) {
      stream.pipe(log, { end: false });
      createInterface({ input: stream }).on("line", (line) => this.lines.push({ name, line }));
    }
    child.on("error", (error) => console.error(`${name}: ${error.message}`));
    this.children.set(name, child);
    return child;
  }

  async startTarget() {
    this.targetPort = await freePort();
    this.start("target", join(binaries, "target"), ["--port", String(this.targetPort)]);
    this.target = `http://127.0.0.1:${this.targetPort}`;
    const [line] = await eventually("the target says where it is", () => this.logged("target", /^\{.*\}$/));
    this.addresses = JSON.parse(line);
  }

  async startAggregator(config, env = {}) {
    this.port ??= await freePort();
    this.origin = `http://127.0.0.1:${this.port}`;
    const file = join(this.dir, "edgewatch.yml");
    if (config !== undefined) writeFileSync(file, config);
    this.start("aggregator", join(binaries, "edgewatch"), ["serve"], {
      EDGEWATCH_LISTEN: `127.0.0.1:${this.port}`,
      EDGEWATCH_DATA_DIR: join(this.dir, "aggregator"),
      EDGEWATCH_CONFIG: file,
      EDGEWATCH_BOOTSTRAP_TOKEN: this.token,
      ...env,
    });
    await eventually("the aggregator is ready", async () => (await fetch(`${this.origin}/health/ready`)).ok, { seconds: 60 });
  }

  async startRegions(regions) {
    this.cronPort = await freePort();
    this.start(
      "edge",
      process.execPath,
      [join(root, "edge/cloudflare/local/run.mjs"), "--aggregator", this.origin, "--regions", regions, "--state", join(this.dir, "edge"), "--port", String(this.cronPort)],
      { EDGEWATCH_PROBE_SEED: this.seed, EDGEWATCH_ENROLMENT_TOKEN: this.token },
    );
  }

  /** An agent on this machine, with one script. */
  async startAgent(region) {
    const config = join(this.dir, "agent.yml");
    const script = { program: "/bin/echo", arguments: ["3 hours"] };
    writeFileSync(config, JSON.stringify({ region, aggregator_url: this.origin, state_dir: join(this.dir, "agent"), scripts: { age: script } }));
    this.start("agent", join(binaries, "edgewatch-agent"), ["--config", config], { EDGEWATCH_ENROLMENT_TOKEN: this.token });
  }

  /** Fires the worker's cron now instead of at the next full minute. */
  async tick() {
    const answer = await fetch(`http://127.0.0.1:${this.cronPort}/cron`, { method: "POST" });
    if (!answer.ok) throw new Error(`the cron trigger answered ${answer.status}: ${await answer.text()}`);
  }

  /** The first line that a process logged and that matches. */
  logged(name, pattern) {
    for (const entry of this.lines) {
      const match = entry.name === name && pattern.exec(entry.line);
      if (match) return match;
    }
  }

  async stop(name, signal = "SIGTERM") {
    const child = this.children.get(name);
    if (!child) return;
    this.children.delete(name);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(patience);
  }

  async stopAll() {
    for (const name of ["edge", "agent", "aggregator", "target"]) await this.stop(name);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
