// Puts subject and text of a message into the clipboard. The buttons stay hidden where the browser has none to offer.
for (const button of document.querySelectorAll("[data-copies]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const words = button.textContent;
  button.addEventListener("click", async () => {
    const id = button.dataset.copies;
    const subject = document.getElementById(`${id}-subject`).value;
    await navigator.clipboard.writeText(`${subject}\n\n${document.getElementById(id).value}`);
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}

// The same for a piece of text that stands on the page, also in a dialog that came later.
function offer() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copies-text][hidden]")) button.hidden = false;
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copies-text]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copiesText).textContent);
  const words = button.textContent;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = words; }, 2000);
});
document.body.addEventListener("htmx:afterSwap", offer);
offer();
