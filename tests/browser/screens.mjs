// What an operator does when something has failed, and before it does: an incident is looked at, taken on and told to the
// public, maintenance is planned, an objective is made, another policy is tried on the past, a page gets a password.

import assert from "node:assert/strict";
import { extremes, looks, openPage, picture, visit } from "./browser.mjs";
import { see } from "./status_page.mjs";
import { eventually } from "./system.mjs";

const STATUS = "/status/acme";
const PASSWORD = "known to the team";

/** Needs the monitors `Shop`, at `monitor`, which was down for a while, and the status page `acme` of the first. */
export async function walkScreens({ page, browser, output, monitor }) {
  const stranger = await browser.newContext();
  const outside = await openPage(stranger, page.origin);
  await confirmed(page, output, monitor);
  await told(page, outside, output, monitor);
  await maintained(page, outside, output);
  await promised(page, output);
  await replayed(page, output, monitor);
  await locked(page, outside, output);
  await styles(page, output);
  assert.deepEqual(outside.faults, []);
  await stranger.close();
}

const pathOf = (page) => new URL(page.url()).pathname;
const incidentsOf = (monitor) => `/incidents?monitor=${monitor.split("/").pop()}`;
const said = (page, words) => page.getByText(words).first().waitFor();

/** The outage that the regions confirmed has its incident, and the evidence of each beside what it saw before. */
async function confirmed(page, output, monitor) {
  await picture(page, output, "incidents-open", "/incidents", extremes);
  await page.getByRole("link", { name: "All", exact: true }).click();
  await page.waitForURL(/show=all/);
  await picture(page, output, "incidents");
  await visit(page, incidentsOf(monitor));
  await page.locator(".incident-row").first().click();
  await page.waitForURL(/\/incidents\/\d+$/);
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await said(page, "by admin@example.com");
  assert.equal(await page.getByRole("button", { name: "Acknowledge" }).count(), 0, "once is enough");
  await picture(page, output, "incident", pathOf(page));
  await page.locator(".outage-line", { hasText: "Shop" }).getByRole("link", { name: "Evidence" }).first().click();
  const evidence = page.locator("#evidence");
  for (const region of ["weur", "enam", "apac"]) await evidence.getByRole("heading", { name: region, exact: true }).waitFor();
  const status = evidence.locator("tr.differs", { has: page.getByRole("rowheader", { name: "Status" }) }).first();
  assert.deepEqual(await status.getByRole("cell").allTextContents(), ["503", "200"], "what failed beside what was good");
  await evidence.getByText("All that was seen").first().click();
  await picture(page, output, "incident-evidence", undefined, extremes);
}

/** An incident opened by hand is told to the public in two clicks, and seen there by somebody who is not signed in. */
async function told(page, outside, output, monitor) {
  await visit(page, incidentsOf(monitor));
  await page.getByText("Open an incident by hand").click();
  await page.getByLabel("Title").fill("Orders are slow");
  await page.getByLabel("Severity").selectOption("minor");
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.waitForURL(/\/incidents\/\d+$/);
  await page.getByLabel("Note").fill("Looked at by Ann, not for everybody");
  await page.getByRole("button", { name: "Add" }).click();
  await said(page, "Looked at by Ann");
  // The two clicks.
  await page.getByText("Tell the public").click();
  await page.getByRole("button", { name: "Publish" }).click();
  const update = "Some of our services have a problem. We are looking into it.";
  await page.locator(".incident-updates").getByText(update).waitFor();
  await eventually("the public is told", async () => (await (await fetch(page.origin + STATUS)).text()).includes(update));
  await see(outside, STATUS);
  await picture(outside, output, "status-incident-open", undefined, extremes);
  await outside.getByRole("link", { name: "Orders are slow" }).first().click();
  await outside.waitForURL(/\/incidents\/\d+$/);
  await outside.getByText(update).waitFor();
  await picture(outside, output, "status-incident");
  await page.getByRole("button", { name: "Resolve" }).click();
  await page.getByRole("button", { name: "Open again" }).waitFor();
  const html = await (await fetch(outside.url())).text();
  assert.ok(!html.includes("by Ann") && !html.includes("@example.com"), "neither notes nor authors");
  await see(outside, `${STATUS}/incidents/999999`);
  await picture(outside, output, "status-incident-unknown", undefined, looks.slice(3));
}

