// The editor of a status page: its components as a tree that can be changed, its logo, and the page itself as it would be.
// Loaded by the page that needs it (`page-script` in still.js).

import { said } from "./said.js";

const PREVIEW_AFTER_MS = 500;
const form = document.getElementById("status-page");
const root = document.getElementById("components");
const hidden = form.elements.components;
const options = [...document.querySelectorAll("#monitors option")];
const nameOf = new Map(options.map((option) => [Number(option.dataset.id), option.value]));
const idOf = new Map(options.map((option) => [option.value, Number(option.dataset.id)]));

/** A part of a node itself, not of what is in it. */
const part = (node, name) => [...node.querySelectorAll(`[data-part="${name}"]`)].find((found) => found.closest(".node") === node);
const isGroup = (node) => node.dataset.kind === "group";
const listOf = (node) => (node ? part(node, "children") : root);
const nodesIn = (list) => [...list.children];

function chip(monitor) {
  const element = document.createElement("button");
  const name = nameOf.get(monitor) ?? `Monitor ${monitor}, removed`;
  element.type = "button";
  element.className = "tag node-monitor";
  element.dataset.monitor = monitor;
  element.dataset.tree = "unbind";
  element.title = `Take ${name} away`;
  element.textContent = `${name} ×`;
  element.setAttribute("aria-label", element.title);
  return element;
}

/** What is shown of a node follows where its state comes from. */
function show(node) {
  const source = isGroup(node) ? "group" : part(node, "source").value;
  const bound = node.querySelectorAll(":scope > .node-body .node-monitor").length;
  part(node, "source").parentElement.hidden = isGroup(node);
  part(node, "rule").parentElement.hidden = source === "by_hand" || (source === "monitors" && bound < 2);
  part(node, "state").parentElement.hidden = source !== "by_hand";
  part(node, "monitors").hidden = source !== "monitors";
  part(node, "children").hidden = part(node, "add").hidden = !isGroup(node);
}

function make({ id = null, name = "", description = "", source, children = [] }) {
  const node = document.getElementById("node").content.firstElementChild.cloneNode(true);
  node.dataset.kind = source.type === "group" ? "group" : "component";
  if (id !== null) node.dataset.id = id;
  part(node, "name").value = name;
  part(node, "description").value = description;
  if (source.type !== "group") part(node, "source").value = source.type;
  part(node, "rule").value = source.rule ?? "all";
  part(node, "state").value = source.state ?? "operational";
  part(node, "monitor").before(...(source.monitors ?? []).map(chip));
  part(node, "children").append(...children.map(make));
  show(node);
  return node;
}

function read(node) {
  const type = isGroup(node) ? "group" : part(node, "source").value;
  const rule = part(node, "rule").value;
  const monitors = [...part(node, "monitors").querySelectorAll("[data-monitor]")].map((one) => Number(one.dataset.monitor));
  const source = {
    group: { type, rule },
    monitors: { type, rule, monitors },
    by_hand: { type, state: part(node, "state").value },
  }[type];
  return {
    id: node.dataset.id ? Number(node.dataset.id) : null,
    name: part(node, "name").value.trim(),
    description: part(node, "description").value.trim(),
    source,
    children: isGroup(node) ? nodesIn(listOf(node)).map(read) : [],
  };
}

function changed() {
  hidden.value = JSON.stringify(nodesIn(root).map(read));
  preview();
}

// ---- What can be done to a node ----

let removed;
const ACTS = {
  up: (node) => node.previousElementSibling?.before(node),
  down: (node) => node.nextElementSibling?.after(node),
  in: (node) => {
    const above = node.previousElementSibling;
    if (above && isGroup(above)) listOf(above).append(node);
  },
  out: (node) => node.parentElement.closest(".node")?.after(node),
  remove: (node) => {
    removed = { node, list: node.parentElement, next: node.nextElementSibling };
    node.remove();
    tellRemoved(part(node, "name").value || "A component without a name");
  },
};

function tellRemoved(name) {
  const line = document.getElementById("component-removed");
  line.hidden = !name;
  line.firstElementChild.textContent = name ? `“${name}” was taken away.` : "";
}

root.closest("fieldset").addEventListener("click", (event) => {
  const button = event.target.closest("[data-tree]");
  if (!button) return;
  const act = button.dataset.tree;
  const node = button.closest(".node");
  if (act === "component" || act === "group") {
    const source = act === "group" ? { type: "group" } : { type: "monitors" };
    const made = make({ source });
    listOf(node).append(made);
    part(made, "name").focus();
  } else if (act === "undo") {
    removed.list.insertBefore(removed.node, removed.next?.parentElement === removed.list ? removed.next : null);
    tellRemoved("");
    part(removed.node, "name").focus();
  } else if (act === "unbind") {
    button.remove();
    show(node);
    part(node, "monitor").focus();
  } else {
    ACTS[act](node);
    // A node that was moved keeps the focus, so that it can be moved further.
    if (node.isConnected) button.focus();
  }
  changed();
});

