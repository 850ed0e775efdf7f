// A real browser walks the whole product: first run, a monitor made in the form, seen up, down and up again without a
// reload, regions, a single result, five hundred monitors, an aggregator that goes away. Pictures go to tests/browser/output.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { walkAgreements } from "./agreements.mjs";
import { assertAccessible, findBrowser, launch, looks, openPage, picture, visit } from "./browser.mjs";
import { everyCheckType } from "./check_types.mjs";
import { walkScreens } from "./screens.mjs";
import { walkStatusPage } from "./status_page.mjs";
import { startPeers } from "./peers.mjs";
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

test("a browser walks the product", { timeout: 1_200_000 }, async (t) => {
  const peers = await startPeers();
  t.after(async () => {
    await browser.close();
    peers.stop();
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

  const save = () => page.getByRole("button", { name: /create monitor|save changes/i }).click();
  /** The field is marked, and its own line says what is wrong. */
  async function wrong(field, words) {
    const line = page.locator(`#${await field.getAttribute("aria-describedby")}`);
    await line.filter({ hasText: words, visible: true }).waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
  }
  async function newMonitor(type, name) {
    await visit(page, "/monitors/new");
    await page.getByRole("radio", { name: type }).check();
    await page.getByLabel("Name", { exact: true }).fill(name);
  }

  await t.test("a TCP monitor: what is wrong is told at its field", async () => {
    await newMonitor(/^TCP/, "Echo");
    await picture(page, output, "form-tcp-empty");
    await page.getByLabel("Host", { exact: true }).fill("not a host");
    const port = page.getByLabel("Port", { exact: true });
    await port.fill("echo");
    await save();
    await wrong(port, "whole number");
    await port.fill("70000");
    await save();
    await wrong(port, "70000");
    await port.fill("0");
    await page.getByLabel("Send", { exact: true }).selectOption("hex");
    await page.getByLabel("What is sent").fill("0g");
    await page.getByRole("button", { name: "Add assertion" }).click();
    await page.getByLabel("Condition").selectOption("matches");
    await page.getByLabel("Value", { exact: true }).fill("(");
    await save();
    await wrong(port, "1 to 65535");
    await wrong(page.getByLabel("What is sent"), "hex");
    await wrong(page.getByLabel("Value", { exact: true }), "regular expression");
    await page.getByText(/\d fields to correct/).waitFor();
    await picture(page, output, "form-tcp-problems");
    await page.getByLabel("Host", { exact: true }).fill("127.0.0.1");
    await port.fill(String(system.targetPort));
    await page.getByLabel("What is sent").fill("47 45 54 20 2f 20 48 54 54 50 2f 31 2e 30 0d 0a 0d 0a");
    await page.getByLabel("Value", { exact: true }).fill("^HTTP/1");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByRole("heading", { name: "Reply" }).waitFor({ timeout: 30_000 });
    await picture(page, output, "form-tcp-tested");
    await save();
    await page.waitForURL(/\/monitors\/\d+$/);
    await page.getByText(`127.0.0.1:${system.targetPort}`).first().waitFor();
    await visit(page, `${new URL(page.url()).pathname}/edit`);
    assert.equal(await page.getByLabel("Value", { exact: true }).inputValue(), "^HTTP/1");
    assert.equal(await page.getByRole("radio").count(), 0, "a monitor's type stays");
    noFaults("TCP");
  });

  await t.test("a DNS monitor", async () => {
    await newMonitor(/^DNS/, "Name");
    await page.getByLabel("Name to resolve").fill("a..example");
    await page.getByLabel("Resolver", { exact: true }).selectOption("https");
    await page.getByLabel("Resolver's address").fill("ftp://dns.example/");
    await save();
    await wrong(page.getByLabel("Name to resolve"), /./);
    await wrong(page.getByLabel("Resolver's address"), "https://");
    await picture(page, output, "form-dns-problems");
    await page.getByLabel("Name to resolve").fill("shop.example.com");
    await page.getByLabel("Record").selectOption("MX");
    await page.getByLabel("Resolver", { exact: true }).selectOption("probe");
    await page.getByLabel("Values").fill("10 mx1.example.com\n20 mx2.example.com");
    await page.getByLabel("The answer has").selectOption("exact");
    await page.getByLabel("Paused").check();
    await save();
    await page.waitForURL(/\/monitors\/\d+$/);
    const check = await page.evaluate(async () => (await (await fetch(`/api/v1${location.pathname}`)).json()).check);
    assert.deepEqual([check.record, check.expected, check.expected_match], ["MX", ["10 mx1.example.com", "20 mx2.example.com"], "exact"]);
    noFaults("DNS");
  });

  await t.test("a multi-step monitor is put together by the keyboard alone", async () => {
    await newMonitor(/^Multi-step/, "Sign in and read");
    const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent.trim());
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.getByLabel("Address").focus();
    await page.keyboard.type(`${system.target}/healthy?token={{token}}`);
    await page.getByRole("button", { name: "Add step" }).focus();
    await press("Enter");
    await eventually("the new step's name has the focus", async () => (await focused()) === "Step name");
    await press("Control+a");
    await page.keyboard.type("Sign in");
    await press("Tab", "Tab");
    assert.equal(await focused(), "Address");
    await page.keyboard.type(`${system.target}/healthy`);
    await save();
    await wrong(page.getByLabel("Address").first(), "{{token}}");
    // The second step is the one that knows the token, so it moves up.
    await page.getByRole("button", { name: "Move step 2 up" }).focus();
    await press("Enter");
    await eventually("the button of the other way has the focus", async () => (await focused()) === "Move step 1 down");
    assert.deepEqual(await page.getByLabel("Step name").evaluateAll((inputs) => inputs.map(({ value }) => value)), ["Sign in", "Step 1"]);
    await page.getByRole("button", { name: "Add variable to keep" }).first().focus();
    await press("Enter");
    await eventually("the variable's name has the focus", async () => (await focused()) === "Variable name");
    await page.keyboard.type("token");
    await press("Tab", "ArrowDown", "Tab");
    assert.equal(await focused(), "Header name");
    await page.keyboard.type("date");
    await picture(page, output, "form-steps");
    await save();
    await page.waitForURL(/\/monitors\/\d+$/);
    await picture(page, output, "form-steps-edit", `${new URL(page.url()).pathname}/edit`);
    assert.deepEqual(await page.getByLabel("Step name").evaluateAll((inputs) => inputs.map(({ value }) => value)), ["Sign in", "Step 1"]);
    noFaults("steps");
  });

  await t.test("every check type has its form", async () => {
    await visit(page, "/monitors/new");
    const types = await page.getByRole("radio").evaluateAll((inputs) => inputs.map(({ value }) => value));
    assert.equal(types.length, 12);
    for (const type of types) {
      await page.locator(`input[value="${type}"]`).check();
      await page.screenshot({ path: join(output, `form-of-${type}.png`), fullPage: true });
      await assertAccessible(page, `the form of ${type}`);
    }
    noFaults("types");
  });

  await everyCheckType(t, { page, system, peers, output, wrong, save, newMonitor, noFaults });

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

  await t.test("a status page is made, shown to the public, and read by a client of Statuspage's API", async () => {
    await walkStatusPage({ page, browser, output });
    noFaults("status page");
  });

  await t.test("an agreement is written, reported, shared and shown to the public", async () => {
    await walkAgreements({ page, browser, output });
    noFaults("agreements");
  });

  await t.test("what failed is told, maintenance planned, an objective made, a policy tried, and a page locked", async () => {
    await walkScreens({ page, browser, output, monitor: path });
    noFaults("screens");
  });

  await t.test("signed out, every page leads to the door and back", async () => {
    const stranger = await browser.newContext();
    const outside = await openPage(stranger, system.origin);
    // What is typed before the page listens is not lost.
    let listen;
    const typed = new Promise((resolve) => (listen = resolve));
    await stranger.route(/\.wasm$/, (route) => typed.then(() => route.continue()));
    await outside.goto(system.origin + path, { waitUntil: "commit" });
    await outside.getByLabel("E-mail").fill(account.email);
    listen();
    await outside.locator("html[data-ready]").waitFor();
    assert.match(outside.url(), /\/sign-in/);
    await outside.getByLabel("Password").fill("wrong and long enough");
    await outside.getByRole("button", { name: "Sign in" }).click();
    await outside.getByText("the e-mail address or the password is wrong").waitFor();
    await picture(outside, output, "sign-in");
    await outside.getByLabel("E-mail").fill(account.email);
    await outside.getByLabel("Password").fill(account.password);
    await outside.getByRole("button", { name: "Sign in" }).click();
    await outside.waitForURL((url) => url.pathname === path);
    await stranger.close();
  });

  await t.test("five hundred monitors", async () => {
    writeFileSync(join(system.dir, "edgewatch.yml"), manyMonitors());
    await visit(page, "/");
    await page.getByText("Service 001").first().waitFor({ timeout: 60_000 });
    await page.getByRole("link", { name: /All\s*51[56]/ }).waitFor();
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
