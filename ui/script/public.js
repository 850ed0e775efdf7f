// What public pages do a little better with a script than without: moments in the viewer's zone, and what is new each minute.

const FORMAT = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

function localise(within) {
  const { lang } = document.documentElement;
  // The server writes English moments with the day first.
  const format = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, FORMAT);
  for (const time of within.querySelectorAll("time[datetime]")) {
    time.textContent = format.format(new Date(time.dateTime));
  }
}

localise(document);
const zone = document.querySelector("[data-zone]");
if (zone) zone.textContent = zone.dataset.zone;

let known;
async function renew() {
  const main = document.querySelector("main");
  // Whoever reads or goes through a part is not disturbed.
  if (document.hidden || !main || document.forms.length > 0 || main.querySelector(":focus, .days :hover")) return;
  const answer = await fetch(location.href, { cache: "no-cache" }).catch(() => null);
  const tag = answer?.headers.get("etag");
  if (!answer?.ok || !tag || tag === known) return;
  known = tag;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = fresh.querySelector("main");
  if (!next) return;
  for (const fold of next.querySelectorAll("details[id]")) {
    const now = document.getElementById(fold.id);
    if (now) fold.open = now.open;
  }
  localise(next);
  main.replaceChildren(...next.childNodes);
  document.title = fresh.title;
}
setInterval(renew, 60_000);
