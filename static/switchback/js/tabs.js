// A row of tabs that is wider than the screen begins at the tab one is on, also after it has been renewed.
function show(row) {
  const here = row.querySelector("[aria-current]");
  if (!here || row.scrollWidth <= row.clientWidth) return;
  const place = here.getBoundingClientRect().left - row.getBoundingClientRect().left + row.scrollLeft;
  row.scrollLeft = place - (row.clientWidth - here.offsetWidth) / 2;
}

const all = () => document.querySelectorAll(".section-tabs, .tabs, nav.choices").forEach(show);
document.addEventListener("switchback:fresh", all);
addEventListener("resize", all);
all();
