// A status page: made in its editor beside its preview, seen by somebody who is not signed in, with JavaScript and without,
// and read by a client that was written for Statuspage's API.

import assert from "node:assert/strict";
import statuspage from "statuspage.io";
import { openPage, picture } from "./browser.mjs";
import { eventually } from "./system.mjs";

const ADDRESS = "/status/acme";

/** Pages that the server alone writes: nothing has to become live. */
export async function see(page, path) {
  await page.goto(page.origin + path, { waitUntil: "load" });
  await page.locator("body").waitFor();
}

export async function walkStatusPage({ page, browser, output }) {
  await picture(page, output, "status-pages-empty", "/status-pages");
  await edit(page, output);
  const stranger = await browser.newContext();
  const outside = await openPage(stranger, page.origin);
  await eventually("the page is shown", async () => (await fetch(page.origin + ADDRESS)).ok);
  for (const [name, path] of [["status", ""], ["status-history", "/history"], ["status-subscribe", "/subscribe"], ["status-embed", "/embed"]]) {
    await see(outside, ADDRESS + path);
    await picture(outside, output, name);
  }
  const html = await (await fetch(page.origin + ADDRESS)).text();
  assert.match(html, /Web shop/);
  assert.ok(!html.includes("/switch/shop"), "no address of a monitor");
  assert.deepEqual(outside.faults, []);
  await stranger.close();
  await bare(page, browser);
  await read(page.origin);
}

async function edit(page, output) {
  await page.getByRole("link", { name: "New status page" }).first().click();
  await page.getByLabel("Title").fill("Acme");
  assert.equal(await page.getByLabel("Address", { exact: true }).inputValue(), "acme");
  await page.getByRole("button", { name: "Component", exact: true }).click();
  await page.keyboard.type("Web shop");
  await page.locator('.node [data-part="monitor"]').last().fill("Shop");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Take Shop away" }).waitFor();
  // What is removed can be put back.
  await page.locator(".node").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByLabel("Time zone").fill("Mars/Base");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator('[role="alert"]:visible').filter({ hasText: /zone/i }).waitFor();
  await page.getByLabel("Time zone").fill("Europe/Berlin");
  const preview = page.frameLocator("iframe:not([hidden])");
  await preview.getByText("Web shop", { exact: true }).waitFor();
  await picture(page, output, "status-page-editor");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/\/status-pages\/\d+\?saved/);
  await page.getByRole("link", { name: "Subscribers" }).click();
  await page.getByRole("heading", { name: /Subscribers/ }).first().waitFor();
  await picture(page, output, "status-page-subscribers");
  await picture(page, output, "status-pages", "/status-pages");
}

/** All of it is there without JavaScript. */
async function bare(page, browser) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(page.origin + ADDRESS);
  await plain.getByText("Web shop", { exact: true }).waitFor();
  await context.close();
}

async function read(origin) {
  const { api, ...client } = new statuspage.Statuspage("acme");
  client.apiClient.defaults.baseURL = origin + ADDRESS;
  const { page, status, components, incidents } = await api.getSummary();
  assert.equal(page.name, "Acme");
  assert.match(status.indicator, /^(none|minor|major|critical|maintenance)$/);
  assert.deepEqual(components.map(({ name }) => name), ["Web shop"]);
  assert.match(components[0].status, /^(operational|degraded_performance|partial_outage|major_outage|under_maintenance)$/);
  assert.ok(Array.isArray(incidents));
  assert.equal((await api.getStatus()).status.description, status.description);
  assert.equal((await api.getComponents()).components[0].id, components[0].id);
  assert.ok(Array.isArray((await api.incidents.getUnresolved()).incidents));
  assert.ok(Array.isArray((await api.scheduledMaintenances.getUpcoming()).scheduled_maintenances));
}
