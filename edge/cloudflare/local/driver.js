// The worker beside the probe: what Cloudflare's own scheduler does there, it does here. It calls the probe's cron handler
// when the harness asks for it, waits until the regions are done, and hands every other request through.

const POLL_MS = 25;

/** The objects of an entry such as `weur`, `oslo=weur` or `weur*3`, as the probe names them. */
function objectNames(entry) {
  const [place, objects = "1"] = entry.split("*");
  const name = place.split("=")[0].trim();
  return name ? Array.from({ length: Number(objects) }, (_, shard) => (shard ? `${name}#${shard}` : name)) : [];
}

/** Waits for the end of a region's turn and answers with its report. */
async function regionDone(objects, name) {
  const object = objects.get(objects.idFromName(name));
  for (;;) {
    const state = await (await object.fetch("https://region/state")).json();
    if (!state.busy) return [name, state.last];
    await new Promise((wait) => setTimeout(wait, POLL_MS));
  }
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname !== "/__cron") return env.PROBE.fetch(request);
    const scheduledTime = new Date(Number(url.searchParams.get("time")));
    const { outcome } = await env.PROBE.scheduled({ scheduledTime, cron: "* * * * *" });
    const names = env.EDGEWATCH_REGIONS.split(",").flatMap(objectNames);
    const regions = await Promise.all(names.map((name) => regionDone(env.REGION, name)));
    return Response.json({ outcome, regions: Object.fromEntries(regions) });
  },
};
