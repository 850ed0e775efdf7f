// Takes over the page that the server rendered.
import "./copy.js";
import "./open_incidents.js";
import "./still.js";
import init, { hydrate } from "edgewatch-glue";

await init({ module_or_path: WASM_URL });
hydrate();
document.documentElement.dataset.ready = "";
