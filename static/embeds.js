// The form of an embed: its preview follows what is filled in. Without this the button
// "Preview" does.
"use strict";

(() => {
  const theForm = () => document.querySelector("form[data-embed]");
  let timer = 0;
  let shown = "";

  // What is empty is left out, so that what was only touched changes nothing.
  function query(form) {
    const filled = [...new FormData(form)].filter(([, value]) => value !== "");
    return new URLSearchParams(filled).toString();
  }

  function whole(field, least, most, usual) {
    const n = Number(field.value.trim());
    return field.value.trim() !== "" && Number.isInteger(n) && n >= least && n <= most ? String(n) : usual;
  }

  // The frame is as large as the embed will be. Its address is replaced, or each change
  // would be a step of the browser's way back.
  function preview() {
    const form = theForm();
    const frame = document.querySelector("[data-embed-frame]");
    if (!form || !frame) return;
    frame.width = whole(form.elements.width, 240, 2000, "100%");
    frame.height = whole(form.elements.height, 200, 1500, "420");
    const asked = query(form);
    if (asked === shown) return;
    shown = asked;
    frame.contentWindow.location.replace(form.dataset.embed + "?" + asked);
  }

  function soon(wait) {
    window.clearTimeout(timer);
    timer = window.setTimeout(preview, wait);
  }

  // What is chosen of several values stands on their lid.
  function said(pick) {
    const names = [...pick.querySelectorAll("input:checked")].map((i) => i.parentElement.querySelector("span").textContent);
    pick.querySelector("[data-picked]").textContent = names.join(", ") || pick.dataset.none;
  }

  function period(form) {
    for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== form.elements.range.value;
  }

  // A name that was only suggested goes with the panel's team.
  function rename(form) {
    const { name, suggested, panel } = form.elements;
    if (!suggested || name.value !== suggested.value) return;
    const teams = [...form.querySelectorAll("[name=team]:checked")];
    const title = panel.selectedOptions[0].textContent + (teams.length === 1 ? " · " + teams[0].value : "");
    name.value = suggested.value = [...title].slice(0, 76).join("");
  }

  const typed = "input:not([type=checkbox], [type=radio], [type=date]), textarea";

  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      const form = event.target.closest("form[data-embed]");
      if (!form || event.target.name === "panel") return; // the form comes anew
      const pick = event.target.closest("[data-pick]");
      if (pick) said(pick);
      if (event.target.name === "team") rename(form);
      if (event.target.name === "range") period(form);
      soon(event.target.matches(typed) ? 600 : 150);
    });
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("form[data-embed] :is([data-remove], [data-fill])")) soon(150);
  });

  // A query is drawn by its keys, not kept by them.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("form[data-embed] textarea")) return;
    event.preventDefault();
    event.stopPropagation();
    soon(0);
  }, true);

  // The fields of another panel.
  document.addEventListener("htmx:afterSettle", () => soon(0));

  const form = theForm();
  if (form) shown = query(form);
})();
