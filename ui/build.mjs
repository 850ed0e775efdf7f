// Builds the dashboard's assets into ui/dist: hashed names, .br and .gz beside each file, manifest.json.
//
// It needs cargo with the target wasm32-unknown-unknown, wasm-bindgen of the version in Cargo.lock, and the npm packages
// binaryen, esbuild, subset-font and @fontsource-variable/inter. Steps whose inputs have not changed are skipped.
//
//   node ui/build.mjs
//
// Environment: CARGO_TARGET_DIR, EDGEWATCH_TOOLS (a directory whose bin/ holds wasm-bindgen; default: tools/ in the former),
// NODE_MODULES (where the npm packages are, default: node_modules of the repository), EDGEWATCH_UI_PROFILE=dev (quick to
// build and with messages for developers, but large: never to be shipped).
//
// JavaScript and WASM have a budget; over it, the build fails (EDGEWATCH_UI_BUDGET=warn: it only says so).

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BUDGET_BYTES = 350_000;
// What a public page loads besides its HTML, which has 20 kB (a test sees to that): 60 kB in all.
const PUBLIC_BUDGET_BYTES = 40_000;
// What rustc's WASM target uses and every browser of the last years runs; binaryen would use newer ones if it might.
const FEATURES = ["bulk-memory", "bulk-memory-opt", "mutable-globals", "multivalue", "nontrapping-float-to-int", "reference-types", "sign-ext"]
  .map((feature) => `--enable-${feature}`);
// What makes code smaller raw makes it larger in brotli where its like is not seen twice then: inlining by a tenth, the last
// step of size (`-Oz`), and values that are kept instead of computed again, by a hundredth.
const LEVEL = "-Os";
const PASSES = ["inlining-optimizing", "rse", "local-cse"].map((pass) => `--skip-pass=${pass}`);
const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const dist = join(here, "dist");
const target = resolve(process.env.CARGO_TARGET_DIR ?? join(root, "target"));
const development = process.env.EDGEWATCH_UI_PROFILE === "dev";
const work = join(target, development ? "edgewatch-ui-dev" : "edgewatch-ui");
const modules = resolve(process.env.NODE_MODULES ?? join(root, "node_modules"));
const require = createRequire(join(modules, "package.json"));

const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

function run(step, command, args, env = {}) {
  const begin = performance.now();
  process.stderr.write(`ui: ${step} …\n`);
  try {
    execFileSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });
  } catch (error) {
    const missing = error.code === "ENOENT" ? `${command} is not installed` : `${command} failed`;
    process.stderr.write(`error: ${step}: ${missing}; \`make setup\` installs what is missing\n`);
    process.exit(2);
  }
  process.stderr.write(`ui: ${step}, ${((performance.now() - begin) / 1000).toFixed(1)} s\n`);
}

function wasmBindgen() {
  const ours = join(process.env.EDGEWATCH_TOOLS ?? join(target, "tools"), "bin", "wasm-bindgen");
  return existsSync(ours) ? ours : "wasm-bindgen";
}

/** Runs a step unless its inputs are as they were when it last succeeded. */
function unlessUnchanged(name, inputs, step) {
  const stamp = join(work, `${name}.stamp`);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) return;
  step();
  writeFileSync(stamp, inputs);
}

mkdirSync(work, { recursive: true });

// 1. The crate. Cargo itself knows what has changed.
run("compiling the dashboard for the browser", "cargo", [
  ...["build", "--package", "edgewatch-ui", "--profile", development ? "dev" : "wasm", "--target", "wasm32-unknown-unknown"],
  ...["--features", "hydrate", "--locked"],
], {
  CARGO_TARGET_DIR: target,
  // No path of this machine goes into what is shipped.
  CARGO_ENCODED_RUSTFLAGS: ["--cfg", "erase_components", `--remap-path-prefix=${cargoHome}/registry/src/=`].join("\x1f"),
});
const compiled = join(target, "wasm32-unknown-unknown", development ? "debug" : "wasm", "edgewatch_ui.wasm");

// 2. Its JavaScript side, and the smallest WASM that does the same.
const glue = join(work, "glue");
const optimised = join(work, "app.wasm");
unlessUnchanged("wasm", sha256(readFileSync(compiled), LEVEL, PASSES.join(), FEATURES.join()), () => {
  run("binding", wasmBindgen(), ["--target", "web", "--no-typescript", "--out-dir", glue, "--out-name", "app", compiled]);
  if (development) {
    copyFileSync(join(glue, "app_bg.wasm"), optimised);
    return;
  }
  const binaryen = join(dirname(require.resolve("binaryen/package.json")), "bin", "wasm-opt");
  run("optimising", process.execPath, [binaryen, LEVEL, ...PASSES, ...FEATURES, join(glue, "app_bg.wasm"), "-o", optimised]);
});

