// Small comforts; every page works without them.
"use strict";

// Menus close on Escape and on a click elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open], .panel-foot details[open]")) {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside || menu.matches(".menu")) menu.querySelector("summary").focus();
  }
});

// Arrows walk through a menu, as far as what has the focus does not need them.
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest("details.menu");
  const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
  if (!menu || !step || event.target.matches("select, textarea, input:not([type=checkbox])")) return;
  const summary = menu.querySelector("summary");
  if (event.target === summary) {
    if (event.key !== "ArrowDown") return;
    menu.open = true;
  }
  const items = [...menu.querySelectorAll(".sheet :is(a[href], button, input, select)")].filter((e) => !e.disabled);
  const at = items.indexOf(document.activeElement) + step;
  event.preventDefault();
  (items[Math.min(Math.max(at, 0), items.length - 1)] || summary).focus();
});

// A form is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// A part of a page that fails to load says so where it stands.
function failed(event) {
  const slot = event.detail.elt.closest("[data-slot]");
  if (!slot) return;
  const template = document.getElementById("slot-failed");
  if (!template) return;
  const box = template.content.cloneNode(true);
  box.querySelector("button").addEventListener("click", () => window.htmx.trigger(slot, "retry"));
  slot.replaceChildren(box);
}
// A filter that leads nowhere says so above the page, which stays as it is.
function unreachable(event) {
  const { elt } = event.detail;
  const template = document.getElementById("page-failed");
  const old = document.querySelector("[data-unreachable]");
  if (elt.closest("[data-slot]") || !template) return;
  if (old) old.remove();
  document.getElementById("content").prepend(template.content.cloneNode(true));
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, elt, boosted } = event.detail;
  // The page that refuses a filter belongs in the place of a page, not of a part.
  if (xhr.status === 400 && !boosted && elt.closest("[data-slot]")) {
    event.detail.shouldSwap = false;
    failed(event);
  }
  // Whatever a page's place is answered is better than nothing.
  if (boosted && xhr.status >= 400 && /^\s*<!doctype/i.test(xhr.responseText)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, failed);
  document.addEventListener(name, unreachable);
}

// What had the focus has it again when its place was filled anew; else what
// stands nearest around it.
let focused = [];
document.addEventListener("htmx:beforeSwap", () => {
  focused = [];
  for (let e = document.activeElement; e && e !== document.body; e = e.parentElement) {
    if (e.id) focused.push(e.id);
  }
});
document.addEventListener("htmx:afterSettle", () => {
  const lost = !document.activeElement || document.activeElement === document.body;
  const id = lost && focused.find((name) => document.getElementById(name));
  focused = [];
  if (!id) return;
  const e = document.getElementById(id);
  e.focus({ preventScroll: true });
  if (document.activeElement === e) return;
  e.tabIndex = -1;
  e.focus({ preventScroll: true });
});

// A form that was refused begins at what is wrong with it, however far down the
// page it is.
const refused = document.querySelector("[data-errors]");
if (refused && !document.querySelector("main [autofocus]")) refused.focus();

// Paper is light and narrow: charts are drawn anew for it.
let shown;
window.addEventListener("beforeprint", () => {
  const root = document.documentElement;
  shown = root.dataset.theme;
  root.dataset.theme = "light";
  root.classList.add("paper");
});
window.addEventListener("afterprint", () => {
  const root = document.documentElement;
  root.classList.remove("paper");
  if (shown) root.dataset.theme = shown;
  else delete root.dataset.theme;
});

// Whoever types the day from which something holds has chosen that it does.
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-when-day]")) event.target.closest("fieldset").querySelector("[data-when]").checked = true;
});

// Time zones: the server proposes common ones, the browser knows the rest.
for (const list of document.querySelectorAll("datalist[data-zones]")) {
  if (!Intl.supportedValuesOf) break;
  const known = new Set(Array.from(list.options, (option) => option.value));
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    if (!known.has(zone)) list.append(new Option("", zone));
  }
}

// What is shown once can be copied; without scripts it is selected by hand.
for (const button of document.querySelectorAll("[data-copy]")) {
  const input = document.getElementById(button.dataset.copy);
  button.hidden = false;
  input.addEventListener("focus", () => input.select());
  button.addEventListener("click", async () => {
    input.select();
    try {
      await navigator.clipboard.writeText(input.value);
    } catch {
      // Over plain HTTP there is no clipboard but this.
      if (!document.execCommand("copy")) return;
    }
    button.textContent = button.dataset.done;
  });
}
