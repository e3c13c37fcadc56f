// The live feed. Server-sent events say only *what kind* of record changed; the page then fetches the fragments that
// show that kind, as HTML, from the same address that made the page. Without events it asks every five seconds.
import { placeOf, putBack } from "./focus.js";

const page = document.querySelector("[data-feed]");
const POLL_MS = 5000;
const RETRY_EVENTS_MS = 60000;
const GATHER_MS = 400;

if (page) start(page);
else document.querySelectorAll(".foot .live, .phone-foot .live").forEach((light) => light.remove());  // what is not live must not say so

function start(root) {
  const feedUrl = root.dataset.feed;
  const pollUrl = root.dataset.poll;
  let cursor = root.dataset.cursor;
  let source = null;
  let failures = 0;
  let polling = null;
  let gathering = null;
  let fetching = false;
  const changed = new Set();

  function show(state) {
    document.querySelectorAll(".live").forEach((light) => {
      light.dataset.state = state;
      const words = light.querySelector("span");
      if (words) words.textContent = light.getAttribute(`data-says-${state}`);
    });
  }

  function heard(news) {
    if (news.cursor) cursor = news.cursor;
    if (news.now) document.dispatchEvent(new CustomEvent("switchback:time", { detail: news.now }));
    (news.kinds || []).forEach((kind) => changed.add(kind));
    if (changed.size && !gathering) gathering = setTimeout(freshen, GATHER_MS);
  }

  async function freshen() {
    gathering = null;
    if (fetching) { gathering = setTimeout(freshen, GATHER_MS); return; }
    const wanted = [...document.querySelectorAll("[data-live]")]
      .filter((part) => changed.has("*") || part.dataset.live.split(" ").some((kind) => changed.has(kind)))
      .map((part) => part.id);
    changed.clear();
    if (!wanted.length) return;
    fetching = true;
    try {
      const url = new URL(root.dataset.fresh, location.href);
      url.searchParams.set("parts", wanted.join(","));
      const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" }, credentials: "same-origin" });
      if (answer.status === 401 || answer.status === 403 || answer.redirected) { lost(); return; }
      if (answer.ok) swap(await answer.text());
    } catch { /* the network is away; the feed itself will say so and come back */ } finally { fetching = false; }
  }

  function swap(html) {
    const box = document.createElement("template");
    box.innerHTML = html;
    for (const fresh of [...box.content.children]) {
      const old = document.getElementById(fresh.id);
      if (!old || old.querySelector("[data-keep]:focus-within")) continue;
      if (old.querySelector(".htmx-request")) { later(old); continue; }
      const open = new Set([...old.querySelectorAll("details[open][id]")].map((d) => d.id));
      const place = old.contains(document.activeElement) ? placeOf(document.activeElement) : null;
      old.replaceWith(fresh);
      open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
      putBack(place);
      window.htmx?.process(fresh);
    }
    document.dispatchEvent(new CustomEvent("switchback:fresh"));
  }

  // A form whose answer is under way must be there to hear it: what it stands in is renewed afterwards.
  function later(part) {
    part.dataset.live.split(" ").forEach((kind) => changed.add(kind));
    if (!gathering) gathering = setTimeout(freshen, GATHER_MS);
  }

  function lost() {
    source?.close();
    clearInterval(polling);
    show("lost");
  }

  async function poll() {
    try {
      const url = new URL(pollUrl, location.href);
      if (cursor) url.searchParams.set("after", cursor);
      const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (answer.status === 401 || answer.status === 403) { lost(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      show("polling");
      heard(await answer.json());
    } catch { show("lost"); }
  }

  function startPolling() {
    if (polling) return;
    poll();
    polling = setInterval(poll, POLL_MS);
    setTimeout(listen, RETRY_EVENTS_MS);
  }

  function listen() {
    if (!window.EventSource) { startPolling(); return; }
    const url = new URL(feedUrl, location.href);
    if (cursor) url.searchParams.set("after", cursor);
    source?.close();
    source = new EventSource(url);
    source.onopen = () => {
      failures = 0;
      clearInterval(polling);
      polling = null;
      show("live");
    };
    source.addEventListener("news", (event) => { try { heard(JSON.parse(event.data)); } catch { changed.add("*"); } });
    source.addEventListener("time", (event) => heard({ now: event.data }));
    source.addEventListener("bye", () => { source.close(); poll(); });
    source.onerror = () => {
      failures += 1;
      if (source.readyState === EventSource.CLOSED || failures >= 3) { source.close(); startPolling(); } else show("polling");
    };
  }

  document.addEventListener("switchback:done", () => { changed.add("*"); if (!gathering) gathering = setTimeout(freshen, 0); });
  listen();
}
