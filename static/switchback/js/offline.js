// Has the browser keep copies of the plan, the call tree and the papers for switching by hand for whoever is logged in,
// and drop them where nobody is any more.
const who = document.querySelector('meta[name="offline-copies"]')?.content;
if ("serviceWorker" in navigator) {
  if (who) {
    navigator.serviceWorker.register("/service-worker.js").catch(() => undefined); // private windows refuse it
    navigator.serviceWorker.ready.then((worker) => worker.active?.postMessage({ please: "keep", who }));
  } else if (location.pathname === "/login/") {
    navigator.serviceWorker.getRegistration().then((worker) => worker?.active?.postMessage({ please: "forget" }));
  }
}
