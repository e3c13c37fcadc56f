// Keys for those who know the screen; everything they do is also a link or button on the page. `?` lists them, and the list
// is where the addresses come from. Listens before the page's own keys, so that the second key of a pair is nobody else's.
const list = document.getElementById("keys");
const PAIR_MS = 1500;
let begun = "";
let timer = null;

const typing = (target) => target.closest?.("input:not([type=checkbox],[type=radio]),select,textarea,[contenteditable]");
const inRoom = () => document.getElementById("room-header");

function forget() {
  begun = "";
  clearTimeout(timer);
}

function press(element) {
  if (!element) return false;
  element.click();
  return true;
}

function focus(element) {
  if (!element) return false;
  element.focus();
  element.scrollIntoView({ block: "center" });
  return true;
}

function open(details) {
  if (!details) return false;
  details.setAttribute("open", "");
  return focus(details.querySelector("summary"));
}

function act(key) {
  if (begun) {
    const link = list?.querySelector(`[data-keys="${CSS.escape(begun)} ${CSS.escape(key)}"]`);
    forget();
    if (link) location.assign(link.href);
    return true;
  }
  if (key === "?") { list?.showModal(); list?.querySelector("h1")?.focus(); return Boolean(list); }
  if (key === "/") return focus(document.querySelector("[data-search], main input[type=search]"));
  if (key === "g") { begun = "g"; timer = setTimeout(forget, PAIR_MS); return true; }
  if (!inRoom()) return false;
  if (key === "c") return press(document.querySelector('#room-actions [id^="do-incidents-confirm-"]'));
  if (key === "b") return focus(document.querySelector("#room-actions :is(a, button, summary)"));
  if (key === "n") return focus(document.getElementById("composer"));
  if (key === "t") return focus(document.querySelector("#room-tasks .btn, #room-tasks summary"));
  if (key === "r") return focus(document.querySelector("#room-roles :is(a, button)"));
  if (key === "m") return open(document.getElementById("room-more"));
  return false;
}

window.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.key.length !== 1) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (act(event.key)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

document.querySelectorAll("[data-show-keys]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => { list?.showModal(); list?.querySelector("h1")?.focus(); });
});