// 3. The verifier of bundles, for the one page that has it: quick rather than small, and no part of the dashboard.
run("compiling the verifier for the browser", "cargo", [
  ...["build", "--package", "edgewatch-verifier", "--profile", development ? "dev" : "wasm-fast", "--target", "wasm32-unknown-unknown", "--locked"],
], { CARGO_TARGET_DIR: target, CARGO_ENCODED_RUSTFLAGS: `--remap-path-prefix=${cargoHome}/registry/src/=` });
const verifierCompiled = join(target, "wasm32-unknown-unknown", development ? "debug" : "wasm-fast", "edgewatch_verifier.wasm");
const verifierGlue = join(work, "verifier-glue");
const verifier = join(work, "verifier.wasm");
unlessUnchanged("verifier", sha256(readFileSync(verifierCompiled), FEATURES.join()), () => {
  run("binding the verifier", wasmBindgen(), ["--target", "web", "--no-typescript", "--out-dir", verifierGlue, "--out-name", "verifier", verifierCompiled]);
  if (development) {
    copyFileSync(join(verifierGlue, "verifier_bg.wasm"), verifier);
    return;
  }
  const binaryen = join(dirname(require.resolve("binaryen/package.json")), "bin", "wasm-opt");
  run("optimising the verifier", process.execPath, [binaryen, "-O2", ...FEATURES, join(verifierGlue, "verifier_bg.wasm"), "-o", verifier]);
});

// 4. Everything gets a name made of its content.
const esbuild = require("esbuild");
mkdirSync(dist, { recursive: true });
const manifest = {};
const sizes = [];
const written = new Set();

/** A file whose content is as it was stays untouched, for a release build of the crate is made anew when one is younger. */
function write(name, bytes) {
  const path = join(dist, name);
  written.add(name);
  if (!existsSync(path) || !readFileSync(path).equals(bytes)) writeFileSync(path, bytes);
}

function emit(name, bytes) {
  const dot = name.lastIndexOf(".");
  const hashed = `${name.slice(0, dot)}-${sha256(bytes).slice(0, 10)}${name.slice(dot)}`;
  manifest[name] = hashed;
  write(hashed, bytes);
  let compressed = bytes.length;
  if (!name.endsWith(".woff2") && !development) {
    const brotli = compressOnce(bytes);
    compressed = brotli.length;
    write(`${hashed}.br`, brotli);
    write(`${hashed}.gz`, gzipSync(bytes, { level: 9 }));
  }
  sizes.push({ name, bytes: bytes.length, compressed });
  return `/assets/${hashed}`;
}

/** Brotli at its best takes seconds for a megabyte, so the answer is kept. */
function compressOnce(bytes) {
  const kept = join(work, `${sha256(bytes)}.br`);
  if (!existsSync(kept)) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(kept, brotliCompressSync(bytes, { params }));
  }
  return readFileSync(kept);
}

