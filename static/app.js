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
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
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
// The page that refuses a filter belongs in the place of a page, not of a part.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, elt, boosted } = event.detail;
  if (xhr.status !== 400 || boosted || !elt.closest("[data-slot]")) return;
  event.detail.shouldSwap = false;
  failed(event);
});
document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:timeout", failed);

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
