// Takes over the page that the server rendered.
import "./copy.js";
import "./open_incidents.js";
import "./still.js";
import init, { hydrate } from "edgewatch-glue";

// What a visitor, or the browser for them, has put into fields before the page listens: the page is told of it again.
function whatWasSaid() {
  return [...document.querySelectorAll("input, textarea, select")].flatMap((field) => {
    const { value, checked, options } = field;
    const option = options && ([...options].find((one) => one.defaultSelected) ?? options[0]);
    const isSaid = checked !== field.defaultChecked || value !== (options ? option?.value : field.defaultValue);
    if (!isSaid) return [];
    return () => {
      Object.assign(field, checked === undefined ? { value } : { checked });
      for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
    };
  });
}

await init({ module_or_path: WASM_URL });
const said = whatWasSaid();
hydrate();
// Once the page has put its own values in.
setTimeout(() => said.forEach((sayAgain) => sayAgain()));
document.documentElement.dataset.ready = "";
