// A monitor of every check type, made in its form: what is wrong is told at its field, a test shows the type's facts, the
// monitor is saved, checked by an agent, its result shows the same facts, and it is changed.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { extremes, picture, visit } from "./browser.mjs";
import { eventually } from "./system.mjs";

const run = promisify(execFile);

/** What each type's form is filled with. `wrong`: a field, what is written there, what the page says. */
function types(system, ports) {
  const host = "127.0.0.1";
  const secure = new URL(system.addresses.https.rsa);
  const field = (page, label) => page.getByLabel(label, { exact: true });
  const assertion = async (page, condition, value) => {
    await page.getByRole("button", { name: "Add assertion" }).click();
    await page.getByLabel("Condition").selectOption(condition);
    if (value !== undefined) await field(page, "Value").fill(value);
  };
  return [
    {
      radio: /^HTTP\(S\)/,
      wrong: ["Address", "ftp://example.com/", /http/],
      fill: (page) => field(page, "Address").fill(`${system.target}/healthy`),
      facts: "Response",
    },
    {
      radio: /^Multi-step/,
      wrong: ["Address", "nowhere", /URL|address|http/i],
      fill: async (page) => {
        await field(page, "Address").fill(`${system.target}/healthy`);
        await page.getByRole("button", { name: "Add step" }).click();
        await field(page, "Address").nth(1).fill(`${system.target}/healthy`);
      },
      facts: "Steps",
    },
    {
      radio: /^WebSocket/,
      wrong: ["Address", "https://example.com/", /ws/],
      fill: async (page) => {
        await field(page, "Address").fill(`ws://${host}:${ports.webSocket}/`);
        await field(page, "Send").selectOption("text");
        await field(page, "What is sent").fill("hello");
        await assertion(page, "equal", "hello");
      },
      facts: "Reply",
    },
    {
      radio: /^gRPC/,
      wrong: ["Host", "a b", /./],
      fill: async (page) => {
        await field(page, "Host").fill(host);
        await field(page, "Port").fill(String(ports.grpc));
        await field(page, "TLS").uncheck();
      },
      facts: "Health service",
    },
    {
      radio: /^TCP/,
      wrong: ["Port", "99999", /99999/],
      fill: async (page) => {
        await field(page, "Host").fill(host);
        await field(page, "Port").fill(system.addresses.tcp.banner.split(":")[1]);
        await assertion(page, "present");
      },
      facts: "Reply",
    },
    {
      radio: /^UDP/,
      wrong: ["What is sent", "0g", /hex/],
      fill: async (page) => {
        await field(page, "Host").fill(host);
        await field(page, "Port").fill(String(ports.udp));
        await field(page, "Send").selectOption("hex");
        await field(page, "What is sent").fill("68 65 6c 6c 6f");
      },
      facts: "Reply",
    },
    {
      radio: /^Ping/,
      needs: "ping",
      wrong: ["Requests", "200", /20/],
      fill: async (page) => {
        await field(page, "Host").fill(host);
        await field(page, "Requests").fill("3");
      },
      facts: "Round trips",
    },
    {
      radio: /^TLS certificate/,
      wrong: ["Pins", "abc", /hex|64|SHA/i],
      fill: async (page) => {
        await field(page, "Host").fill(host);
        await field(page, "Port").fill(secure.port);
        await field(page, "Server name").fill("loopback.test");
        await field(page, "Pins").fill("");
        await page.getByLabel("Accept a private authority").check();
      },
      facts: /^Chain of/,
      also: ["RSA 2048 bits"],
    },
    {
      radio: /^DNS/,
      wrong: ["Name to resolve", "a..example", /./],
      fill: async (page) => {
        await field(page, "Name to resolve").fill("many.test");
        await field(page, "Resolver").selectOption("https");
        await field(page, "Resolver's address").fill(`${system.target}/dns-query`);
        await field(page, "Values").fill("127.0.0.1\n127.0.0.2");
      },
      facts: "Answer",
    },
    {
      radio: /^Domain/,
      wrong: ["Domain", "https://example.org", /domain/],
      fill: async (page) => {
        await field(page, "Domain").fill("example.org");
        await field(page, "RDAP server").fill(`http://${host}:${ports.rdap}/`);
        const offered = await page.getByLabel("Check every").locator("option").evaluateAll((options) => options.map(({ value }) => Number(value)));
        assert.ok(Math.min(...offered) >= 3600, `registries are asked once an hour at most: ${offered}`);
      },
      interval: "3600",
      facts: "Registration",
    },
    {
      radio: /^Heartbeat/,
      wrong: ["At least every, seconds", "5", /10/],
      fill: (page) => field(page, "At least every, seconds").fill("3600"),
      called: true,
    },
    {
      radio: /^Script/,
      wrong: ["Script name", "../backup", /./],
      fill: (page) => field(page, "Script name").fill("age"),
      onlyOf: "office",
      facts: "Reply",
    },
  ];
}

