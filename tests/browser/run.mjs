// A real browser walks the whole product: first run, a monitor made in the form, seen up, down and up again without a
// reload, regions, a single result, five hundred monitors, an aggregator that goes away. Pictures go to tests/browser/output.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { findBrowser, launch, looks, openPage, picture, visit } from "./browser.mjs";
import { System, eventually, root } from "./system.mjs";

const output = join(root, "tests/browser/output");
const account = { email: "admin@example.com", password: "a passphrase of some length" };

/** Five hundred monitors that wait, so that lists have something to show. */
function manyMonitors() {
  const lines = Array.from({ length: 500 }, (_, i) =>
    `  - name: "Service ${String(i + 1).padStart(3, "0")}"\n    check: { type: http, url: "https://service-${i + 1}.example.com/health" }\n    tags: [team-${i % 7}]\n    paused: true\n`);
  return `${config}monitors:\n${lines.join("")}`;
}
const config = "settings:\n  allow_private_targets: true\n";

const executable = findBrowser();
if (!executable) {
  console.log("SKIPPED: the browser tests: no Chromium on this machine (Debian: apt-get install chromium; or set CHROMIUM)");
  process.exit(0);
}

rmSync(output, { recursive: true, force: true });
const system = new System(output);
const browser = await launch(executable);

