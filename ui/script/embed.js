// <script async src="https://status.example.org/embed.js"></script>: the state of everything in one line, in a frame.
(() => {
  const script = document.currentScript;
  const url = new URL(script.src);
  url.pathname = url.pathname.replace(/\.js$/, "");
  const frame = document.createElement("iframe");
  frame.src = url.href;
  frame.title = script.dataset.title || "Status";
  frame.width = "320";
  frame.height = "48";
  frame.loading = "lazy";
  frame.style.cssText = "border:0;max-width:100%;color-scheme:light dark";
  script.after(frame);
})();