/** A window is planned through the form, stands in the calendar, is told beforehand, and is changed. */
async function maintained(page, outside, output) {
  await picture(page, output, "maintenance-recurring", "/maintenance/new?recurring=1", extremes);
  await page.getByRole("link", { name: "Cancel" }).click();
  await page.getByRole("link", { name: "Plan maintenance" }).click();
  await page.getByLabel("Name", { exact: true }).fill("New disks");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator('[data-problem="/scope"]:visible').waitFor();
  await picture(page, output, "maintenance-new");
  await page.getByRole("checkbox", { name: /(^|\s)Shop$/ }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".maintenance-row", { hasText: "New disks" }).waitFor();
  await page.locator(".calendar-window", { hasText: "New disks" }).first().waitFor();
  await picture(page, output, "maintenance", "/maintenance");
  await page.locator(".maintenance-row", { hasText: "New disks" }).click();
  await page.waitForURL(/\/maintenance\/\d+$/);
  await said(page, "Planned");
  await picture(page, output, "maintenance-one", pathOf(page));
  await page.getByLabel("Name", { exact: true }).fill("New and larger disks");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".maintenance-row", { hasText: "New and larger disks" }).waitFor();
  await eventually("the public knows of it", async () => (await (await fetch(page.origin + STATUS)).text()).includes("New and larger disks"));
  await see(outside, STATUS);
  await picture(outside, output, "status-maintenance", undefined, extremes);
}

/** An objective: what is wrong is told at its field, and what it leaves is shown. */
async function promised(page, output) {
  await picture(page, output, "slos-empty", "/slos", extremes);
  await page.getByRole("link", { name: "New objective" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill("The shop sells");
  await page.getByLabel("Objective, %").fill("100.5");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator('[role="alert"]:visible').first().waitFor();
  await picture(page, output, "slo-problems");
  await page.getByLabel("Objective, %").fill("99.5");
  await page.getByRole("checkbox", { name: /(^|\s)Shop$/ }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/\/slos\/\d+$/);
  await said(page, "99.5 % of 30 rolling days");
  await page.getByRole("heading", { name: "Burn-rate alerts" }).waitFor();
  await picture(page, output, "slo", pathOf(page));
  await picture(page, output, "slos", "/slos", extremes);
  await page.getByRole("link", { name: "The shop sells" }).waitFor();
}

/** What another policy would have said is told in one sentence, at an address that can be passed on. */
async function replayed(page, output, monitor) {
  await visit(page, `${monitor}/replay`);
  await page.getByLabel("Failures that confirm it").fill("0");
  await page.getByRole("button", { name: "Replay", exact: true }).click();
  await page.locator("#problem-confirmations").waitFor();
  await page.getByLabel("Failures that confirm it").fill("5");
  await page.getByLabel("Down when it is seen by").selectOption("all");
  await page.getByRole("button", { name: "Replay", exact: true }).click();
  await page.getByRole("heading", { name: /^It would (not )?have paged/ }).waitFor();
  await page.getByRole("rowheader", { name: "Outages" }).waitFor();
  await picture(page, output, "replay");
}

/** Who does not know the password sees nothing of a page, not even its name. */
async function locked(page, outside, output) {
  const answer = await page.evaluate(async (password) => {
    const source = { type: "by_hand", state: "operational" };
    const body = { slug: "inner", title: "Behind the door", access: "password", password, components: [{ name: "Till", source }] };
    const made = await fetch("/api/v1/status-pages", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    return [made.status, made.ok ? "" : await made.text()];
  }, PASSWORD);
  assert.deepEqual(answer, [201, ""]);
  await eventually("the page asks for its password", async () => (await (await fetch(`${page.origin}/status/inner`)).text()).includes('type="password"'));
  await see(outside, "/status/inner");
  assert.ok(!(await outside.content()).includes("Behind the door"));
  await picture(outside, output, "status-password");
  await outside.getByLabel("Password").fill("not this one");
  await outside.getByRole("button", { name: "Open" }).click();
  await outside.getByText("That is not the password").waitFor();
  await picture(outside, output, "status-password-wrong", undefined, looks.slice(3));
  await outside.getByLabel("Password").fill(PASSWORD);
  await outside.getByRole("button", { name: "Open" }).click();
  await outside.getByText("Till", { exact: true }).first().waitFor();
}

/** In release builds there is none. */
async function styles(page, output) {
  const answer = await fetch(`${page.origin}/styleguide`);
  if (answer.status === 404) return;
  await see(page, "/styleguide");
  await picture(page, output, "styleguide", undefined, extremes);
}
