// Sends the shop's forms with fetch(), and replaces fragments of the page by those of the response.

const unsavedQuantities = new Map(); // product → quantity
const failedJobs = new Map(); // key → function that runs the job again
const channel = new BroadcastChannel("stripe-cart"); // to other tabs
let queue = Promise.resolve();
let activeModal = null;
let saveTimer, refreshTimer;

const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];
const find = (selector, root = document) => root.querySelector(selector);
const modalOf = (element) => element.closest("[data-stripe-cart-modal]");
const lineOf = (product, root) => find(`[data-stripe-cart-line="${product}"]`, root);
const itemForms = () => findAll("[data-stripe-cart-form=item]");

// --- requests ---

// One at a time, so that the last response is the latest cart.
const enqueue = (job) => (queue = queue.then(job, job));

async function fetchFragments(url, modal, body) {
  const response = await fetch(url, {
    method: body && "POST",
    headers: { "Stripe-Cart": modal ? "modal" : "page" },
    body,
    cache: "no-store",
    signal: AbortSignal.timeout(60_000),
  });
  const redirect = response.headers.get("Stripe-Cart-Location");
  if (redirect) return void location.assign(redirect);
  if (response.status === 403) return failureMessage(403);
  if (!response.ok) throw new Error(`${response.status} ${url}`);
  if (response.redirected) return void location.reload(); // to a login page
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

function postForm(form, changes) {
  const fields = Object.fromEntries(new FormData(form));
  const next = location.pathname + location.search;
  const body = new URLSearchParams({ ...fields, next, ...changes });
  return fetchFragments(form.action, modalOf(form), body);
}

// Returns false if the browser is leaving the page. Keeps a failed job for "Try again".
async function runJob(key, job, onSuccess) {
  try {
    const answer = await job();
    if (!answer) return false;
    failedJobs.delete(key);
    if (!failedJobs.size) findAll("[data-stripe-cart-toast=retry]").forEach(removeElement);
    onSuccess(answer);
  } catch (error) {
    failedJobs.set(key, () => enqueue(() => runJob(key, job, onSuccess)));
    showMessages(failureMessage());
    dispatch("failed", { error });
  }
  return true;
}

const loadFragments = (url, modal) =>
  enqueue(() => runJob(url, () => fetchFragments(url, modal), (answer) => {
    showFragments(answer, modal);
    showMessages(answer);
  }));

async function loadModal(modal, url) {
  const slot = find("[data-stripe-cart-slot]", modal);
  if (!slot) return loadFragments(url);
  setBusy(slot, true);
  await loadFragments(url, modal);
  setBusy(slot);
}

function refreshCart() {
  const source = find("[data-stripe-cart-source]");
  if (source) loadFragments(source.dataset.stripeCartSource);
}

function scheduleRefresh() {
  clearTimeout(refreshTimer);
  const order = find("[data-stripe-cart-refresh-url]")?.dataset;
  if (!order) return;
  const refresh = () => loadFragments(order.stripeCartRefreshUrl).then(broadcast);
  refreshTimer = setTimeout(refresh, order.stripeCartRefreshSeconds * 1000);
}

// --- fragments ---

function showFragments(answer, modal) {
  for (const fragment of findAll("[data-stripe-cart-fragment]", answer)) {
    const name = fragment.dataset.stripeCartFragment;
    const slot = find(`[data-stripe-cart-slot~="${name}"]`, modal ?? answer);
    const old = slot ? [...slot.children] : findAll(`[data-stripe-cart-fragment=${name}]`);
    for (const element of old) replaceFragment(element, fragment.cloneNode(true));
  }
  for (const notice of findAll("[data-stripe-cart-removed-line]", answer)) {
    for (const box of findAll("[data-stripe-cart-removed-lines]")) box.append(notice.cloneNode(true));
  }
  const isBack = (notice) => lineOf(notice.dataset.stripeCartRemovedLine);
  findAll("[data-stripe-cart-removed-line]").filter(isBack).forEach(removeElement);
  itemForms().forEach(showUnsavedQuantity);
  scheduleRefresh();
}

// Keeps the focus: without it, Esc would not close a modal.
function replaceFragment(old, fragment) {
  const active = document.activeElement;
  const hadFocus = old.contains(active);
  const sameKind = `[data-stripe-cart-control="${active.dataset.stripeCartControl}"]`;
  const line = active.closest("[data-stripe-cart-line]")?.dataset.stripeCartLine;
  const position = findAll(sameKind, old).indexOf(active);
  old.replaceWith(fragment);
  if (!hadFocus) return;
  const controls = findAll(sameKind, fragment);
  const same = controls.find((control) => lineOf(line, fragment)?.contains(control));
  const next = same ?? controls[position] ?? controls.at(-1) ?? focusableHeading(fragment);
  next.focus();
  if (next.type === "number") {
    const value = active.value && next.value;
    next.value = "";
    next.value = value; // moves the caret to its end
  }
}

function removeElement(element) {
  if (element.contains(document.activeElement)) focusableHeading(element).focus({ preventScroll: true });
  element.remove();
}

function focusableHeading(fragment) {
  const heading =
    find("[data-stripe-cart-title]", fragment) ??
    find(activeModal ? ".modal-title" : "h1", activeModal ?? document) ??
    document.body;
  heading.tabIndex = -1;
  return heading;
}

const setBusy = (element, busy) => (element.ariaBusy = element.ariaDisabled = busy);

// --- messages and events ---

// A toast replaces equal ones, and the earlier status about the same product.
function showMessages(answer, about = {}) {
  const boxes = findAll("[data-stripe-cart-messages]");
  const box =
    boxes.find((box) => modalOf(box) === activeModal) ??
    boxes.find((box) => !modalOf(box)) ??
    document.body.appendChild(find("[data-stripe-cart-messages]", failureMessage()));
  const toasts = findAll("[data-stripe-cart-toast]", answer);
  const texts = toasts.map((toast) => (toast.remove(), toast.textContent));
  const isStale = (old) => texts.includes(old.textContent) || (old.about === about && old.role === "status");
  findAll("[data-stripe-cart-toast]").filter(isStale).forEach(removeElement);
  box.append(...toasts);
  for (const toast of toasts) scheduleRemoval(Object.assign(toast, { about }));
  const changes = findAll("[data-stripe-cart-announce]", answer).map((element) => element.textContent).join(" ");
  find("[data-stripe-cart-live]", box).textContent = toasts.length ? "" : changes.replace(/\s+/g, " ");
}

const failureMessage = (kind = "") => find(`[data-stripe-cart-failure="${kind}"]`).content.cloneNode(true);

function scheduleRemoval(toast) {
  const remove = () => (toast.matches(":hover, :focus-within") ? scheduleRemoval(toast) : removeElement(toast));
  const milliseconds = toast.dataset.stripeCartToast;
  if (milliseconds > 0) setTimeout(remove, milliseconds);
}

const dispatch = (event, detail) => document.dispatchEvent(new CustomEvent(`stripe-cart:${event}`, { detail }));

const broadcast = () => channel.postMessage(currentFingerprint());

// --- changes of the cart and of orders ---

// "" for an empty cart, undefined on a page without one.
function currentFingerprint() {
  const cart = find("[data-stripe-cart-fragment=cart]");
  return cart ? (find("[name=fingerprint]", cart)?.value ?? "") : undefined;
}

// Prices as shown, quantities as typed.
function fingerprintAsTyped(form) {
  const lines = JSON.parse(form.elements.fingerprint.value);
  for (const line of lines) line[1] = +(unsavedQuantities.get(line[0]) ?? line[1]);
  return JSON.stringify(lines.filter((line) => line[1]));
}

async function submitForm(form) {
  const button = find("[type=submit]", form);
  if (button.ariaBusy) return;
  setBusy(button, true);
  const changes = form.elements.fingerprint && { fingerprint: fingerprintAsTyped(form) };
  saveQuantities();
  if (await enqueue(() => submitChange(form, changes))) setBusy(button);
}

function submitChange(form, changes, onResponse) {
  const product = form.elements.product?.value;
  const modal = modalOf(form);
  const cart = currentFingerprint();
  const quantityBefore = cart === undefined ? "" : (JSON.parse(cart || "[]").find(([pk]) => pk === product)?.[1] ?? 0);
  const job = () => {
    const answer = postForm(form, changes).finally(onResponse);
    changes = { quantity_before: quantityBefore, ...changes }; // with it, another attempt is not done twice
    return answer;
  };
  return runJob(form.action + product, job, (answer) => {
    if (!find("[role=alert]", answer)) form.reset();
    updatePrice(form);
    showFragments(answer, modal);
    showMessages(answer, product);
    broadcast();
    dispatch("changed", { action: form.dataset.stripeCartForm });
  });
}

// --- quantities ---

function scheduleSave(form, delay) {
  const { product, quantity } = form.elements;
  if (!quantity.value || (quantity.value === quantity.defaultValue && !unsavedQuantities.has(product.value))) return;
  unsavedQuantities.set(product.value, quantity.value);
  showUnsavedQuantity(form);
  clearTimeout(saveTimer);
  saveTimer = setTimeout(saveQuantities, delay);
}

function saveQuantities() {
  clearTimeout(saveTimer);
  for (const form of itemForms()) {
    if (unsavedQuantities.has(form.elements.product.value)) enqueue(() => saveQuantity(form));
  }
}

async function saveQuantity(form) {
  const product = form.elements.product.value;
  const quantity = unsavedQuantities.get(product);
  if (!quantity) return;
  const forget = () => unsavedQuantities.get(product) === quantity && unsavedQuantities.delete(product);
  await submitChange(form, { quantity }, forget);
  itemForms().forEach(showUnsavedQuantity);
}

function showUnsavedQuantity(form) {
  const { product, quantity } = form.elements;
  const unsaved = unsavedQuantities.get(product.value);
  form.ariaBusy = unsaved && true;
  if (quantity.value) quantity.value = unsaved ?? quantity.defaultValue;
}

// --- prices ---

function updatePrice({ elements: { quantity } }) {
  const offer = quantity?.closest("[data-stripe-cart-offer]");
  const price = offer && find("[data-stripe-cart-unit-amount]", offer);
  if (!price || !/^[1-9]\d{0,4}$/.test(quantity.value)) return;
  const { stripeCartUnitAmount, stripeCartMoney } = price.dataset;
  price.textContent = money(stripeCartUnitAmount * quantity.value, JSON.parse(stripeCartMoney));
  const each = find("[data-stripe-cart-each]", offer);
  if (each) each.hidden = quantity.value === "1";
}

export function money(amount, { prefix, suffix, decimal, group, groups: [first, next = first], digits }) {
  const figures = String(amount).padStart(digits + 1, "0");
  const end = figures.length - digits;
  const whole = figures.slice(0, end).replace(RegExp(`\\B(?=(\\d{${next}})*\\d{${first}}$)`, "g"), group);
  return prefix + whole + (digits ? decimal + figures.slice(end) : "") + suffix;
}

// --- modals ---

const isLinked = (modal) => location.hash === "#" + modal.dataset.stripeCartModal;

function openLinkedModal() {
  const modal = findAll("[data-stripe-cart-modal]").find(isLinked);
  if (!modal || modal === activeModal) return;
  find(`[data-bs-target="#${modal.id}"]`)?.click();
  showMessages(document);
}

const closeModal = (modal) => find("[data-bs-dismiss]", modal)?.click();

addEventListener("show.bs.modal", ({ target: modal }) => {
  activeModal = modal;
  if (modal.dataset.stripeCartSrc) loadModal(modal, modal.dataset.stripeCartSrc);
});

// Bootstrap does not close a modal that is still opening.
addEventListener("shown.bs.modal", ({ target: modal }) => {
  if (modal !== activeModal) closeModal(modal);
});

addEventListener("hidden.bs.modal", ({ target: modal }) => {
  if (activeModal === modal) activeModal = null;
  if (isLinked(modal)) history.replaceState(history.state, "", location.pathname + location.search);
  findAll("[data-stripe-cart-toast], [data-stripe-cart-removed-line]", modal).forEach(removeElement);
});

addEventListener("hashchange", openLinkedModal);
addEventListener("DOMContentLoaded", openLinkedModal);

// --- forms, buttons and links ---

addEventListener("submit", (event) => {
  const form = event.target;
  const action = form.dataset.stripeCartForm;
  if (!action || event.defaultPrevented) return;
  event.preventDefault();
  if (action === "item") scheduleSave(form, 0);
  else submitForm(form);
});

addEventListener("input", ({ target }) => {
  const action = target.form?.dataset.stripeCartForm;
  if (action === "add") updatePrice(target.form);
  if (action === "item") scheduleSave(target.form, 400); // ms
});

addEventListener("change", ({ target }) => {
  if (target.form?.dataset.stripeCartForm !== "item") return;
  target.value ||= target.defaultValue;
  scheduleSave(target.form, 0);
});

addEventListener("click", (event) => {
  const closest = (selector) => event.target.closest(selector);
  const step = closest("[data-stripe-cart-step]");
  if (step) {
    const { quantity } = step.form.elements;
    quantity.stepUp(step.dataset.stripeCartStep);
    quantity.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const retries = closest("[data-stripe-cart-retry]") ? [...failedJobs.values()] : [];
  if (closest("[data-stripe-cart-close], [data-stripe-cart-retry]")) {
    failedJobs.clear();
    removeElement(closest("[data-stripe-cart-toast]"));
    retries.forEach((retry) => retry());
  }
  const modal = modalOf(event.target);
  const link = modal && closest("[data-stripe-cart-link], [data-stripe-cart-continue]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.matches("[data-stripe-cart-link]")) loadModal(modal, link.href);
  else closeModal(modal);
});

// --- start ---

// Back from Stripe, the page is shown as it was left, with its busy button.
addEventListener("pageshow", ({ persisted }) => {
  for (const button of findAll("[data-stripe-cart-form] [aria-busy]")) setBusy(button);
  if (persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward") refreshCart();
});

channel.onmessage = ({ data }) => data !== currentFingerprint() && refreshCart();

findAll("[data-stripe-cart-toast]").forEach(scheduleRemoval);
if (currentFingerprint() !== undefined) broadcast();
scheduleRefresh();

for (const opener of findAll("[data-stripe-cart-opener]")) {
  if (!find(opener.dataset.bsTarget)) opener.removeAttribute("data-bs-toggle");
}
