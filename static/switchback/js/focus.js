// Where somebody was, so that they are put back there when the page has changed under their hands: the same element, or one
// that says the same, or the nearest thing around it that is still there. Focus never falls back to the top of the page.
const wordsOf = (element) => [element.tagName, element.getAttribute("href"), element.getAttribute("aria-label"), element.textContent.trim()].join("|");

export function placeOf(element) {
  if (!element || element === document.body) return null;
  const around = [];
  for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) if (up.id) around.push(up.id);
  return { id: element.id, words: wordsOf(element), tag: element.tagName, around };
}

// The browser takes focus from what is hidden or out of order only when it draws next: until then it merely seems to be there.
export function isHeld(element) {
  return Boolean(element) && element !== document.body && element.checkVisibility() && !element.disabled;
}

export function putBack(place) {
  if (!place) return;
  const around = place.around.map((id) => document.getElementById(id)).filter(Boolean);
  const alike = () => [...(around[0]?.querySelectorAll(place.tag) ?? [])].find((found) => wordsOf(found) === place.words);
  const same = place.id ? document.getElementById(place.id) : alike();
  for (const found of [same, ...around]) {
    const wanted = found?.matches("details") ? found.querySelector("summary") : found;
    if (!isHeld(wanted)) continue;
    if (wanted.tabIndex < 0 && !wanted.hasAttribute("tabindex")) wanted.setAttribute("tabindex", "-1");
    wanted.focus({ preventScroll: true });
    if (document.activeElement === wanted) return;
  }
}
