// What was typed into the composer outlives reloads and filters: kept in this tab until it was sent. Without script the
// browser keeps it as it keeps every form. A chosen filter of the timeline also holds for the live update.
const box = document.querySelector("[data-draft]");
const main = document.querySelector("[data-fresh]");

if (box) {
  const keyOf = (field) => `draft ${box.dataset.draft} ${field.id}`;
  const fields = [...box.querySelectorAll("textarea")];
  for (const field of fields) {
    const kept = sessionStorage.getItem(keyOf(field));
    if (kept && !field.value) {
      field.value = kept;
      field.closest("details")?.setAttribute("open", "");
    }
    field.addEventListener("input", () => {
      if (field.value) sessionStorage.setItem(keyOf(field), field.value); else sessionStorage.removeItem(keyOf(field));
    });
  }
  box.addEventListener("reset", (event) => event.target.querySelectorAll("textarea").forEach((field) => sessionStorage.removeItem(keyOf(field))));
}

document.body.addEventListener("htmx:pushedIntoHistory", () => { if (main) main.dataset.fresh = location.pathname + location.search; });

// What was unfolded to find a move folds again when the move is made.
document.addEventListener("switchback:done", () => document.getElementById("room-more")?.removeAttribute("open"));
