// Light, dark, or as the system has it. Loaded before the styles, so that nothing flashes.
const KEY = "shop-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const paper = matchMedia("print");

function choice() {
  try {
    return localStorage.getItem(KEY) || "auto";
  } catch {
    return "auto"; // storage may be forbidden
  }
}

function apply() {
  const chosen = choice();
  const theme = chosen === "auto" ? (system.matches ? "dark" : "light") : chosen;
  document.documentElement.dataset.bsTheme = paper.matches ? "light" : theme;
  for (const button of document.querySelectorAll("[data-shop-theme-choice] button")) {
    button.setAttribute("aria-pressed", String(button.value === chosen));
  }
}

apply();
system.addEventListener("change", apply);
paper.addEventListener("change", apply);
document.addEventListener("DOMContentLoaded", apply);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-shop-theme-choice] button");
  if (button) {
    try {
      localStorage.setItem(KEY, button.value);
    } catch {
      return;
    }
    apply();
  }
  for (const menu of document.querySelectorAll(".shop-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".shop-menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
