// A move's form opens in a dialog over the page (htmx fetches it) and tells its result there. Without script the same
// link opens the same form as a page. Refusals (409, 422 …) come back as the form again, with what was typed.
import { isHeld, placeOf, putBack } from "./focus.js";

const dialog = document.getElementById("dialog");
const toasts = document.getElementById("toasts");
let opener = null;

function say(text, kind) {
  if (!toasts || !text) return;
  const note = document.createElement("div");
  note.className = `says ${kind}`;
  note.setAttribute("role", kind === "error" ? "alert" : "status");
  note.textContent = text;
  note.addEventListener("click", () => note.remove());
  toasts.append(note);
  setTimeout(() => note.remove(), 8000);
}

// What was done is said on the page that comes next.
const KEPT = "says";

function leave(address, text) {
  if (text) sessionStorage.setItem(KEPT, text);
  if (address) location.assign(address); else location.reload();
}

say(sessionStorage.getItem(KEPT), "success");
sessionStorage.removeItem(KEPT);

function inDialog(element) {
  return dialog && (element === dialog || dialog.contains(element));
}

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (inDialog(event.detail.target) && !dialog.open) opener = placeOf(document.activeElement) ?? placeOf(event.detail.elt);
});

// A button is out of order while its request is under way, and so loses focus.
document.body.addEventListener("htmx:afterRequest", () => {
  if (!dialog?.open && !isHeld(document.activeElement)) putBack(opener);
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
  if (event.detail.elt?.matches?.("form")) event.detail.elt.reset();
  const { says, go, leave: away } = event.detail;
  if (!document.querySelector("[data-feed]")) { leave(go || away, says); return; }
  if (away) { leave(away, says); return; }
  say(says, "success");
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
  putBack(opener);
});
