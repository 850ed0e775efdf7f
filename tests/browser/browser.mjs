// A real browser on the pages: screenshots of each at both sizes and in both themes, no serious accessibility fault, and
// nothing in the console that should not be there.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** The first Chromium or Chrome of this machine; undefined when there is none. */
export function findBrowser() {
  const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
  return places.find((place) => place && existsSync(place));
}

export async function launch(executablePath) {
  const { chromium } = await import("playwright-core");
  return chromium.launch({
    executablePath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A page that remembers every fault that the browser reported. */
export async function openPage(context, origin) {
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(`exception: ${error}`));
  page.on("console", (message) => {
    // An answer of 4xx to a request is reported by the browser although the page handles it.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) page.faults.push(`console: ${message.text()}`);
  });
  page.origin = origin;
  return page;
}

/** Follows a path and waits until the page is live. */
export async function visit(page, path) {
  await page.goto(page.origin + path, { waitUntil: "load" });
  await page.locator("main").first().waitFor();
  // What is typed before the page is taken over is not the app's.
  await page.waitForFunction(() => "ready" in document.documentElement.dataset);
}

/** No accessibility violation of serious or critical impact. */
export async function assertAccessible(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(serious, [], `accessibility of ${name}`);
}

export const looks = [
  { width: 1440, height: 900, colorScheme: "light" },
  { width: 1440, height: 900, colorScheme: "dark" },
  { width: 390, height: 844, colorScheme: "light" },
  { width: 390, height: 844, colorScheme: "dark" },
];

/** The two that differ in everything. */
export const extremes = [looks[0], looks[3]];

/** Pictures of a path in every look, each checked for accessibility and for a layout wider than the screen. */
export async function picture(page, output, name, path, some = looks) {
  for (const { width, height, colorScheme } of some) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    if (path !== undefined) await visit(page, path);
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(output, `${name}-${width}-${colorScheme}.png`) });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${name} is ${overflow} px wider than ${width} px`);
    await assertAccessible(page, `${name} at ${width} px, ${colorScheme}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}