/** What names a colour, a size of type or a space itself instead of taking a token. */
function styleFaults() {
  const kinds = [
    ["colour", /#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(|\blight-dark\(/i],
    ["size of type", /^\s*font(-size|-weight)?:(?! (var\(|inherit|\d+ \d+;))/],
    ["space", /^\s*(padding|margin|gap|row-gap|column-gap)[a-z-]*:.*(?<![\w.-])([4-9]|\d{2,})px/],
  ];
  const files = readdirSync(join(here, "style"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".css") && name !== "tokens.css");
  return files.flatMap((name) =>
    readFileSync(join(here, "style", name), "utf8").split("\n").flatMap((line, i) =>
      kinds.filter(([, pattern]) => pattern.test(line)).map(([kind]) => `ui/style/${name}:${i + 1}: a ${kind} of its own: ${line.trim()}`)));
}

async function bundle(options) {
  const result = await esbuild.build({
    bundle: true,
    minify: true,
    write: false,
    target: ["es2022", "safari16"],
    legalComments: "none",
    logLevel: "warning",
    ...options,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

const wasmUrl = emit("app.wasm", readFileSync(optimised));
const script = await bundle({
  entryPoints: [join(here, "script", "app.js")],
  format: "esm",
  define: { WASM_URL: JSON.stringify(wasmUrl) },
  alias: { "edgewatch-glue": join(glue, "app.js") },
});
emit("app.js", script);
emit("verifier.wasm", readFileSync(verifier));
emit("verify_worker.js", await bundle({
  entryPoints: [join(here, "script", "verify_worker.js")],
  format: "esm",
  alias: { "edgewatch-verifier-glue": join(verifierGlue, "verifier.js") },
}));
for (const name of ["theme.js", "public.js", "status_page.js", "verify.js", "sla.js"]) {
  emit(name, await bundle({ entryPoints: [join(here, "script", name)], format: "iife" }));
}

const faults = styleFaults();
if (faults.length > 0) {
  process.stderr.write(`${faults.join("\n")}\nui: colours, sizes and spaces have their names in style/tokens.css\n`);
  process.exit(1);
}
const fonts = join(dirname(require.resolve("@fontsource-variable/inter/package.json")), "files");
const fontUrls = {};
for (const subset of ["latin", "latin-ext"]) {
  fontUrls[subset] = emit(`inter-${subset}.woff2`, readFileSync(join(fonts, `inter-${subset}-wght-normal.woff2`)));
}
// Public pages are small, and so is their face: the letters of their languages, in the weights that they are set in.
const LETTERS = [[0x20, 0x7e], [0xa0, 0xff], [0x152, 0x153], [0x2013, 0x2014], [0x2018, 0x201a], [0x201c, 0x201e], [0x2022, 0x2022], [0x2026, 0x2026], [0x202f, 0x202f], [0x20ac, 0x20ac]]
  .map(([from, to]) => String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, i) => from + i))).join("");
const face = readFileSync(join(fonts, "inter-latin-wght-normal.woff2"));
fontUrls.public = emit("inter-public.woff2", await require("subset-font")(face, LETTERS, {
  targetFormat: "woff2",
  variationAxes: { wght: { min: 400, max: 640 } },
}));
for (const name of ["main.css", "public.css", "verify.css"]) {
  emit(name, await bundle({
    entryPoints: [join(here, "style", name)],
    plugins: [{
      name: "fonts",
      setup(build) {
        build.onResolve({ filter: /^font:/ }, ({ path }) => ({ path: fontUrls[path.slice(5)], external: true }));
      },
    }],
  }));
}
emit("favicon.svg", readFileSync(join(here, "style", "favicon.svg")));
write("manifest.json", Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
for (const name of readdirSync(dist)) {
  if (!written.has(name)) rmSync(join(dist, name), { recursive: true });
}

// Kept answers of former builds.
const current = new Set(readdirSync(dist).filter((name) => !name.endsWith(".br")).map((name) => `${sha256(readFileSync(join(dist, name)))}.br`));
for (const name of readdirSync(work)) {
  if (name.endsWith(".br") && !current.has(name) && statSync(join(work, name)).isFile()) rmSync(join(work, name));
}

for (const { name, bytes, compressed } of sizes) {
  process.stdout.write(`${name.padEnd(24)} ${kb(bytes).padStart(12)} ${kb(compressed).padStart(12)} brotli\n`);
}
// What every page of the dashboard loads; not what public pages do, nor what one page fetches when it is opened.
const code = sizes.filter(({ name }) => ["app.js", "app.wasm", "theme.js"].includes(name));
const total = code.reduce((sum, { compressed }) => sum + compressed, 0);
process.stdout.write(`${"JavaScript and WASM".padEnd(24)} ${"".padStart(12)} ${kb(total).padStart(12)} of ${kb(BUDGET_BYTES)}\n`);
if (total > BUDGET_BYTES && !development) {
  process.stderr.write("ui: JavaScript and WASM are over their budget\n");
  process.exit(process.env.EDGEWATCH_UI_BUDGET === "warn" ? 0 : 1);
}
const ofPublic = sizes.filter(({ name }) => name.startsWith("public.") || name === "inter-public.woff2" || name === "favicon.svg");
const publicTotal = ofPublic.reduce((sum, { compressed }) => sum + compressed, 0);
process.stdout.write(`${"Public pages".padEnd(24)} ${"".padStart(12)} ${kb(publicTotal).padStart(12)} of ${kb(PUBLIC_BUDGET_BYTES)}\n`);
if (publicTotal > PUBLIC_BUDGET_BYTES && !development) {
  process.stderr.write("ui: what public pages load is over its budget\n");
  process.exit(1);
}
