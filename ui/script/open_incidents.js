// How many incidents are open, beside the link to them. Here and not in the app, for it needs no more than this.

const EVERY_MS = 15_000;
let known;

async function tell() {
  const place = document.getElementById("open-incidents");
  if (!place || document.hidden) return;
  const answer = await fetch("/api/v1/incidents/open").catch(() => undefined);
  if (!answer?.ok) return;
  const { open } = await answer.json();
  place.textContent = open;
  place.setAttribute("aria-label", `${open} open`);
  place.hidden = open === 0;
  // Pages of incidents are shown anew, unless somebody is writing there.
  const isShown = location.pathname.startsWith("/incidents") && !document.querySelector("form:focus-within");
  if (known !== undefined && known !== open && isShown) location.reload();
  known = open;
}

tell();
setInterval(tell, EVERY_MS);
document.addEventListener("visibilitychange", tell);
