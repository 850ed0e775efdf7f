// The page `/verify`: takes a file, has it checked by a worker in this browser, and shows what was found. Nothing is uploaded.

const form = document.getElementById("verify");
const input = document.getElementById("file");
const drop = document.getElementById("drop");
const progress = document.getElementById("progress");
const result = document.getElementById("result");
let worker;

const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const number = (count) => count.toLocaleString("en");

/** Percent with three decimals, rounded downwards, as everywhere. */
function percent(part, of) {
  if (!of) return "no data";
  const thousandths = (BigInt(part) * 100000n) / BigInt(of);
  return `${thousandths / 1000n}.${String(thousandths % 1000n).padStart(3, "0")} %`;
}

function duration(ms) {
  const seconds = Math.floor(ms / 1000);
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const words = [];
  let rest = seconds;
  for (const [unit, size] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && words.length < 2) words.push(`${count} ${unit}`);
  }
  return words.join(" ") || `${ms} ms`;
}

const measured = ({ up_ms, degraded_ms, down_ms }) => up_ms + degraded_ms + down_ms;
const up = ({ up_ms, degraded_ms }) => up_ms + degraded_ms;

function figuresTable(stated, recomputed) {
  const rows = [
    ["Availability by the agreement", (f) => percent(up(f.time.contractual), measured(f.time.contractual))],
    ["At least", (f) => percent(up(f.time.contractual) - f.time.contractual.maybe_down_ms, measured(f.time.contractual))],
    ["At most", (f) => percent(up(f.time.contractual) + f.time.contractual.maybe_up_ms, measured(f.time.contractual))],
    ["With nothing left out", (f) => percent(up(f.time.strict), measured(f.time.strict))],
    ["Down", (f) => duration(f.time.contractual.down_ms)],
    ["Counted time", (f) => duration(measured(f.time.contractual))],
    ["Nothing known", (f) => duration(f.time.recorded.unknown_ms)],
    ["Outages", (f) => number(f.outages.length)],
  ];
  const table = element("table", null, "verify-figures");
  const head = table.createTHead().insertRow();
  for (const title of ["", "The report", "Its observations"]) {
    const cell = element("th", title);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const [title, value] of rows) {
    const row = body.insertRow();
    const name = element("th", title);
    name.scope = "row";
    const cells = [stated, recomputed].map((figures) => element("td", figures ? value(figures) : "–"));
    row.append(name, ...cells);
    if (cells[0].textContent !== cells[1].textContent) row.className = "differs";
  }
  return table;
}

function list(title, findings) {
  if (findings.length === 0) return [];
  const items = element("ul", null, "verify-findings");
  items.append(...findings.map((finding) => element("li", finding.text)));
  return [element("h2", title), items];
}

function show(found, seconds) {
  const faults = found.findings.filter(({ severity }) => severity === "fault");
  const notes = found.findings.filter(({ severity }) => severity === "note");
  const verdict = element("div", null, `verdict ${found.holds ? "holds" : "fails"}`);
  verdict.append(
    element("h2", found.holds ? "The bundle proves its report" : "The bundle does not prove its report"),
    element("p", found.holds
      ? "What the probes signed makes the report's figures, to the last number."
      : `${faults.length === 1 ? "One thing is" : `${number(faults.length)} things are`} wrong with it.`),
  );
  const facts = element("dl", null, "verify-facts");
  const fact = (name, value) => {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", value));
    facts.append(pair);
  };
  if (found.title) fact("Report", found.title);
  for (const probe of found.probes) {
    fact(probe.region, `${number(probe.batches)} batches, ${number(probe.observations)} observations, ${number(probe.signatures)} signatures checked`);
  }
  if (found.log) {
    fact("Log", `${number(found.log.leaves)} documents proven among ${number(found.log.size)}, in ${number(found.log.checkpoints)} checkpoints`);
    fact(found.log.keys_were_given ? "Log's key, as you gave it" : "Log's key, as the bundle has it", found.log.keys.join(", "));
  }
  fact("Policy", found.policy_hash);
  fact("Took", `${seconds.toFixed(1)} s`);
  result.replaceChildren(
    verdict,
    ...list("What is wrong", faults),
    figuresTable(found.stated, found.recomputed),
    facts,
    ...list("To be known", notes),
  );
  result.focus();
}

function check(file) {
  worker?.terminate();
  worker = new Worker(form.dataset.worker, { type: "module" });
  result.replaceChildren();
  progress.hidden = false;
  const bar = progress.querySelector("progress");
  bar.removeAttribute("value");
  const told = progress.querySelector("p");
  told.textContent = `Reading ${file.name} …`;
  const ended = () => {
    progress.hidden = true;
    worker.terminate();
    input.value = "";
  };
  const failed = (text) => {
    const verdict = element("div", null, "verdict fails");
    verdict.append(element("h2", "This cannot be read as a bundle"), element("p", `${file.name}: ${text}`));
    result.replaceChildren(verdict);
    result.focus();
  };
  worker.onmessage = ({ data }) => {
    if (data.share !== undefined) {
      bar.value = data.share;
      told.textContent = `Checking ${file.name} …`;
      return;
    }
    ended();
    if (data.fault) failed(data.fault);
    else show(data.found, data.seconds);
  };
  worker.onerror = () => {
    ended();
    failed("the verifier could not be loaded");
  };
  worker.postMessage({ file, logKey: form.elements.log_key.value, wasm: new URL(form.dataset.wasm, location.href).href });
}

form.addEventListener("submit", (event) => event.preventDefault());
input.addEventListener("change", () => input.files[0] && check(input.files[0]));
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
// A file that misses is not opened instead of the page.
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
drop.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  const file = event.dataTransfer.files[0];
  if (file) check(file);
});
form.hidden = false;
