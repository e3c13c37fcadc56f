// A move's form opens in a dialog over the page (htmx fetches it) and tells its result there. Without script the same
// link opens the same form as a page. Refusals (409, 422 …) come back as the form again, with what was typed.
const dialog = document.getElementById("dialog");
const toasts = document.getElementById("toasts");
let opener = null;

function say(text, kind) {
  if (!toasts || !text) return;
  const note = document.createElement("div");
  note.className = `says ${kind}`;
  note.setAttribute("role", kind === "error" ? "alert" : "status");
  note.textContent = text;
  toasts.append(note);
  setTimeout(() => note.remove(), 8000);
}

function inDialog(element) {
  return dialog && (element === dialog || dialog.contains(element));
}

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (inDialog(event.detail.target) && !dialog.open) opener = event.detail.elt.id || null;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (!inDialog(event.detail.target) && !inDialog(event.detail.elt)) return;
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[aria-invalid='true'], [autofocus], h1")?.focus();
  if (event.detail.xhr.status === 409) document.dispatchEvent(new CustomEvent("switchback:done"));
});

// The server answers a move that was carried out with 204 and this event (HX-Trigger).
document.body.addEventListener("moved", (event) => {
  if (dialog?.open) dialog.close();
  say(event.detail.says, "success");
  if (event.detail.elt?.matches?.("form")) event.detail.elt.reset();
  if (event.detail.go && !document.querySelector("[data-feed]")) location.assign(event.detail.go);
  else if (event.detail.leave) location.assign(event.detail.leave);
  document.dispatchEvent(new CustomEvent("switchback:done"));
});

for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(failure, () => say(document.body.dataset.offline, "error"));
}
document.body.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status >= 500) say(document.body.dataset.broken, "error");
});

dialog?.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) { event.preventDefault(); dialog.close(); }
});
dialog?.addEventListener("close", () => {
  dialog.querySelector("#dialog-body")?.replaceChildren();
  if (opener) document.getElementById(opener)?.focus();
});
