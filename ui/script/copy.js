// Copies the text of an element: `<button data-copy="its id"><span>Copy</span></button>`. Here and not in the app, for it
// needs no more than this.

const SHOWN_MS = 2000;

async function copy(element) {
  // Only a secure context has a clipboard; elsewhere what is selected is copied.
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  }
  const selection = getSelection();
  selection.selectAllChildren(element);
  return document.execCommand("copy");
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  const element = button && document.getElementById(button.dataset.copy);
  if (!element) return;
  const label = button.querySelector("span");
  label.textContent = (await copy(element).catch(() => false)) ? "Copied" : "Not copied";
  setTimeout(() => (label.textContent = "Copy"), SHOWN_MS);
});
