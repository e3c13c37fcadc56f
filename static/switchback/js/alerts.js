// The triage table by keyboard: j/k move, x ticks, a acknowledges, s silences, o opens the incident, Enter the alert.
// What was ticked stays ticked while the list is renewed under one's hands. Without script the boxes and buttons do the same.
const form = document.getElementById("bulk");
const ticked = new Set();
let current = "";

const boxes = () => [...document.querySelectorAll('input[type="checkbox"][form="bulk"]')];
const rows = () => [...document.querySelectorAll("[data-row]")];
const idOf = (box) => box.value.split(".")[0];

function count() {
  const shown = boxes();
  const label = form?.querySelector("[data-count]");
  if (label) {
    label.dataset.none ??= label.textContent;
    label.textContent = ticked.size ? `${ticked.size} ${label.dataset.words}` : label.dataset.none;
  }
  const all = document.getElementById("tick-all");
  if (all) {
    all.checked = shown.length > 0 && shown.every((box) => box.checked);
    all.indeterminate = !all.checked && shown.some((box) => box.checked);
  }
}

function take(box) {
  if (box.checked) ticked.add(idOf(box)); else ticked.delete(idOf(box));
}

function restore() {
  const there = new Set(boxes().map(idOf));
  for (const id of [...ticked]) if (!there.has(id)) ticked.delete(id);
  boxes().forEach((box) => { box.checked = ticked.has(idOf(box)); });
  if (current && document.activeElement === document.body) document.getElementById(current)?.focus({ preventScroll: true });
  count();
}

function move(step) {
  const list = rows();
  if (!list.length) return;
  const here = list.findIndex((row) => row.id === current);
  const row = list[Math.min(list.length - 1, Math.max(0, here + step))];
  current = row.id;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function act(key) {
  const row = document.getElementById(current);
  if (key === "x") {
    const box = row?.querySelector('input[form="bulk"]');
    if (box) { box.checked = !box.checked; take(box); count(); }
  } else if (key === "o") {
    row?.querySelector("[data-incident]")?.click();
  } else if (key === "Enter") {
    row?.querySelector("[data-open]")?.click();
  } else if (ticked.size) {
    form?.querySelector(`[data-key="${key}"]`)?.click();
  } else {
    row?.querySelector(key === "a" ? ".acts button[type=submit]" : "[data-silence]")?.click();
  }
}

document.addEventListener("change", (event) => {
  if (event.target.id === "tick-all") {
    boxes().forEach((box) => { box.checked = event.target.checked; take(box); });
  } else if (event.target.matches?.('input[form="bulk"]')) {
    take(event.target);
  } else return;
  count();
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-row]");
  if (row) current = row.id;
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]),select,textarea,[contenteditable]")) return;
  if (event.key === "Enter" && !event.target.matches("[data-row]")) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
  } else if (event.key === "j" || event.key === "k") {
    event.preventDefault();
    move(event.key === "j" ? 1 : -1);
  } else if (["x", "a", "s", "o", "Enter"].includes(event.key)) {
    event.preventDefault();
    act(event.key);
  }
});

document.addEventListener("switchback:fresh", restore);
document.body.addEventListener("htmx:afterRequest", (event) => {  // done with the selection; after one row's own button it stays
  if (event.detail.xhr.status !== 204 || !event.detail.pathInfo?.requestPath?.includes("/bulk/")) return;
  ticked.clear();
  boxes().forEach((box) => { box.checked = false; });
  count();
});
form?.querySelector("[data-all]")?.removeAttribute("hidden");
boxes().forEach(take);
count();
