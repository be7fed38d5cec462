// What a chart in another site's frame does besides being drawn: it says how high it
// would like to be, and shows its table.
"use strict";

(() => {
  const page = document.querySelector(".embed-panel");
  const button = document.querySelector("[data-embed-table]");
  let told = 0;

  // What stands around the chart is as high as its words make it; the chart takes what
  // is left of the frame, so that its own height must not be asked of it.
  function needed() {
    const chart = page.querySelector(".chart");
    const own = chart.hidden ? 0 : chart.classList.contains("bars") ? chart.offsetHeight : page.offsetWidth < 480 ? 280 : 240;
    const last = page.lastElementChild.getBoundingClientRect().bottom - page.getBoundingClientRect().top;
    const around = last - chart.offsetHeight + parseFloat(getComputedStyle(page).paddingBottom);
    return Math.ceil(Math.max(Number(document.body.dataset.height), around + own));
  }

  // Only a number is said, to whoever frames the page; nothing is listened to.
  function tell() {
    const height = needed();
    if (height === told || window.parent === window) return;
    told = height;
    window.parent.postMessage({ throughlineHeight: height }, "*");
  }

  // The table is in the page already, for readers without scripts.
  function fill(place) {
    const inner = new DOMParser().parseFromString(document.querySelector("noscript").textContent, "text/html");
    place.append(...inner.querySelectorAll("table, p"));
  }

  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const place = document.getElementById("embed-table");
      const chart = page.querySelector(".chart");
      if (place.hidden && place.childElementCount === 0) fill(place);
      place.hidden = !place.hidden;
      chart.hidden = !place.hidden;
      button.setAttribute("aria-expanded", String(!place.hidden));
      [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
      tell();
    });
  }
  new ResizeObserver(tell).observe(page);
  tell();
})();
