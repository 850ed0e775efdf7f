// Runs the verifier beside the page. It is given the file and the address of the WASM, and asks for nothing else.

import init, { verify_bundle } from "edgewatch-verifier-glue";

addEventListener("message", async ({ data: { file, logKey, wasm } }) => {
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    await init({ module_or_path: wasm });
    const began = performance.now();
    const found = verify_bundle(bytes, logKey, (share) => postMessage({ share }));
    postMessage({ found: JSON.parse(found), seconds: (performance.now() - began) / 1000 });
  } catch (error) {
    // What the verifier says is a text; all else is a fault of ours or of the browser's.
    postMessage({ fault: typeof error === "string" ? error : `the browser could not do it (${error.message ?? error})` });
  }
});
