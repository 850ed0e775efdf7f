// Makes a component smaller: its largest core module goes through wasm-opt, and the names that only debuggers read are
// dropped. wasm-opt knows modules alone, not components; but a component refers to a module by its position and to the
// module's imports and exports by name, neither of which wasm-opt changes, so that the smaller module takes the place of
// the larger one byte for byte.
//
//   node edge/spin/optimise.mjs <component> <optimised component>     (WASM_OPT_BIN, or the one of node_modules)

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Section ids of the component binary format. */
const CUSTOM = 0;
const CORE_MODULE = 1;
/** Magic and version. */
const PREAMBLE_BYTES = 8;
/** What rustc emits for its WASI targets. wasm-opt would otherwise use encodings that runtimes do not read yet. */
const FEATURES = [
  "bulk-memory",
  "bulk-memory-opt",
  "call-indirect-overlong",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
];
/** Functions that differ in constants alone become one; what that leaves behind wants a second turn. */
const PASSES = ["--low-memory-unused", "-Oz", "--merge-similar-functions", "-Oz", "--strip-debug", "--strip-producers"];
/** What a component begins with: `\0asm`, version 13, layer 1. */
const COMPONENT_PREAMBLE = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);

const [input, output] = process.argv.slice(2);
if (!input || !output) {
  console.error("usage: node edge/spin/optimise.mjs <component> <optimised component>");
  process.exit(2);
}
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const wasmOpt = process.env.WASM_OPT_BIN ?? join(root, "node_modules", ".bin", "wasm-opt");

/** An unsigned LEB128 number at a position, and the position after it. */
function readNumber(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at];
    at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

function writeNumber(value) {
  const bytes = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return Buffer.from(bytes);
}

function readSections(component) {
  const sections = [];
  for (let at = PREAMBLE_BYTES; at < component.length; ) {
    const id = component[at];
    const [length, begin] = readNumber(component, at + 1);
    sections.push({ id, content: component.subarray(begin, begin + length) });
    at = begin + length;
  }
  return sections;
}

function optimise(module) {
  const directory = mkdtempSync(join(tmpdir(), "edgewatch-spin-"));
  try {
    const [before, after] = [join(directory, "before.wasm"), join(directory, "after.wasm")];
    writeFileSync(before, module);
    const features = FEATURES.map((feature) => `--enable-${feature}`);
    execFileSync(wasmOpt, [...features, ...PASSES, before, "-o", after], { stdio: "inherit" });
    return readFileSync(after);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const component = readFileSync(input);
if (!component.subarray(0, PREAMBLE_BYTES).equals(COMPONENT_PREAMBLE)) {
  console.error(`error: ${input} is no component`);
  process.exit(2);
}
const sections = readSections(component).filter((section) => section.id !== CUSTOM);
const largest = sections
  .filter((section) => section.id === CORE_MODULE)
  .reduce((a, b) => (b.content.length > a.content.length ? b : a));
largest.content = optimise(largest.content);
const parts = sections.flatMap(({ id, content }) => [Buffer.from([id]), writeNumber(content.length), content]);
writeFileSync(`${output}.new`, Buffer.concat([COMPONENT_PREAMBLE, ...parts]));
renameSync(`${output}.new`, output);
