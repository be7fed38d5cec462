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

// The rail of a phone begins at the page that is open; the page itself stays where it is.
for (const nav of document.querySelectorAll(".rail nav")) {
  const here = nav.querySelector("[aria-current=page]");
  if (!here || nav.scrollWidth <= nav.clientWidth) continue;
  const box = nav.getBoundingClientRect(), own = here.getBoundingClientRect();
  nav.scrollLeft += Math.max(0, own.right - box.right) + Math.min(0, own.left - box.left);
}

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
  if (slot.tagName === "TR") {
    // A row keeps its name, and says so in the place of its cells.
    const cell = document.createElement("td");
    cell.colSpan = Math.max(1, slot.cells.length - 1);
    cell.append(box);
    slot.replaceChildren(slot.cells[0], cell);
    return;
  }
  slot.replaceChildren(box);
}
// A filter that leads nowhere says so above the page, which stays as it is.
function unreachable(event) {
  const { elt } = event.detail;
  const template = document.getElementById("page-failed");
  const old = document.querySelector("[data-unreachable]");
  if (elt.closest("[data-slot], [data-quiet]") || !template) return;
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

// How a figure is computed opens over the page; in a tab of its own it is a page.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-explain]"), box = document.getElementById("explained");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || link.ariaBusy) return;
  event.preventDefault();
  link.ariaBusy = "true";
  try {
    const answer = await fetch(link.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html"), found = page.querySelector(".explain");
    if (!answer.ok || !found) throw new Error(answer.status);
    const figure = link.hash && found.querySelector(link.hash);
    box.querySelector("h2").textContent = page.querySelector("h1").textContent;
    box.querySelector("[data-page]").href = link.href;
    box.querySelector("[data-body]").replaceChildren(found);
    if (!box.open) box.showModal();
    box.scrollTop = 0;
    if (figure) {
      figure.classList.add("asked");
      figure.scrollIntoView();
    }
  } catch {
    location.assign(link.href);
  } finally {
    link.ariaBusy = null;
  }
});
document.getElementById("explained")?.addEventListener("click", (event) => {
  if (event.target === event.currentTarget || event.target.closest("[data-close]")) event.currentTarget.close();
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

// --- Queries for series: web/series_page.go -----------------------------

// Boxes of queries are as many as there are queries; each is called by its place.
const boxesOf = (form) => [...form.querySelectorAll("[data-query]")];

function letterBoxes(form) {
  const boxes = boxesOf(form);
  boxes.forEach((box, i) => {
    const letter = String.fromCharCode(65 + i);
    const area = box.querySelector("textarea");
    area.id = "query-" + letter;
    box.querySelector("label").htmlFor = area.id;
    box.querySelector("[data-letter]").textContent = letter;
  });
  form.querySelector("[data-more]").hidden = boxes.length >= Number(form.dataset.queries);
}

// A box that is filled anew is right until somebody says otherwise.
function unmark(box) {
  box.classList.remove("wrong");
  for (const e of box.querySelectorAll(".query-problem")) e.remove();
  const area = box.querySelector("textarea");
  for (const name of ["aria-invalid", "aria-describedby", "data-line", "data-column"]) area.removeAttribute(name);
}

function write(area, text, caret) {
  area.value = text;
  area.rows = Math.min(text.split("\n").length + 1, 12);
  unmark(area.closest("[data-query]"));
  area.focus();
  area.setSelectionRange(caret, caret);
}

// The box that things are put into: the one that had the focus last.
let lastBox;
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-query] textarea")) lastBox = event.target;
});
const currentBox = () => (lastBox && lastBox.isConnected ? lastBox : document.querySelector("[data-query] textarea"));

// Where a call of fetch that begins at a place ends: at its closing bracket.
function closing(text, from) {
  let quote = "";
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (quote) {
      if (c === "\\") i++;
      else if (c === quote) quote = "";
    } else if (c === "'" || c === '"') quote = c;
    else if (c === ")") return i;
  }
  return -1;
}

