// Agreements and reports: tiers of credits, the preview of a report that is not made yet, and the progress of one that is.
// Loaded by the pages that need it (`page-script` in still.js).

const PREVIEW_AFTER_MS = 300;
const PROGRESS_AFTER_MS = 1000;

/** A part of a page as the server writes it now. */
async function fresh(address, id) {
  const answer = await fetch(address);
  if (!answer.ok) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
}

function tiers() {
  const form = document.getElementById("agreement");
  const list = document.getElementById("tiers");
  const hidden = form.elements["policy/credits"];
  const number = (input, factor) => Math.round(Number(input.value.replace(",", ".")) * factor);
  const note = () => {
    const rows = [...list.children].map((row) => ["below", "credit"].map((name) => row.querySelector(`[data-tier=${name}]`)));
    const filled = rows.filter((inputs) => inputs.some((input) => input.value.trim()));
    hidden.value = JSON.stringify(filled.map(([below, credit]) => ({ below_ppm: number(below, 10_000), percent: number(credit, 1) })));
  };
  form.addEventListener("input", note);
  document.getElementById("add-tier").addEventListener("click", () => {
    list.append(document.getElementById("tier").content.cloneNode(true));
    list.lastElementChild.querySelector("input").focus();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-tier=remove]");
    if (!button) return;
    button.closest("li").remove();
    note();
    document.getElementById("add-tier").focus();
  });
}

function preview() {
  const form = document.getElementById("builder");
  let timer;
  let asked = 0;
  form.addEventListener("change", (event) => {
    if (event.target.name === "title") return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const own = ++asked;
      const query = new URLSearchParams(["sla", "from", "to"].map((name) => [name, form.elements[name].value]));
      const address = `/reports/new?${query}`;
      // Another agreement has another zone, and its own usual periods.
      if (event.target.name === "sla") return location.assign(address);
      const shown = document.getElementById("preview");
      shown.setAttribute("aria-busy", "true");
      const next = await fresh(address, "preview").catch(() => null);
      if (own !== asked) return;
      shown.removeAttribute("aria-busy");
      if (next) shown.replaceChildren(...next.childNodes);
      history.replaceState(history.state, "", address);
    }, PREVIEW_AFTER_MS);
  });
}

async function progress() {
  const address = location.pathname;
  const shown = document.getElementById("progress");
  await new Promise((resolve) => setTimeout(resolve, PROGRESS_AFTER_MS));
  if (!shown.isConnected) return;
  const next = await fresh(address, "progress").catch(() => shown);
  // It is there, or has failed.
  if (!next) return location.reload();
  const bar = next.querySelector("progress");
  if (!bar && next !== shown) return location.reload();
  if (next !== shown) shown.querySelector("progress").value = bar.value;
  return progress();
}

if (document.getElementById("agreement")) tiers();
if (document.getElementById("builder")) preview();
if (document.getElementById("progress")) progress();