root.addEventListener("change", ({ target }) => {
  const node = target.closest(".node");
  if (target.dataset.part === "monitor" && idOf.has(target.value)) {
    const monitor = idOf.get(target.value);
    const bound = part(node, "monitors").querySelector(`[data-monitor="${monitor}"]`);
    if (!bound) target.before(chip(monitor));
    // Most components are called after their monitor.
    if (!part(node, "name").value) part(node, "name").value = target.value;
    target.value = "";
  }
  show(node);
  changed();
});
root.addEventListener("input", ({ target }) => target.dataset.part !== "monitor" && changed());
root.addEventListener("keydown", (event) => {
  // Enter takes the monitor and does not send the form.
  if (event.key === "Enter" && event.target.dataset.part) {
    event.preventDefault();
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// ---- Agreements ----

// The fieldset has this name as its id, which `form.elements` looks for, too.
const slas = form.querySelector('input[name="slas"]');
const rows = [...form.querySelectorAll("[data-sla]")];

function readSla(row) {
  const choice = (name) => row.querySelector(`[data-part="${name}"]`);
  return {
    sla: Number(row.dataset.sla),
    history: choice("history").checked,
    exclusions: choice("exclusions").checked,
    reports: choice("reports").value,
  };
}

document.getElementById("slas")?.addEventListener("change", () => {
  const shown = rows.filter((row) => row.querySelector('[data-part="shown"]').checked);
  slas.value = JSON.stringify(shown.map(readSla));
  preview();
});

// ---- The preview ----

const frames = [...document.querySelectorAll(".status-preview iframe")];
const state = document.getElementById("preview-state");
const page = document.querySelector(".status-editor").dataset.page;
const sender = document.createElement("form");
sender.method = "post";
sender.action = `/api/v1/status-pages/preview${page ? `?page=${page}` : ""}`;
sender.hidden = true;
const settings = document.createElement("input");
settings.name = "settings";
sender.append(settings);
document.querySelector(".status-editor").append(sender);

let timer;
let shown = 0;
let isLoading = false;
let isStale = false;

function preview() {
  clearTimeout(timer);
  timer = setTimeout(send, PREVIEW_AFTER_MS);
}

function send() {
  if (isLoading) {
    isStale = true;
    return;
  }
  isLoading = true;
  isStale = false;
  settings.value = said(form);
  sender.target = frames[1 - shown].name;
  sender.submit();
}

for (const frame of frames) {
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument;
    if (!isLoading || frame !== frames[1 - shown] || inside?.URL === "about:blank") return;
    isLoading = false;
    if (inside.contentType === "text/html") {
      const before = frames[shown];
      const top = before.contentWindow?.scrollY ?? 0;
      before.hidden = true;
      frame.hidden = false;
      frame.contentWindow.scrollTo(0, top);
      shown = 1 - shown;
      state.textContent = "";
    } else {
      // A problem in place of the page: what was shown stays.
      let problem = {};
      try {
        problem = JSON.parse(inside.body.textContent);
      } catch {
        // Then it is only said that there is none.
      }
      state.textContent = problem.errors?.[0]?.detail ?? problem.detail ?? "There is no preview of this";
    }
    if (isStale) send();
  });
}

form.addEventListener("input", preview);
document.querySelector(".status-preview").addEventListener("click", ({ target }) => {
  const width = target.dataset?.preview;
  if (!width) return;
  document.querySelector(".status-preview-frames").dataset.width = width;
  for (const button of document.querySelectorAll("[data-preview]")) {
    button.setAttribute("aria-pressed", String(button === target));
  }
});

// ---- The rest of the form ----

const { slug, title, accent } = form.elements;
let isSlugOwn = slug.value !== "";
slug.addEventListener("input", () => (isSlugOwn = slug.value !== ""));
title.addEventListener("input", () => {
  if (isSlugOwn) return;
  const plain = title.value.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  slug.value = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60).replace(/-$/, "");
});
const well = document.getElementById("accent-well");
well.addEventListener("input", () => {
  accent.value = well.value;
  preview();
});
accent.addEventListener("input", () => {
  if (/^#[0-9a-f]{6}$/i.test(accent.value)) well.value = accent.value;
});

document.getElementById("logo-file")?.addEventListener("change", async ({ target }) => {
  const file = target.files[0];
  if (!file) return;
  const line = document.getElementById("logo-problem");
  const answer = await fetch(target.dataset.logo, { method: "PUT", body: file, headers: { "content-type": file.type } }).catch(() => null);
  if (answer?.ok) return location.reload();
  const problem = await answer?.json().catch(() => null);
  line.lastElementChild.textContent = problem?.errors?.[0]?.detail ?? problem?.detail ?? "Edgewatch cannot be reached";
  line.hidden = false;
});

// What is wrong with a component is told beside it: `/components/0/children/2/name`.
form.addEventListener("problem", ({ detail: errors }) => {
  for (const line of root.querySelectorAll('[data-part="problem"]')) line.hidden = true;
  for (const { pointer, detail } of errors) {
    let list = root;
    let node;
    for (const step of pointer.split("/").slice(2)) {
      if (/^\d+$/.test(step) && list) {
        node = nodesIn(list)[step] ?? node;
        list = null;
      } else if (step === "children" && node) list = listOf(node);
      else break;
    }
    if (!pointer.startsWith("/components/") || !node) continue;
    const line = part(node, "problem");
    line.hidden = false;
    line.lastElementChild.textContent = detail;
  }
});

root.append(...JSON.parse(hidden.value).map(make));
send();