test("a browser walks the product", { timeout: 600_000 }, async (t) => {
  t.after(async () => {
    await browser.close();
    await system.stopAll();
  });
  await system.startTarget();
  await system.startAggregator(config);
  const context = await browser.newContext({ viewport: looks[0], timezoneId: "Europe/Berlin", locale: "en-GB" });
  const page = await openPage(context, system.origin);
  const switchTo = (status) =>
    fetch(`${system.target}/control/switch/shop`, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ status, delay_ms: 0 }) });
  const noFaults = (where) => assert.deepEqual(page.faults.splice(0), [], `faults in the browser: ${where}`);

  await t.test("first run: the printed address makes the administrator", async () => {
    const [, path] = await eventually("the set-up address is logged", () => system.logged("aggregator", /(\/setup\?code=[^"\s]+)/));
    await picture(page, output, "setup", path);
    await page.getByLabel("E-mail").fill(account.email);
    await page.getByLabel("Password").fill(account.password);
    await page.getByRole("button", { name: "Create and sign in" }).click();
    await page.getByRole("link", { name: /new monitor|add .*monitor/i }).first().waitFor();
    await picture(page, output, "overview-empty", "/");
    await picture(page, output, "regions-empty", "/regions");
    noFaults("first run");
  });

  await t.test("the regions' probes arrive", async () => {
    await visit(page, "/regions");
    await page.evaluate(() => (globalThis.notReloaded = true));
    await system.startRegions("weur,enam,apac");
    for (const region of ["weur", "enam", "apac"]) await page.getByText(region, { exact: true }).first().waitFor({ timeout: 60_000 });
    assert.ok(await page.evaluate(() => globalThis.notReloaded), "the probes are shown without a reload");
    noFaults("regions");
  });

  await t.test("a monitor is made in the form, and tested first", async () => {
    await visit(page, "/monitors/new");
    await page.getByLabel("Name", { exact: true }).fill("Shop");
    await page.getByLabel("Address").fill("not an address");
    await page.getByRole("button", { name: /create|save/i }).click();
    await page.locator('[role="alert"]:visible').first().waitFor();
    await picture(page, output, "form-problems");
    await switchTo(200);
    await page.getByLabel("Address").fill(`${system.target}/switch/shop`);
    await page.getByLabel("Check every").selectOption("10");
    await page.getByLabel("Time-out, ms").fill("5000");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.locator(".waterfall, [class*=waterfall]").first().waitFor({ timeout: 30_000 });
    await picture(page, output, "form-tested");
    await page.getByRole("button", { name: /create|save/i }).click();
    await page.waitForURL(/\/monitors\/\d+$/);
    noFaults("form");
  });

  const path = new URL(page.url()).pathname;

  await t.test("it is seen up, down and up again without a reload", async () => {
    await visit(page, "/");
    await page.evaluate(() => (globalThis.notReloaded = true));
    const row = page.locator(".list", { hasText: "Shop" });
    await system.tick();
    await row.getByText("Up", { exact: true }).first().waitFor({ timeout: 60_000 });
    await switchTo(503);
    await row.getByText("Down", { exact: true }).first().waitFor({ timeout: 60_000 });
    await page.screenshot({ path: join(output, "overview-down.png") });
    await switchTo(200);
    await row.getByText("Up", { exact: true }).first().waitFor({ timeout: 60_000 });
    assert.ok(await page.evaluate(() => globalThis.notReloaded), "the page was not reloaded");
    noFaults("live overview");
  });

  await t.test("every page in every look", async () => {
    await picture(page, output, "overview", "/");
    await picture(page, output, "monitor", path);
    await picture(page, output, "edit", `${path}/edit`);
    await picture(page, output, "regions", "/regions");
    await picture(page, output, "not-found", "/nowhere");
    noFaults("pages");
  });

  await t.test("a single result shows its waterfall and its evidence", async () => {
    await visit(page, path);
    await page.locator("table tbody tr button, table tbody tr a").first().click();
    await page.getByText(/evidence/i).first().waitFor();
    await picture(page, output, "result");
    noFaults("result");
  });

  await t.test("the first HTML holds the data, without JavaScript", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await context.storageState() });
    const bare = await plain.newPage();
    await bare.goto(`${system.origin}/`);
    await bare.getByText("Shop").first().waitFor();
    await bare.screenshot({ path: join(output, "overview-without-javascript.png") });
    await plain.close();
  });

  await t.test("signed out, every page leads to the door and back", async () => {
    const stranger = await browser.newContext();
    const outside = await openPage(stranger, system.origin);
    await visit(outside, path);
    assert.match(outside.url(), /\/sign-in/);
    await picture(outside, output, "sign-in");
    await outside.getByLabel("E-mail").fill(account.email);
    await outside.getByLabel("Password").fill("wrong and long enough");
    await outside.getByRole("button", { name: "Sign in" }).click();
    await outside.locator('[role="alert"]:visible').first().waitFor();
    await outside.getByLabel("Password").fill(account.password);
    await outside.getByRole("button", { name: "Sign in" }).click();
    await outside.waitForURL((url) => url.pathname === path);
    await stranger.close();
  });

  await t.test("five hundred monitors", async () => {
    writeFileSync(join(system.dir, "edgewatch.yml"), manyMonitors());
    await visit(page, "/");
    await page.getByText("Service 001").first().waitFor({ timeout: 60_000 });
    await page.getByRole("link", { name: /All\s*501/ }).waitFor();
    await picture(page, output, "overview-500", "/");
    // Rows are made as they come into sight.
    for (let i = 0; i < 40 && !(await page.getByText("Service 500").count()); i++) {
      await page.mouse.wheel(0, 20_000);
      await page.waitForTimeout(100);
    }
    await page.getByText("Service 500").first().waitFor({ timeout: 10_000 });
    await page.getByLabel("Search monitors").fill("Service 499");
    await page.getByText("Service 499").first().waitFor();
    noFaults("500 monitors");
  });

  await t.test("an aggregator that goes away is told, and taken up again", async () => {
    await visit(page, "/");
    await page.getByText("Live", { exact: true }).waitFor({ timeout: 30_000 });
    await system.stop("aggregator");
    await page.getByText(/reconnecting|offline/i).first().waitFor({ timeout: 60_000 });
    await page.screenshot({ path: join(output, "overview-offline.png") });
    await system.startAggregator();
    await page.getByText("Live", { exact: true }).waitFor({ timeout: 60_000 });
    page.faults.length = 0;
  });
});
