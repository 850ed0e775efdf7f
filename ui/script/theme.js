// The theme: the system's, or the one that was chosen. Runs before the first paint, and answers the switch by
// delegation, so that it also works before the page is taken over.
const KEY = "edgewatch-theme";
const ORDER = ["system", "light", "dark"];
const root = document.documentElement;

const chosen = () => {
  try {
    const theme = localStorage.getItem(KEY);
    return ORDER.includes(theme) ? theme : "system";
  } catch {
    return "system";
  }
};
const apply = (theme) => {
  root.dataset.theme = theme;
};

apply(chosen());
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("[data-theme-switch]")) return;
  const next = ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length];
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A visitor who forbids storage still gets the theme for this page.
  }
  apply(next);
});
// Open menus close when the page around them is used.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
});

// The viewer's time zone, for pages whose days the server lays out.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
if (timeZone) document.cookie = `edgewatch_zone=${timeZone}; path=/; max-age=31536000; samesite=lax`;