/** @param {{ page: object, system: object, peers: object, output: string, wrong: Function, save: Function, newMonitor: Function, noFaults: Function }} desk */
export async function everyCheckType(t, desk) {
  const { page, system, output, wrong, save, newMonitor, noFaults } = desk;
  const all = types(system, desk.peers.ports);
  const nameOf = (type) => `Every ${type.radio.source.replace(/[^a-z ]/gi, "")}`;
  const made = new Map();

  let able;
  await t.test("an agent arrives", async () => {
    await visit(page, "/regions");
    await system.startAgent("office");
    await page.getByText("office", { exact: true }).first().waitFor({ timeout: 60_000 });
    const regions = await page.evaluate(async () => (await fetch("/api/v1/regions")).json());
    able = regions.find(({ name }) => name === "office").probes[0].capabilities;
    noFaults("agent");
  });

  for (const type of all) {
    const name = nameOf(type);
    await t.test(`${name}: its form`, async () => {
      await newMonitor(type.radio, name);
      if (!type.called) {
        await save();
        await page.getByText(/\d fields? to correct/).waitFor();
      }
      await type.fill(page);
      const [label, text, words] = type.wrong;
      const field = page.getByLabel(label, { exact: true }).first();
      const right = await field.inputValue();
      await field.fill(text);
      await save();
      await wrong(field, words);
      await picture(page, output, `type-${name.slice(6)}-problem`, undefined, extremes);
      await field.fill(right);
      if (type.needs && !able.includes(type.needs)) {
        // This machine does not allow it to the agent: the form says so beforehand, and the API at the regions.
        await page.getByText("None of its probes can do", { exact: false }).first().waitFor();
        await save();
        await page.getByText(`no region has a probe that can do \`${type.needs}\``, { exact: false }).waitFor();
        await picture(page, output, `type-${name.slice(6)}-nowhere`, undefined, extremes);
        return;
      }
      if (!type.called) {
        if (!type.interval) await page.getByLabel("Check every").selectOption("10");
        await page.getByLabel("Time-out, ms").fill("5000");
        await page.getByLabel("office", { exact: true }).check();
        if (type.onlyOf) await page.getByLabel("From", { exact: true }).selectOption(type.onlyOf);
        await page.getByRole("button", { name: "Test", exact: true }).click();
        await page.getByRole("heading", { name: type.facts }).waitFor({ timeout: 60_000 });
        assert.equal(await page.locator(".sight-head .badge").innerText(), "Up", name);
        for (const words of type.also ?? []) await page.locator(".sight").getByText(words).first().waitFor();
        await picture(page, output, `type-${name.slice(6)}-tested`, undefined, extremes);
      }
      await save();
      await page.waitForURL(/\/monitors\/\d+$/);
      made.set(type, new URL(page.url()).pathname);
      noFaults(name);
    });
  }

  for (const type of all.filter((type) => made.has(type) && !type.called)) {
    const name = nameOf(type);
    await t.test(`${name}: its results, and a change`, async () => {
      // The first check of a long interval may be an hour away.
      if (!type.interval) {
        await visit(page, made.get(type));
        await page.locator(".banner-state", { hasText: "Up" }).waitFor({ timeout: 60_000 });
        await page.locator(".result-link").first().click();
        await page.locator("dialog[open]").getByRole("heading", { name: type.facts }).waitFor();
        await picture(page, output, `type-${name.slice(6)}-result`, undefined, extremes);
      }
      await visit(page, `${made.get(type)}/edit`);
      await page.getByLabel("Name", { exact: true }).fill(`${name}, changed`);
      await save();
      await page.getByRole("heading", { name: `${name}, changed` }).waitFor();
      noFaults(name);
    });
  }

  await t.test("a heartbeat's page shows its address and lines that work", async () => {
    await visit(page, made.get(all.find(({ called }) => called)));
    const address = page.locator("#call-address");
    const url = await address.innerText();
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/api\/v1\/heartbeats\/\S{20,}$/);
    await picture(page, output, "heartbeat-waiting");
    await page.getByRole("button", { name: "Any job" }).click();
    const lines = await page.locator("#call-lines").innerText();
    assert.ok(lines.includes(url));
    await assert.rejects(run("sh", ["-c", lines, "job", "sh", "-c", "echo no space left; exit 3"]), { code: 3 });
    // A call counts with the next slot, which may be a minute away.
    await page.locator(".banner-state", { hasText: "Down" }).waitFor({ timeout: 90_000 });
    await page.getByText("no space left").first().waitFor();
    await run("sh", ["-c", lines, "job", "true"]);
    await page.locator(".banner-state", { hasText: "Up" }).waitFor({ timeout: 90_000 });
    for (const way of ["curl", "Cron", "systemd", "PowerShell", "GitHub Actions"]) {
      await page.getByRole("button", { name: way, exact: true }).click();
      await eventually("the lines are shown", async () => (await page.locator("#call-lines").innerText()).includes(url));
      await picture(page, output, `heartbeat-${way.replace(" ", "-")}`, undefined, extremes);
    }
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: /Copy the address/ }).click();
    await page.getByText("Copied").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), url);
    await page.getByRole("button", { name: "New address" }).click();
    await picture(page, output, "heartbeat-rotation");
    await page.getByRole("button", { name: "Give a new one" }).click();
    await eventually("another address is shown", async () => (await address.innerText()) !== url);
    assert.equal((await fetch(url)).status, 404);
    assert.equal((await fetch(await address.innerText())).status, 200);
    noFaults("heartbeat");
  });

  await t.test("regions that cannot do a setting say so", async () => {
    await newMonitor(/^HTTP\(S\)/, "Through a proxy");
    const weur = page.getByLabel(/^weur/);
    assert.ok(await weur.isEnabled());
    await page.getByText("Connection, proxy and client certificate").click();
    await page.getByLabel("Proxy", { exact: true }).fill("http://proxy.example.com:3128");
    await page.getByText("None of its probes can do this with proxies.").first().waitFor();
    assert.ok(await weur.isDisabled());
    assert.ok(await page.getByLabel("office", { exact: true }).isEnabled());
    await picture(page, output, "form-lacking");
    await page.getByLabel("Proxy", { exact: true }).fill("");
    await eventually("it can be chosen again", () => weur.isEnabled());
    noFaults("capabilities");
  });
}
