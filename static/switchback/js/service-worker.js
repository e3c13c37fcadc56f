// Keeps copies of the plan, the call tree and the papers for switching by hand, so that they can be read when the console
// cannot be reached. It keeps the pages under /offline/ and the style sheets they need, and nothing else: those pages are made
// for it, without forms, tokens or anything of an incident. Logging out, or a session that has ended, clears them.
const COPIES = "switchback-copies-1";
const LIST = "/offline/list/";
const FRESH_MS = 15 * 60 * 1000;
const SERVER_GONE = [502, 503, 504];
let keeping = Promise.resolve();
let forgotten = 0; // how often: what was begun before a log-out must not be kept after it

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  if (event.data?.please === "keep") event.waitUntil(keep(event.data.who));
  if (event.data?.please === "forget") event.waitUntil(forget());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (request.method === "POST" && address.pathname === "/logout/") event.waitUntil(forget());
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(go(request, address));
  else if (address.pathname.startsWith("/static/switchback/")) event.respondWith(file(request, address));
});

async function forget() {
  forgotten += 1;
  await caches.delete(COPIES);
}

async function kept(path) {
  if (!(await caches.has(COPIES))) return undefined;
  return (await caches.open(COPIES)).match(path);
}

function keep(who) {
  keeping = keeping.then(() => renew(who)).catch(() => undefined); // one after the other; without the network the old copies stay
  return keeping;
}

async function renew(who) {
  const began = forgotten;
  const before = await (await kept(LIST))?.json();
  if (before && before.who === who && Date.now() - before.kept < FRESH_MS) return;
  if (before && before.who !== who) await caches.delete(COPIES);
  const answer = await fetch(LIST, { redirect: "manual" });
  if (!answer.ok) {
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) await forget();
    return;
  }
  const list = await answer.json();
  const found = new Map();
  for (const path of [...list.pages, ...list.files]) {
    const copy = await fetch(path, { redirect: "manual" });
    if (copy.ok) found.set(path, copy);
  }
  found.set(LIST, new Response(JSON.stringify({ ...list, kept: Date.now() }), { headers: { "Content-Type": "application/json" } }));
  if (began !== forgotten) return;
  const store = await caches.open(COPIES);
  for (const [path, copy] of found) await store.put(path, copy);
  for (const old of await store.keys()) if (!found.has(new URL(old.url).pathname)) await store.delete(old);
  if (began !== forgotten) await caches.delete(COPIES);
}

// The network first. Where it does not answer, the copy of what was asked for; for everything else, the page that says so.
async function go(request, address) {
  let answer;
  try {
    answer = await fetch(request);
    if (!SERVER_GONE.includes(answer.status)) return answer;
  } catch {
    answer = undefined;
  }
  const instead = copyOf(address.pathname);
  if (instead && (await kept(instead.split("#")[0]))) {
    return instead === address.pathname ? kept(instead) : Response.redirect(instead);
  }
  return answer ?? (await kept("/offline/")) ?? Response.error();
}

function copyOf(path) {
  if (path.startsWith("/offline/")) return path;
  const book = path.match(/^\/plan\/playbooks\/([a-z0-9-]+)\/$/);
  if (book) return `/offline/plan/#book-${book[1]}`;
  const hand = path.match(/^\/switchboard\/([a-z0-9-]+)\/by-hand\/$/);
  if (hand) return `/offline/by-hand/${hand[1]}/`;
  return path.startsWith("/plan/") ? "/offline/plan/" : undefined;
}

async function file(request, address) {
  try {
    return await fetch(request);
  } catch {
    return (await kept(address.pathname)) ?? Response.error();
  }
}
