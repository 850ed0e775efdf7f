// What pages that the server alone writes need beside their HTML: moments in the viewer's zone, and forms that talk to the
// REST API.

import { said } from "./said.js";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");

// <local-time datetime="2026-11-21T14:05:09Z" data-style="minute">: as `format::moment` writes it.
customElements.define("local-time", class extends HTMLElement {
  connectedCallback() {
    const at = new Date(this.getAttribute("datetime"));
    const day = `${at.getDate()} ${MONTHS[at.getMonth()]}`;
    const minute = `${two(at.getHours())}:${two(at.getMinutes())}`;
    this.textContent = {
      day,
      minute: `${day}, ${minute}`,
      second: `${day}, ${minute}:${two(at.getSeconds())}`,
    }[this.dataset.style];
  }
});

// <moment-input datetime="2026-11-21T14:05:09Z">: its input has the moment in the viewer's zone; or so many whole hours from now.
customElements.define("moment-input", class extends HTMLElement {
  connectedCallback() {
    const text = this.getAttribute("datetime");
    const at = new Date(text);
    if (/^\d+$/.test(text)) {
      at.setTime(Date.now());
      at.setHours(at.getHours() + Number(text), 0, 0, 0);
    }
    at.setMinutes(at.getMinutes() - at.getTimezoneOffset());
    queueMicrotask(() => (this.querySelector("input").value = at.toISOString().slice(0, 16)));
  }
});

// <page-script src="/assets/…">: what one page alone needs, anew each time, for each time it is another page.
customElements.define("page-script", class extends HTMLElement {
  connectedCallback() {
    import(`${this.getAttribute("src")}?${Date.now()}`);
  }
});

async function send(form) {
  const [method, path] = form.dataset.api.split(" ");
  const ask = () => fetch(path, method === "DELETE"
    ? { method }
    : { method, body: said(form), headers: { "content-type": "application/json" } });
  const answer = await ask();
  if (answer.status !== 401) return answer;
  // As everywhere, one tab at a time renews the session.
  const renew = () => fetch("/api/v1/session/refresh", { method: "POST" });
  await (navigator.locks ? navigator.locks.request("edgewatch-session", renew) : renew());
  return ask();
}

// A form has a line for what is wrong with each of its fields, `data-problem` naming the field's pointer, and one for the
// rest, which names none.
function show(form, problem) {
  const errors = problem?.errors ?? [];
  let first;
  for (const line of form.querySelectorAll("[data-problem]")) {
    const pointer = line.dataset.problem;
    const own = pointer && errors.find((error) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`));
    const text = pointer ? own?.detail : problem && errors.length === 0 && (problem.detail ?? problem.title);
    line.hidden = !text;
    line.lastElementChild.textContent = text || "";
    const input = pointer && form.elements[pointer.slice(1)];
    if (input instanceof HTMLElement) {
      input.toggleAttribute("aria-invalid", Boolean(text));
      if (text) input.setAttribute("aria-invalid", "true");
    }
    if (text) first ??= input instanceof HTMLElement ? input : line;
  }
  form.dispatchEvent(new CustomEvent("problem", { detail: errors }));
  first?.scrollIntoView({ block: "center" });
  first?.focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-api]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const answer = await send(form);
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) return location.assign(form.dataset.then.replace(/{(\w+)}/, (_, name) => body[name]));
    show(form, { title: `The server answered ${answer.status}`, ...body });
  } catch {
    show(form, { title: "Edgewatch cannot be reached" });
  }
  button.disabled = false;
});

// <input data-filter="id">: hides the items of a list that do not hold what is typed.
document.addEventListener("input", ({ target }) => {
  const list = target.dataset?.filter && document.getElementById(target.dataset.filter);
  for (const item of list?.children ?? []) {
    item.hidden = !item.textContent.toLowerCase().includes(target.value.trim().toLowerCase());
  }
});
