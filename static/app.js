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
document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:timeout", failed);

// Lists that filter themselves while typing.
document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-filters]");
  if (!box) return;
  const words = box.value.toLowerCase().trim();
  for (const row of document.querySelectorAll(box.dataset.filters)) {
    row.hidden = words !== "" && !row.textContent.toLowerCase().includes(words);
  }
});
