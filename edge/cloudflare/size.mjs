// Prints the size of the built worker, and fails when it is over the bundle's limit.
//
//   node edge/cloudflare/size.mjs [build directory]
//
// Cloudflare's own limits are 3 MB gzip on the free plan and 10 MB on the paid one; the bound here is the product's.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT_GZIP_BYTES = 1_000_000;

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const build = process.argv[2] ?? join(root, "build");
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(8)} kB`;

let raw = 0;
let gzip = 0;
for (const name of ["index_bg.wasm", "index.js"]) {
  let bytes;
  try {
    bytes = readFileSync(join(build, name));
  } catch {
    console.error(`size: ${join(build, name)} is missing: run \`make worker\` first`);
    process.exit(2);
  }
  const packed = gzipSync(bytes, { level: 9 }).length;
  console.log(`worker ${name.padEnd(14)} ${kilobytes(bytes.length)} raw ${kilobytes(packed)} gzip`);
  raw += bytes.length;
  gzip += packed;
}
console.log(
  `worker ${"total".padEnd(14)} ${kilobytes(raw)} raw ${kilobytes(gzip)} gzip of ${kilobytes(LIMIT_GZIP_BYTES)} allowed`,
);
if (gzip > LIMIT_GZIP_BYTES) {
  console.error("size: the worker is over its limit");
  process.exit(1);
}
