// Hides fields that belong to another choice than the one made (data-only-with="kind=heartbeat"). Without script they all stay.
function fit(form) {
  form.querySelectorAll("[data-only-with]").forEach((field) => {
    const [name, wanted] = field.dataset.onlyWith.split("=");
    field.hidden = new FormData(form).get(name) !== wanted;
  });
}

function fitAll() {
  document.querySelectorAll("form:has([data-only-with])").forEach(fit);
}

document.addEventListener("change", (event) => { if (event.target.form) fit(event.target.form); });
document.body.addEventListener("htmx:afterSwap", fitAll);
fitAll();
