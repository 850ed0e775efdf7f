// Prints the size of the built component, and fails when it is over the product's bound.
//
//   node edge/spin/size.mjs [component]

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** The product's own bound. */
const LIMIT_BYTES = 2_000_000;

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const path = process.argv[2] ?? join(root, "build", "edgewatch-spin.wasm");
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(8)} kB`;

let bytes;
try {
  bytes = readFileSync(path);
} catch {
  console.error(`size: ${path} is missing: run \`make build\` first`);
  process.exit(2);
}
const gzip = gzipSync(bytes, { level: 9 }).length;
console.log(`spin   component      ${kilobytes(bytes.length)} raw of ${kilobytes(LIMIT_BYTES)} allowed ${kilobytes(gzip)} gzip`);
if (bytes.length > LIMIT_BYTES) {
  console.error("size: the component is over its limit");
  process.exit(1);
}