// Where a text in quotes that begins at a place ends.
function afterQuotes(text, from) {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === text[from]) return i + 1;
  }
  return text.length;
}

// Puts a metric, a condition on a tag, or what takes a tag's values apart into the
// query. A tag has one condition: another value takes the place of the first.
function ask(area, { fetch, key, term, group }) {
  let text = area.value.trimEnd();
  let at = text.lastIndexOf(fetch);
  let end = at < 0 ? -1 : closing(text, at + fetch.length);
  if (end < 0) {
    text += (text && "\n") + fetch + ")";
    at = text.lastIndexOf(fetch);
    end = text.length - 1;
  }
  if (term) {
    const call = text.slice(at, end);
    const old = call.indexOf(", " + key);
    const value = old + 2 + key.length;
    const again = old >= 0 && /['"]/.test(call[value] || "");
    const own = again ? call.slice(0, old) + ", " + term + call.slice(afterQuotes(call, value)) : call + ", " + term;
    text = text.slice(0, at) + own + text.slice(end);
    end = at + own.length;
  }
  if (group) {
    const before = text.slice(end + 1).startsWith(".") ? "" : ".downsample('auto', 'avg')";
    const stop = text.indexOf("\n", end) < 0 ? text.length : text.indexOf("\n", end);
    if (!text.slice(end, stop).includes(group)) text = text.slice(0, stop) + before + group + text.slice(stop);
    end = text.length - 1;
  }
  write(area, text, Math.min(end + 1, text.length));
}

document.addEventListener("click", (event) => {
  const apart = event.ctrlKey || event.metaKey || event.shiftKey;
  const link = event.target.closest("[data-fetch], [data-fill]");
  const area = currentBox();
  if (link && area && !apart) {
    event.preventDefault();
    if (link.dataset.fill) write(area, link.dataset.fill, link.dataset.fill.length);
    else ask(area, link.dataset);
    return;
  }
  const more = event.target.closest("[data-more]");
  if (more) {
    event.preventDefault();
    const form = more.closest("form");
    const last = boxesOf(form).at(-1);
    const box = last.cloneNode(true);
    last.after(box);
    unmark(box);
    letterBoxes(form);
    write(box.querySelector("textarea"), "", 0);
  }
  const remove = event.target.closest("[data-remove]");
  if (remove) {
    const form = remove.closest("form");
    const box = remove.closest("[data-query]");
    if (boxesOf(form).length > 1) box.remove();
    else write(box.querySelector("textarea"), "", 0);
    letterBoxes(form);
    boxesOf(form).at(-1).querySelector("textarea").focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.target.matches("[data-query] textarea") && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
  // From the search the arrow leads to what was found, Enter takes the first.
  if (event.target.matches("[data-find]") && (event.key === "ArrowDown" || event.key === "Enter")) {
    const first = document.querySelector("#metrics a");
    event.preventDefault();
    if (first && event.key === "Enter") first.click();
    else if (first) first.focus();
  }
  if (event.target.matches("#metrics a") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const all = [...document.querySelectorAll("#metrics a")];
    event.preventDefault();
    (all[all.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)] || document.querySelector("[data-find]")).focus();
  }
});

// What is empty stays out of the address.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-queries]")) return;
  const empty = boxesOf(form).map((box) => box.querySelector("textarea")).filter((area) => area.value.trim() === "");
  for (const area of empty) area.disabled = true;
  window.setTimeout(() => {
    for (const area of empty) area.disabled = false; // the reader may come back
  });
});

// The place that is wrong is where the reader begins.
const wrong = document.querySelector("textarea[data-line]");
if (wrong) {
  const lines = wrong.value.split("\n");
  const line = Number(wrong.dataset.line) - 1;
  const before = lines.slice(0, line).join("\n").length + (line > 0 ? 1 : 0);
  const at = before + [...(lines[line] || "")].slice(0, Number(wrong.dataset.column) - 1).join("").length;
  wrong.focus();
  wrong.setSelectionRange(at, Math.min(at + 1, wrong.value.length));
}
