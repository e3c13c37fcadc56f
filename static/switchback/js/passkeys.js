// Passkeys: ask the server what to ask the browser, ask the browser, send its answer with the form. A form marked
// data-passkey stays hidden where the browser knows none; the other ways to log in need no script.
const fromText = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function asked(options) {
  const shown = { ...options, challenge: fromText(options.challenge) };
  if (options.user) shown.user = { ...options.user, id: fromText(options.user.id) };
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    if (options[list]) shown[list] = options[list].map((known) => ({ ...known, id: fromText(known.id) }));
  }
  return shown;
}

function answered(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return JSON.stringify({ id: credential.id, rawId: credential.id, type: credential.type, response, clientExtensionResults: {} });
}

async function use(form) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  const answer = await fetch(form.dataset.options, { method: "POST", headers, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  const { publicKey, offer } = await answer.json();
  const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: asked(publicKey) });
  form.querySelector("[name=credential]").value = answered(credential);
  if (offer) form.querySelector("[name=offer]").value = offer;
  form.submit();
}

if (window.PublicKeyCredential && window.isSecureContext) {
  document.getElementById("no-passkeys")?.remove();
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button[type=submit]");
      const says = form.querySelector("[role=alert]");
      button.disabled = true;
      says.hidden = true;
      try {
        await use(form);
      } catch {
        says.textContent = form.dataset.failed;
        says.hidden = false;
        button.disabled = false;
        button.focus();
      }
    });
  }
}
