// The worker beside the probe: what Cloudflare's own scheduler does there, it does here. It calls the probe's cron handler
// when the harness asks for it, and hands every other request through.

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname !== "/__cron") return env.PROBE.fetch(request);
    const scheduledTime = new Date(Number(url.searchParams.get("time")));
    return Response.json(await env.PROBE.scheduled({ scheduledTime, cron: "* * * * *" }));
  },
};
