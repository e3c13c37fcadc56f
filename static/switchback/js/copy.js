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
