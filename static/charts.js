// Draws the charts of panels. The server sends ECharts options with data and
// structure; looks, formats and behaviour are here. Colours are names of custom
// properties, read when a chart is drawn, so that light and dark follow live.
"use strict";

(() => {
  const charts = new Map(); // element → {chart, spec, log}
  const DAY = 86400000;
  const HOUR = 3600000;

  // --- words -------------------------------------------------------------

  const number = (meta, value, digits) => new Intl.NumberFormat(meta.lang, { maximumFractionDigits: digits }).format(value);

  const unit = (meta, value, name, digits) => number(meta, value, digits) + "\u00a0" + meta.words["unit." + name];

  // One figure in the largest unit that fits, as Printer.Days writes it.
  function figure(meta, seconds) {
    const digits = (v) => (Math.abs(v) >= 99.95 ? 0 : 1);
    if (meta.day > 0 && seconds >= meta.day) return unit(meta, seconds / meta.day, "d", digits(seconds / meta.day));
    if (seconds >= 3600) return unit(meta, seconds / 3600, "h", digits(seconds / 3600));
    if (seconds >= 60) return unit(meta, seconds / 60, "min", digits(seconds / 60));
    return unit(meta, Math.round(seconds), "s", 0);
  }

  function duration(meta, seconds) {
    if (seconds === 0 && meta.words["chart.outside"]) return meta.words["chart.outside"];
    return figure(meta, seconds);
  }

  // The day before the month, as on the rest of the page.
  const date = (meta, ms, form) => new Intl.DateTimeFormat(meta.lang === "en" ? "en-GB" : meta.lang, { timeZone: "UTC", ...form }).format(ms);

  const fullDate = (meta, ms) => date(meta, ms, { day: "numeric", month: "short", year: "numeric" });

  function bucketName(meta, label) {
    const ms = Date.parse(label + "T00:00:00Z");
    return meta.bucket === "month" ? date(meta, ms, { month: "long", year: "numeric" }) : fullDate(meta, ms);
  }

  function bucketTick(meta, label) {
    const ms = Date.parse(label + "T00:00:00Z");
    return date(meta, ms, meta.bucket === "month" ? { month: "short", year: "2-digit" } : { day: "numeric", month: "short" });
  }

  // Braces would be read as styles; long titles would leave the screen.
  function plain(text, limit) {
    const clean = text.replaceAll("{", "(").replaceAll("}", ")");
    return clean.length > limit ? clean.slice(0, limit - 1) + "…" : clean;
  }

  // --- tooltips ----------------------------------------------------------

  function markTip(meta, params) {
    const [at, , key, title, type, seconds] = params.value;
    const lines = [key + " · " + duration(meta, seconds), plain(title, 56)];
    lines.push([plain(type || "", 24), meta.words["chart.closed"] + " " + fullDate(meta, at)].filter(Boolean).join(" · "));
    if (meta.open) lines.push(meta.words["chart.open"]);
    return lines.join("\n");
  }

  function bucketTip(meta, all) {
    const lines = [bucketName(meta, all[0].axisValue)];
    const rows = all.filter((p) => p.data && p.seriesType === "line").reverse();
    for (const p of rows.sort((a, b) => a.seriesName.localeCompare(b.seriesName))) {
      if (p.data.s === undefined) continue;
      lines.push(p.seriesName + "  " + duration(meta, p.data.s) + (p.data.low ? " · " + meta.words["chart.low_n"] : ""));
    }
    const bar = all.find((p) => p.seriesType === "bar");
    if (bar) lines.push(meta.words["chart.n"] + "  " + number(meta, bar.data.value, 0));
    if (all.some((p) => p.data && p.data.partial)) lines.push(meta.words["chart.partial"]);
    if (meta.bucket !== "day") lines.push(meta.words["chart.narrow"]);
    return lines.join("\n");
  }

  function rowTip(meta, all) {
    const lines = [plain(all[0].name, 40)];
    for (const p of all.slice().reverse()) {
      if (p.data.s !== undefined) lines.push(p.seriesName + "  " + duration(meta, p.data.s) + (p.data.low ? " · " + meta.words["chart.low_n"] : ""));
    }
    lines.push(meta.words["chart.n"] + "  " + number(meta, all[0].data.n, 0));
    return lines.join("\n");
  }

  // --- looks -------------------------------------------------------------

  // A copy of value with "var(--name)" replaced by what it stands for now.
  function painted(value, style) {
    if (typeof value === "string") {
      const name = /^var\((--[\w-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map((v) => painted(v, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, painted(v, style)]));
    }
    return value;
  }

  function axis(a, look, extra) {
    const { label, ...rest } = extra;
    return {
      ...a,
      axisTick: { show: false },
      axisLine: { show: false },
      splitLine: { show: false },
      nameTextStyle: { color: look.muted, fontSize: 12, fontFamily: look.font },
      ...rest,
      axisLabel: { color: look.muted, fontSize: 12, fontFamily: look.font, hideOverlap: true, ...label },
    };
  }

  // Mondays, or the first of months where there would be too many, or days or
  // hours where there would be too few, at most limit of them.
  function timeTicks(from, to, limit) {
    const months = to - from > 200 * DAY;
    if (to - from <= 15 * DAY) {
      const fits = (h) => (to - from) / (h * HOUR) <= limit;
      const length = ((to - from <= 2 * DAY && [1, 2, 3, 6, 12].find(fits)) || [24, 48, 72, 168].find(fits) || 168) * HOUR;
      const ticks = [];
      for (let ms = Math.ceil(from / length) * length; ms < to; ms += length) ticks.push(ms);
      return ticks;
    }
    const next = (ms) => {
      const d = new Date(ms);
      return months ? Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1, 1) : ms + 7 * DAY;
    };
    const day = Math.ceil(from / DAY);
    let ms = months ? next(from - 1) : (day + ((4 - day) % 7 + 7) % 7) * DAY; // 5 January 1970 was a Monday
    const ticks = [];
    for (; ms < to; ms = next(ms)) ticks.push(ms);
    const step = Math.ceil(ticks.length / limit);
    return ticks.filter((_, i) => i % step === 0);
  }

  function timeTick(meta, ms, months) {
    const d = new Date(ms);
    if (months) return date(meta, ms, d.getUTCMonth() === 0 ? { year: "numeric" } : { month: "short" });
    if (ms % DAY !== 0) return date(meta, ms, { hour: "2-digit", minute: "2-digit" });
    return date(meta, ms, { day: "numeric", month: "short" });
  }

  // The least round number that is not below n.
  function roundUp(n) {
    const power = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
    return [1, 2, 3, 4, 5, 6, 8, 10].map((k) => k * power).find((v) => v >= n);
  }

  const grid = (look) => ({ splitLine: { show: true, lineStyle: { color: look.line, width: 1 } } });
  const foot = (look) => ({ axisLine: { show: true, lineStyle: { color: look.line } } });

  function dressMarks(o, meta, look, state) {
    const x = o.xAxis[0];
    const months = x.max - x.min > 200 * DAY;
    const ticks = timeTicks(x.min, x.max, Math.max(2, Math.floor((look.width - 140) / 64)));
    o.xAxis = [axis(x, look, { ...foot(look), label: { customValues: ticks, formatter: (ms) => timeTick(meta, ms, months) } })];
    o.xAxis[0].axisTick = { show: true, customValues: ticks, length: 4, lineStyle: { color: look.line } };
    const y = { ...o.yAxis[0] };
    let tick = (v) => number(meta, v, 2);
    if (state.log) {
      const floor = 0.1; // what took less stands at the foot
      const values = o.series.flatMap((s) => s.data.map((d) => (Array.isArray(d) ? d[1] : d.value[1])));
      Object.assign(y, { type: "log", logBase: 10, min: floor, max: roundUp(Math.max(...values, 1)) });
      tick = (v) => (v === floor ? "≤ " : "") + number(meta, v, 2);
      for (const s of o.series) {
        s.data = s.data.map((d) => (Array.isArray(d) ? [d[0], Math.max(d[1], floor), ...d.slice(2)] : { ...d, value: [d.value[0], Math.max(d.value[1], floor)] }));
      }
    }
    o.yAxis = [axis(y, look, { ...grid(look), splitNumber: 5, nameGap: 12, nameTextStyle: { color: look.muted, fontSize: 12, align: "left", padding: [0, 0, 0, -look.left] }, label: { formatter: tick } })];
    for (const s of o.series) {
      if (s.type === "line") Object.assign(s, { silent: true, z: 5, emphasis: { disabled: true } });
      else Object.assign(s, { z: 3, itemStyle: { ...s.itemStyle, opacity: look.dark ? 0.6 : 0.4 }, emphasis: { itemStyle: { opacity: 1, borderColor: look.text, borderWidth: 1 } } });
    }
    o.tooltip.formatter = (p) => markTip(meta, p);
  }

  function dressTrend(o, meta, look) {
    const labels = { formatter: (v) => bucketTick(meta, v) };
    o.xAxis = [
      axis(o.xAxis[0], look, { ...foot(look), label: { show: false } }),
      axis(o.xAxis[1], look, { ...foot(look), label: labels }),
    ];
    const head = { color: look.muted, fontSize: 12, align: "left", padding: [0, 0, 0, -look.left] };
    o.yAxis = [
      axis(o.yAxis[0], look, { ...grid(look), splitNumber: 5, nameGap: 12, nameTextStyle: head, label: { formatter: (v) => number(meta, v, 2) } }),
      axis(o.yAxis[1], look, { ...grid(look), nameGap: 8, nameTextStyle: head, label: { showMinLabel: false, formatter: (v) => number(meta, v, 0) } }),
    ];
    const most = roundUp(Math.max(...o.series.find((s) => s.type === "bar").data.map((d) => d.value)));
    Object.assign(o.yAxis[1], { max: most, interval: most });
    for (const s of o.series) {
      s.emphasis = { disabled: true };
      for (const d of s.data) if (d.label) d.label.opacity = 1;
      if (s.type === "line") Object.assign(s, { showAllSymbol: true, z: s.name === "p50" ? 5 : 4 });
    }
    o.axisPointer = { ...o.axisPointer, type: "line", lineStyle: { color: look.muted, width: 1, type: "solid" }, label: { show: false } };
    o.tooltip.formatter = (all) => bucketTip(meta, all);
  }

  function dressBars(o, meta, look) {
    const narrow = look.width < 560;
    o.xAxis = [axis(o.xAxis[0], look, { ...grid(look), splitNumber: narrow ? 3 : 5, nameLocation: "middle", nameGap: 26, label: { formatter: (v) => number(meta, v, 2) } })];
    o.yAxis = [axis(o.yAxis[0], look, { label: { color: look.text, interval: 0, hideOverlap: false, width: Math.round(Math.min(168, look.width * 0.32)), overflow: "truncate" } })];
    const p50 = o.series.find((s) => s.name === "p50");
    for (const s of o.series) {
      s.emphasis = { disabled: true };
      if (s.name === "p50") continue;
      s.label = {
        show: true, position: "right", color: look.text, opacity: 1, fontSize: 12, fontFamily: look.font,
        formatter: (p) => {
          const low = p50.data[p.dataIndex].s, high = p.data.s;
          if (low === undefined || high === undefined) return "";
          return figure(meta, low) + " · " + figure(meta, high);
        },
      };
    }
    o.axisPointer = { type: "none" };
    o.tooltip.axisPointer = { type: "none" };
    o.tooltip.formatter = (all) => rowTip(meta, all);
  }

  const dress = { marks: dressMarks, trend: dressTrend, bars: dressBars };

  function option(el, spec, state) {
    const style = getComputedStyle(document.documentElement);
    const value = (name) => style.getPropertyValue(name).trim();
    const look = {
      text: value("--text"), muted: value("--muted"), line: value("--line"), surface: value("--surface"),
      font: getComputedStyle(document.body).fontFamily, width: el.clientWidth, left: 48,
      dark: getComputedStyle(document.documentElement).colorScheme === "dark" || (document.documentElement.dataset.theme !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches),
    };
    const o = painted(spec.option, style);
    if (o.grid) {
      for (const g of o.grid) {
        if (g.left === "48" && look.width < 560) g.left = "36";
      }
      if (look.width < 560) look.left = 36;
    }
    o.animation = false;
    o.textStyle = { fontFamily: look.font, fontSize: 12, color: look.text };
    o.tooltip = {
      ...o.tooltip, renderMode: "richText", confine: true, transitionDuration: 0,
      backgroundColor: look.surface, borderColor: look.line, borderWidth: 1, padding: [8, 10],
      textStyle: { color: look.text, fontSize: 13, fontFamily: look.font, lineHeight: 19 },
    };
    o.legend = {
      ...o.legend, itemWidth: 10, itemHeight: 10, itemGap: 14, textStyle: { color: look.text, fontSize: 12, fontFamily: look.font },
      pageIconColor: look.muted, pageIconInactiveColor: look.line, pageTextStyle: { color: look.muted }, inactiveColor: look.muted,
    };
    dress[spec.meta.shape](o, spec.meta, look, state);
    return o;
  }

  // --- life of a chart ---------------------------------------------------

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const c = charts.get(target);
      if (!c || target.clientWidth === 0) continue;
      c.chart.resize();
      const narrow = target.clientWidth < 560;
      if (narrow !== c.narrow) {
        c.narrow = narrow;
        redraw(target);
      }
    }
  });

  function redraw(el) {
    const c = charts.get(el);
    const o = option(el, c.spec, c);
    c.chart.setOption(o, { notMerge: true });
    if (spread(c.chart, o)) c.chart.setOption({ series: o.series });
  }

  // Moves the names at the ends of lines apart where they would cover each
  // other, keeping their order. Reports whether any was moved.
  function spread(chart, o) {
    const gap = 16;
    const names = [];
    o.series.forEach((s, seriesIndex) => {
      if (s.type !== "line") return;
      s.data.forEach((d, i) => {
        if (!d.label) return;
        const at = Array.isArray(d.value) ? d.value : [i, d.value];
        names.push({ d, y: chart.convertToPixel({ seriesIndex }, at)[1] });
      });
    });
    names.sort((a, b) => b.y - a.y); // from below
    let moved = false;
    names.forEach((n, i) => {
      n.at = i === 0 ? n.y : Math.min(n.y, names[i - 1].at - gap);
      if (n.at === n.y) return;
      n.d.label.offset = [0, n.at - n.y];
      moved = true;
    });
    return moved;
  }

  function draw(el) {
    const data = document.getElementById(el.dataset.chart);
    if (!data || charts.has(el)) return;
    const spec = JSON.parse(data.textContent);
    if (spec.meta.rows) el.style.height = Math.max(120, spec.meta.rows * 30 + 56) + "px";
    const chart = window.echarts.init(el, null, { renderer: "canvas" });
    charts.set(el, { chart, spec, log: spec.meta.log, narrow: el.clientWidth < 560 });
    redraw(el);
    chart.on("click", (p) => opened(spec.meta, p));
    resized.observe(el);
  }

  function opened(meta, p) {
    if (meta.shape === "marks" && meta.open && Array.isArray(p.value) && p.value[2]) {
      window.location.assign(meta.open + encodeURIComponent(p.value[2]));
    }
    if (meta.shape === "trend" && p.name) narrowTo(meta, p.name);
  }

  // The page with the days of one bucket as its period.
  function narrowTo(meta, label) {
    const from = new Date(label + "T00:00:00Z");
    const to = new Date(from);
    if (meta.bucket === "day") return;
    if (meta.bucket === "week") to.setUTCDate(to.getUTCDate() + 6);
    else to.setUTCMonth(to.getUTCMonth() + 1, 0);
    const url = new URL(window.location.href);
    for (const name of ["range", "bucket"]) url.searchParams.delete(name);
    url.searchParams.set("from", label);
    url.searchParams.set("to", to.toISOString().slice(0, 10));
    window.location.assign(url);
  }

  document.addEventListener("htmx:load", (event) => {
    for (const el of event.detail.elt.querySelectorAll("[data-chart]")) draw(el);
  });

  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    const c = charts.get(event.target);
    if (!c) return;
    resized.unobserve(event.target);
    c.chart.dispose();
    charts.delete(event.target);
  });

  const redrawAll = () => {
    for (const el of charts.keys()) redraw(el);
  };
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  new MutationObserver(redrawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });

  // A panel that failed says so in its own words, whatever the status.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status >= 400 && xhr.responseText.trimStart().startsWith("<section")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // --- switches of a panel -----------------------------------------------

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const panel = button && button.closest("[data-panel]");
    if (!panel) return;
    const el = panel.querySelector("[data-chart]");
    if (button.dataset.view === "table") {
      const table = document.getElementById(button.getAttribute("aria-controls"));
      table.hidden = !table.hidden;
      el.hidden = !table.hidden;
      button.setAttribute("aria-expanded", String(!table.hidden));
      [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
    }
    if ("log" in button.dataset) {
      const c = charts.get(el);
      c.log = !c.log;
      button.setAttribute("aria-pressed", String(c.log));
      redraw(el);
    }
  });

  // --- filters -----------------------------------------------------------

  const chosen = (group) => [...group.querySelectorAll("input:checked")].map((i) => i.value).join("\n");

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-filter]");
    if (!form || event.target.type === "checkbox") return;
    const dates = form.querySelector("[data-dates]");
    const range = form.querySelector("[data-range]");
    if (event.target === range && range.value === "") {
      dates.hidden = false;
      dates.querySelector("input").focus();
      return;
    }
    // One day of two is not a period yet.
    const days = [...dates.querySelectorAll("input")];
    if (days.includes(event.target) && days.filter((i) => i.value === "").length === 1) return;
    if (event.target === range) for (const i of days) i.value = "";
    form.requestSubmit();
  });

  // Several values may be ticked before the page is asked for anew.
  document.addEventListener("toggle", (event) => {
    const group = event.target;
    if (!group.matches("details[data-group]")) return;
    if (group.open) group.dataset.was = chosen(group);
    else if (group.dataset.was !== undefined && group.dataset.was !== chosen(group)) group.closest("form").requestSubmit();
  }, true);

  document.addEventListener("click", (event) => {
    const none = event.target.closest("[data-none]");
    if (!none) return;
    for (const i of none.closest("details").querySelectorAll("input:checked")) i.checked = false;
    none.closest("form").requestSubmit();
  });

  // What is empty stays out of the address.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-filter]")) return;
    for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
    for (const group of event.target.querySelectorAll("details[data-group]")) delete group.dataset.was;
  }, true);
})();
