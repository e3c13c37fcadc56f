// Keeps the times on the page true without asking the server: clocks that run down, rings that fill, "12 min ago".
// The page's own clock is not trusted: the server says what time it is (`server-now`), we keep only the difference.
const RING = 2 * Math.PI * 26;
const WARNINGS = [95, 80, 50];
let skewMs = 0;

function trust(serverNow) {
  const at = Date.parse(serverNow);
  if (!Number.isNaN(at)) skewMs = at - Date.now();
}

function nowMs() {
  return Date.now() + skewMs;
}

function duration(ms) {
  const all = Math.floor(Math.abs(ms) / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(all / 3600);
  const rest = `${two(Math.floor((all % 3600) / 60))}:${two(all % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

function tickClock(clock) {
  const due = Date.parse(clock.dataset.due);
  const target = Number(clock.dataset.targetS) * 1000;
  if (Number.isNaN(due) || !(target > 0)) return;
  const left = due - nowMs();
  const used = Math.min(1, Math.max(0, 1 - left / target));
  const text = clock.querySelector("[data-left]");
  if (text) text.textContent = (left < 0 ? `+${duration(left)}` : duration(left));
  const late = clock.querySelector("[data-late]");
  if (late) late.textContent = duration(left);
  const over = clock.querySelector("[data-over]");
  if (over) over.hidden = left >= 0;
  const before = clock.querySelector("[data-before]");
  if (before) before.hidden = left < 0;
  const ring = clock.querySelector(".fg");
  if (ring) ring.setAttribute("stroke-dasharray", `${(used * RING).toFixed(1)} ${RING.toFixed(1)}`);
  const level = WARNINGS.find((percent) => used * 100 >= percent);
  if (level) clock.dataset.level = String(level);
}

function tickAge(time, format) {
  const seconds = (Date.parse(time.dateTime) - nowMs()) / 1000;
  if (Number.isNaN(seconds)) return;
  const size = Math.abs(seconds);
  const [value, unit] = size < 60 ? [seconds, "second"] : size < 3600 ? [seconds / 60, "minute"] : size < 86400 ? [seconds / 3600, "hour"] : [seconds / 86400, "day"];
  // Never “yesterday”: a day is 24 hours here, and the date beside it would contradict the word.
  const text = (unit === "day" ? format.counted : format.spoken).format(Math.trunc(value), unit);
  if (time.textContent !== text) time.textContent = text;
}

function tick() {
  const language = document.documentElement.lang || "en";
  const format = {
    spoken: new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }),
    counted: new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" }),
  };
  document.querySelectorAll('[data-clock="running"],[data-clock="breached"]').forEach(tickClock);
  document.querySelectorAll("time[data-age]").forEach((time) => tickAge(time, format));
}

trust(document.querySelector('meta[name="server-now"]')?.content);
document.addEventListener("switchback:time", (event) => { trust(event.detail); tick(); });
document.addEventListener("switchback:fresh", tick);
tick();
setInterval(tick, 1000);
