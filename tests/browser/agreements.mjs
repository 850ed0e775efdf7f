// An agreement: written, time left out of it, a report made of it with its preview beside the form and shared by a link,
// mailed by a schedule, and shown to the public on a status page.

import assert from "node:assert/strict";
import { extremes, openPage, picture, visit } from "./browser.mjs";
import { eventually } from "./system.mjs";

/** Needs the monitor `Shop`, which was down for a while, and the status page `acme`. */
export async function walkAgreements({ page, browser, output }) {
  const said = (words) => page.getByText(words).first().waitFor();
  for (const [name, path] of [["slas-empty", "/slas"], ["reports-empty", "/reports"], ["report-new-empty", "/reports/new"]]) {
    await picture(page, output, name, path, extremes);
  }
  await write(page, output, said);
  await leaveOut(page, output, said);
  const report = await makeReport(page, output, said);
  await picture(page, output, "slas", "/slas");
  await picture(page, output, "reports", "/reports");
  await schedule(page, output);
  await share(page, browser, output, report);
  await show(page, browser, output);
}

async function write(page, output, said) {
  await visit(page, "/slas");
  await page.getByRole("link", { name: "New agreement" }).first().click();
  await page.getByLabel("Promise, %").waitFor();
  await picture(page, output, "sla-new");
  await page.getByLabel("Promise, %").fill("101");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator('[role="alert"]:visible').first().waitFor();
  await page.getByLabel("Name", { exact: true }).fill("Acme, web shop");
  await page.getByLabel("Promise, %").fill("99.5");
  await page.getByRole("checkbox", { name: /(^|\s)Shop$/ }).check();
  await page.getByRole("button", { name: "Add a tier" }).click();
  await page.getByLabel("Below, percent").last().fill("95");
  await page.getByLabel("Credit, percent").last().fill("50");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/\/slas\/\d+$/);
  await said("99.5 % of each month");
  await said("below 95 %: 50 %");
}

async function leaveOut(page, output, said) {
  const path = new URL(page.url()).pathname;
  await page.getByText("Leave time out").click();
  await page.getByLabel("Reason").fill("A power cut, as agreed");
  const moment = (minutesAgo) => {
    const at = new Date(Date.now() - minutesAgo * 60_000 - new Date().getTimezoneOffset() * 60_000);
    return at.toISOString().slice(0, 16);
  };
  await page.getByLabel("From", { exact: true }).fill(moment(3));
  await page.getByLabel("To", { exact: true }).fill(moment(2));
  await page.getByRole("button", { name: "Leave out" }).click();
  await said("A power cut, as agreed");
  await picture(page, output, "sla", path);
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Promise, %").fill("99.9");
  await page.getByRole("button", { name: "Save" }).click();
  await said("version 2");
}

async function makeReport(page, output, said) {
  await page.getByRole("link", { name: "New report" }).click();
  await page.getByRole("link", { name: "This month" }).click();
  await page.waitForURL(/from=/);
  await page.locator("#preview").getByText("Availability").first().waitFor();
  await picture(page, output, "report-new");
  // The preview follows what is chosen, and says what is wrong with it.
  await page.evaluate(() => (globalThis.notReloaded = true));
  await page.getByLabel("From", { exact: true }).fill("2030-01-01");
  await page.locator("#preview .problem").first().waitFor();
  await page.getByLabel("From", { exact: true }).fill(new Date().toISOString().slice(0, 8) + "01");
  await page.locator("#preview").getByText("Availability").first().waitFor();
  assert.ok(await page.evaluate(() => globalThis.notReloaded), "the preview needs no reload");
  await page.getByLabel("Title").fill("Acme so far");
  await page.getByRole("button", { name: "Make the report" }).click();
  await page.waitForURL(/\/reports\/\d+$/);
  const path = new URL(page.url()).pathname;
  await page.getByRole("heading", { name: "Files" }).waitFor({ timeout: 60_000 });
  await said("Mean time to recovery");
  await picture(page, output, "report", path);
  const files = await page.evaluate(async (id) => {
    const one = async (format) => {
      const answer = await fetch(`/api/v1/reports/${id}/files/${format}`);
      return [answer.status, answer.headers.get("content-type"), (await answer.arrayBuffer()).byteLength > 500];
    };
    return Promise.all(["pdf", "html", "xlsx", "csv", "json", "bundle"].map(one));
  }, path.split("/").pop());
  for (const [status, type, isLong] of files) assert.deepEqual([status, isLong], [200, true], type);
  return path;
}

async function schedule(page, output) {
  await visit(page, "/reports");
  await page.getByRole("link", { name: "Schedules" }).click();
  await page.getByLabel("Mailed to").fill("nobody");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator('[role="alert"]:visible').filter({ hasText: "no e-mail address" }).first().waitFor();
  await page.getByLabel("Mailed to").fill("ann@customer.example, ben@customer.example");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: /ann@customer.example, ben@customer.example/ }).waitFor();
  await picture(page, output, "report-schedules", "/reports/schedules", extremes);
}

/** Who has the link reads the report, and nobody else. */
async function share(page, browser, output, report) {
  await visit(page, report);
  await page.getByRole("button", { name: "Make a link" }).click();
  await page.waitForURL(/\/shared\/reports\//);
  const stranger = await browser.newContext();
  const outside = await openPage(stranger, page.origin);
  await outside.goto(page.url());
  await outside.getByText("Acme so far").first().waitFor();
  await picture(outside, output, "report-shared", undefined, extremes);
  const altered = page.url().slice(0, -1) + (page.url().endsWith("A") ? "B" : "A");
  assert.equal((await fetch(altered)).status, 404);
  assert.deepEqual(outside.faults, []);
  await stranger.close();
}

async function show(page, browser, output) {
  await visit(page, "/status-pages");
  await page.getByRole("link", { name: "Acme", exact: true }).first().click();
  const choice = page.locator(".sla-choice").filter({ has: page.getByText("Acme, web shop", { exact: true }) });
  await choice.getByRole("checkbox").first().check();
  await choice.getByText("Time left out, and why").click();
  await page.frameLocator("iframe:not([hidden])").getByText("Acme, web shop", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/saved/);
  await picture(page, output, "status-page-slas", undefined, extremes);
  const path = "/status/acme/sla";
  await eventually("the page of agreements is shown", async () => (await fetch(page.origin + path)).ok);
  const stranger = await browser.newContext();
  const outside = await openPage(stranger, page.origin);
  await outside.goto(page.origin + path);
  await outside.getByText("99.9% promised, each calendar month").waitFor();
  await outside.getByText("A power cut, as agreed").waitFor();
  await outside.getByText("All figures").click();
  await picture(outside, output, "status-slas");
  const html = await (await fetch(page.origin + path)).text();
  assert.ok(!html.includes("/switch/shop") && !html.includes("@example.com"), "neither addresses nor authors");
  assert.deepEqual(outside.faults, []);
  await stranger.close();
}
