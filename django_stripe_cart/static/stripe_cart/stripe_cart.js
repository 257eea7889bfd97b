// Sends forms, and shows the answers.

const unsaved = new Map(); // quantities by product
const failed = new Map();
const tabs = new BroadcastChannel("stripe-cart");
let turn = Promise.resolve();
let shown = null; // the open modal
let pause, look;

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const find = (selector, root = document) => root.querySelector(selector);
const modalOf = (element) => element.closest("[data-stripe-cart-modal]");

// The last answer is the latest cart.
const inTurn = (job) => (turn = turn.then(job, job));

async function ask(url, modal, body) {
  const response = await fetch(url, {
    method: body && "POST",
    headers: { "Stripe-Cart": modal ? "modal" : "page" },
    body,
    cache: "no-store",
    signal: AbortSignal.timeout(60_000),
  });
  const elsewhere = response.headers.get("Stripe-Cart-Location");
  if (elsewhere) return void location.assign(elsewhere);
  if (response.status === 403) return failure(403);
  if (!response.ok) throw new Error(`${response.status} ${url}`);
  if (response.redirected) return void location.reload(); // a login wall
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

function send(form, changes) {
  const fields = Object.fromEntries(new FormData(form));
  const next = location.pathname + location.search;
  return ask(form.action, modalOf(form), new URLSearchParams({ ...fields, next, ...changes }));
}

async function meet(key, job, react) {
  try {
    const answer = await job();
    if (!answer) return false;
    failed.delete(key);
    if (!failed.size) all("[data-stripe-cart-toast=retry]").forEach(drop);
    react(answer);
  } catch (error) {
    failed.set(key, () => inTurn(() => meet(key, job, react)));
    say(failure());
    tell("failed", { error });
  }
  return true;
}

function show(answer, modal) {
  for (const fresh of all("[data-stripe-cart-fragment]", answer)) {
    const name = fresh.dataset.stripeCartFragment;
    const slot = find(`[data-stripe-cart-slot~="${name}"]`, modal ?? answer);
    const stale = slot ? [...slot.children] : all(`[data-stripe-cart-fragment=${name}]`);
    for (const old of stale) replace(old, fresh.cloneNode(true));
  }
  for (const note of all("[data-stripe-cart-removed]", answer)) {
    for (const box of all("[data-stripe-cart-removals]")) box.append(note.cloneNode(true));
  }
  all("[data-stripe-cart-removed]").filter((note) => lineOf(note.dataset.stripeCartRemoved)).forEach(drop);
  itemForms().forEach(restore);
  wait();
}

const itemForms = () => all("[data-stripe-cart-form=item]");
const lineOf = (product, root) => find(`[data-stripe-cart-line="${product}"]`, root);

// Esc closes no modal without focus.
function replace(old, fresh) {
  const active = document.activeElement;
  const isInside = old.contains(active);
  const kind = `[data-stripe-cart-control="${active.dataset.stripeCartControl}"]`;
  const line = active.closest("[data-stripe-cart-line]")?.dataset.stripeCartLine;
  const position = all(kind, old).indexOf(active);
  old.replaceWith(fresh);
  if (!isInside) return;
  const controls = all(kind, fresh);
  const same = controls.find((control) => lineOf(line, fresh)?.contains(control));
  const next = same ?? controls[position] ?? controls.at(-1) ?? titleOf(fresh);
  next.focus();
  if (next.type === "number") {
    const value = active.value && next.value;
    next.value = "";
    next.value = value; // caret at its end
  }
}

function drop(element) {
  if (element.contains(document.activeElement)) titleOf(element).focus({ preventScroll: true });
  element.remove();
}

function titleOf(fragment) {
  const title =
    find("[data-stripe-cart-title]", fragment) ?? find(shown ? ".modal-title" : "h1", shown ?? document) ?? document.body;
  title.tabIndex = -1;
  return title;
}

function wait() {
  clearTimeout(look);
  const order = find("[data-stripe-cart-refresh-url]")?.dataset;
  if (order) look = setTimeout(() => read(order.stripeCartRefreshUrl).then(share), order.stripeCartRefreshSeconds * 1000);
}

function say(answer, about = {}) {
  const boxes = all("[data-stripe-cart-messages]");
  const box =
    boxes.find((box) => modalOf(box) === shown) ??
    boxes.find((box) => !modalOf(box)) ??
    document.body.appendChild(find("[data-stripe-cart-messages]", failure()));
  const toasts = all("[data-stripe-cart-toast]", answer);
  const texts = toasts.map((toast) => (toast.remove(), toast.textContent));
  const isStale = (old) => texts.includes(old.textContent) || (old.about === about && old.role === "status");
  all("[data-stripe-cart-toast]").filter(isStale).forEach(drop);
  box.append(...toasts);
  for (const toast of toasts) fade(Object.assign(toast, { about }));
  const news = all("[data-stripe-cart-news]", answer).map((element) => element.textContent).join(" ");
  find("[data-stripe-cart-live]", box).textContent = toasts.length ? "" : news.replace(/\s+/g, " ");
}

const failure = (kind = "") => find(`[data-stripe-cart-failure="${kind}"]`).content.cloneNode(true);

function fade(toast) {
  const end = () => (toast.matches(":hover, :focus-within") ? fade(toast) : drop(toast));
  const time = toast.dataset.stripeCartToast;
  if (time > 0) setTimeout(end, time);
}

const tell = (event, detail) => document.dispatchEvent(new CustomEvent(`stripe-cart:${event}`, { detail }));

function cartNow() {
  const cart = find("[data-stripe-cart-fragment=cart]");
  return cart ? (find("[name=fingerprint]", cart)?.value ?? "") : undefined;
}

const share = () => tabs.postMessage(cartNow());

const setBusy = (element, busy) => (element.ariaBusy = element.ariaDisabled = busy);

async function press(form) {
  const button = find("[type=submit]", form);
  if (button.ariaBusy) return;
  setBusy(button, true);
  const changes = form.elements.fingerprint && { fingerprint: seen(form) };
  save();
  if (await inTurn(() => change(form, changes))) setBusy(button);
}

function change(form, changes, done) {
  const product = form.elements.product?.value;
  const modal = modalOf(form);
  const cart = cartNow();
  const had = cart === undefined ? "" : (JSON.parse(cart || "[]").find(([pk]) => pk === product)?.[1] ?? 0);
  const job = () => {
    const answer = send(form, changes).finally(done);
    changes = { had, ...changes };
    return answer;
  };
  return meet(form.action + product, job, (answer) => {
    if (!find("[role=alert]", answer)) form.reset();
    follow(form);
    show(answer, modal);
    say(answer, product);
    share();
    tell("changed", { action: form.dataset.stripeCartForm });
  });
}

// Prices as shown, quantities as typed.
function seen(form) {
  const lines = JSON.parse(form.elements.fingerprint.value);
  for (const line of lines) line[1] = +(unsaved.get(line[0]) ?? line[1]);
  return JSON.stringify(lines.filter((line) => line[1]));
}

function want(form, delay) {
  const { product, quantity } = form.elements;
  if (!quantity.value || (quantity.value === quantity.defaultValue && !unsaved.has(product.value))) return;
  unsaved.set(product.value, quantity.value);
  restore(form);
  clearTimeout(pause);
  pause = setTimeout(save, delay);
}

function save() {
  clearTimeout(pause);
  for (const form of itemForms()) {
    if (unsaved.has(form.elements.product.value)) inTurn(() => saveQuantity(form));
  }
}

async function saveQuantity(form) {
  const product = form.elements.product.value;
  const quantity = unsaved.get(product);
  if (!quantity) return;
  await change(form, { quantity }, () => unsaved.get(product) === quantity && unsaved.delete(product));
  itemForms().forEach(restore);
}

function restore(form) {
  const { product, quantity } = form.elements;
  const wanted = unsaved.get(product.value);
  form.ariaBusy = wanted && true;
  if (quantity.value) quantity.value = wanted ?? quantity.defaultValue;
}

async function open(modal, url) {
  const slot = find("[data-stripe-cart-slot]", modal);
  if (!slot) return read(url);
  setBusy(slot, true);
  await read(url, modal);
  setBusy(slot);
}

const read = (url, modal) =>
  inTurn(() => meet(url, () => ask(url, modal), (answer) => {
    show(answer, modal);
    say(answer);
  }));

function refresh() {
  const source = find("[data-stripe-cart-source]");
  if (source) read(source.dataset.stripeCartSource);
}

function followHash() {
  const modal = all("[data-stripe-cart-modal]").find(isLinked);
  if (!modal || modal === shown) return;
  find(`[data-bs-target="#${modal.id}"]`)?.click();
  say(document);
}

const isLinked = (modal) => location.hash === "#" + modal.dataset.stripeCartModal;

function follow({ elements: { quantity } }) {
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

addEventListener("submit", (event) => {
  const form = event.target;
  const action = form.dataset.stripeCartForm;
  if (!action || event.defaultPrevented) return;
  event.preventDefault();
  if (action === "item") want(form, 0);
  else press(form);
});

addEventListener("input", ({ target }) => {
  const action = target.form?.dataset.stripeCartForm;
  if (action === "add") follow(target.form);
  if (action === "item") want(target.form, 400); // ms
});

addEventListener("change", ({ target }) => {
  if (target.form?.dataset.stripeCartForm !== "item") return;
  target.value ||= target.defaultValue;
  want(target.form, 0);
});

addEventListener("click", (event) => {
  const near = (selector) => event.target.closest(selector);
  const step = near("[data-stripe-cart-step]");
  if (step) {
    const { quantity } = step.form.elements;
    quantity.stepUp(step.dataset.stripeCartStep);
    quantity.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const jobs = near("[data-stripe-cart-retry]") ? [...failed.values()] : [];
  if (near("[data-stripe-cart-close], [data-stripe-cart-retry]")) {
    failed.clear();
    drop(near("[data-stripe-cart-toast]"));
    jobs.forEach((again) => again());
  }
  const modal = modalOf(event.target);
  const link = modal && near("[data-stripe-cart-link], [data-stripe-cart-way-on]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.matches("[data-stripe-cart-link]")) open(modal, link.href);
  else find("[data-bs-dismiss]", modal)?.click();
});

addEventListener("show.bs.modal", ({ target: modal }) => {
  shown = modal;
  if (modal.dataset.stripeCartSrc) open(modal, modal.dataset.stripeCartSrc);
});

// No modal closes while it opens.
addEventListener("shown.bs.modal", ({ target: modal }) => {
  if (modal !== shown) find("[data-bs-dismiss]", modal)?.click();
});

addEventListener("hidden.bs.modal", ({ target: modal }) => {
  if (shown === modal) shown = null;
  if (isLinked(modal)) history.replaceState(history.state, "", location.pathname + location.search);
  all("[data-stripe-cart-toast], [data-stripe-cart-removed]", modal).forEach(drop);
});

// Back from Stripe, all is as it was left.
addEventListener("pageshow", ({ persisted }) => {
  for (const button of all("[data-stripe-cart-form] [aria-busy]")) setBusy(button);
  if (persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward") refresh();
});

tabs.onmessage = ({ data }) => data !== cartNow() && refresh();

addEventListener("hashchange", followHash);
addEventListener("DOMContentLoaded", followHash);

all("[data-stripe-cart-toast]").forEach(fade);
if (cartNow() !== undefined) share();
wait();

for (const opener of all("[data-stripe-cart-opener]")) {
  if (!find(opener.dataset.bsTarget)) opener.removeAttribute("data-bs-toggle");
}
