// Optional: the payment page also works without JavaScript.

const form = document.querySelector("#pay");
const EXAMPLE = { expiry: "12 / 34", cvc: "123", name: "Test Shopper", email: "shopper@example.com" };

function fill(number) {
  form.elements.number.value = number;
  for (const [name, value] of Object.entries(EXAMPLE)) {
    form.elements[name].value ||= value;
  }
  const card = form.querySelector('[name="method"][value="card"]');
  if (card) card.checked = true;
  form.elements.number.focus();
}

function groupDigits(input) {
  const digits = input.value.replace(/\D/g, "").slice(0, 19);
  input.value = digits.replace(/(\d{4})(?=\d)/g, "$1 ");
}

function setBusy(isBusy) {
  for (const button of document.querySelectorAll("form button")) {
    button.setAttribute("aria-disabled", String(isBusy));
    button.classList.toggle("busy", isBusy);
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-card]");
  if (!link || !form) return;
  event.preventDefault();
  fill(link.dataset.card);
});

document.addEventListener("input", (event) => {
  const input = event.target;
  const atEnd = input.selectionStart === input.value.length;
  if (input.id === "number" && atEnd) groupDigits(input);
});

document.addEventListener("submit", (event) => {
  if (document.querySelector("button.busy")) event.preventDefault();
  else setBusy(true);
});

// After Back the page may come from the cache, with its button still busy.
window.addEventListener("pageshow", () => setBusy(false));
