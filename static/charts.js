// Draws the charts of panels. The server sends ECharts options with data and
// structure; looks, formats and behaviour are here. Colours are names of custom
// properties, read when a chart is drawn, so that light and dark follow live.
"use strict";

(() => {
  const charts = new Map(); // element → {chart, spec, log}
  const DAY = 86400000;
  const HOUR = 3600000;
  const BEFORE = "before"; // the line of the period before
  const FAN = ["p50", "p85", "p95"]; // lines of a forecast

  // --- words -------------------------------------------------------------

  const number = (meta, value, digits) => new Intl.NumberFormat(meta.lang, { maximumFractionDigits: digits }).format(value);

  // A count on an axis, where there is no room for a million in full.
  const count = (meta, value) => (value < 1e4 ? number(meta, value, 0) : new Intl.NumberFormat(meta.lang, { notation: "compact", maximumFractionDigits: 1 }).format(value));

  const unit = (meta, value, name, digits) => number(meta, value, digits) + "\u00a0" + meta.words["unit." + name];

  // One figure in the largest unit that fits once it is rounded, as Printer.Days writes it.
  function figure(meta, seconds) {
    const digits = (v) => (Math.abs(v) >= 99.95 ? 0 : 1);
    const size = Math.abs(seconds), tenths = (of) => Math.round((size / of) * 10) / 10;
    if (meta.day > 0 && (size >= meta.day || tenths(3600) * 3600 >= meta.day)) return unit(meta, seconds / meta.day, "d", digits(seconds / meta.day));
    if (size >= 3600 || tenths(60) >= 60) return unit(meta, seconds / 3600, "h", digits(seconds / 3600));
    if (Math.round(size) >= 60) return unit(meta, seconds / 60, "min", digits(seconds / 60));
    return unit(meta, Math.round(seconds), "s", 0);
  }

  // Next to all, as exactly as it takes to tell it from all: Share of views.
  const near = (rate) => (rate >= 1 || rate <= 0.99 ? 1 : rate <= 0.999 ? 2 : rate <= 0.99999 ? 3 : 5);

  const percent = (meta, rate) => new Intl.NumberFormat(meta.lang, { style: "percent", maximumFractionDigits: near(rate) }).format(rate);

  // A value of the panel's quantity.
  function shown(meta, value) {
    if (meta.of === "ratio") return percent(meta, value);
    if (meta.of !== "seconds") return number(meta, value, 0);
    if (value === 0 && meta.words["chart.outside"]) return meta.words["chart.outside"];
    return figure(meta, value);
  }

  // The day before the month, as on the rest of the page.
  const date = (meta, ms, form) => new Intl.DateTimeFormat(meta.lang === "en" ? "en-GB" : meta.lang, { timeZone: "UTC", ...form }).format(ms);

  const fullDate = (meta, ms) => date(meta, ms, { day: "numeric", month: "short", year: "numeric" });

  function bucketName(meta, label) {
    const ms = Date.parse(label + "T00:00:00Z");
    if (meta.bucket === "month") return date(meta, ms, { month: "long", year: "numeric" });
    return meta.bucket === "week" ? meta.words["chart.week"] + " " + fullDate(meta, ms) : fullDate(meta, ms);
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

  // Shapes whose marks are dots, each at a time of its own.
  const ofDots = (meta) => ["marks", "control", "ages"].includes(meta.shape);

  // --- tooltips ----------------------------------------------------------

  function markTip(meta, params, keys) {
    const [at, , key, title, type, seconds, signal] = params.value;
    const lines = key ? [key + " · " + shown(meta, seconds), plain(title, 56)] : [shown(meta, seconds)];
    lines.push([plain(type || "", 24), meta.words["chart.closed"] + " " + fullDate(meta, at)].filter(Boolean).join(" · "));
    if (signal) lines.push(meta.words["control.signal." + signal]);
    if (meta.open) lines.push(meta.words[keys ? "chart.open.keys" : "chart.open"]);
    return lines.join("\n");
  }

  // A range of values: how many are in it, and which share took no longer.
  function binTip(meta, o, i) {
    const counts = o.series[0].data.map((d) => d.value);
    const sum = (all) => all.reduce((a, b) => a + b, 0);
    const total = sum(counts);
    const lines = [o.xAxis[0].data[i], meta.words["chart.n"] + "  " + number(meta, counts[i], 0)];
    if (total === 0) return lines.join("\n");
    lines.push(meta.words["bins.share"] + "  " + percent(meta, counts[i] / total));
    const to = o.series[0].data[i].s;
    if (to !== undefined) lines.push(meta.words["bins.within"].replace("{time}", unit(meta, to / meta.per, meta.unit, 2)) + "  " + percent(meta, sum(counts.slice(0, i + 1)) / total));
    return lines.join("\n");
  }

  // What a forecast says of a day.
  function fanTip(meta, o, i) {
    const lines = o.series.filter((s) => FAN.includes(s.name));
    const day = meta.words["fan.by"].replace("{day}", fullDate(meta, lines[0].data[i].value[0]));
    if (i === 0) return day; // where all lines begin
    return [day, ...lines.map((s) => s.name + "  " + meta.words["fan.least"].replace("{n}", number(meta, s.data[i].value[1], 0)))].join("\n");
  }

  // What is written for eyes ends with what a click does; a voice says the rest.
  const spoken = (meta, text) => text.split("\n").filter((line) => line !== meta.words["chart.open"] && line !== meta.words["chart.list"]).join("; ");

  // An open issue: its age, where it stands and since when.
  function ageTip(meta, params, keys) {
    const [at, , key, title, type, seconds, since, late] = params.value;
    const column = meta.columns[Math.floor(at)];
    const lines = key ? [key + " · " + shown(meta, seconds), plain(title, 56)] : [shown(meta, seconds)];
    lines.push([plain(type || "", 24), plain(column.name, 32)].filter(Boolean).join(" · "));
    lines.push(meta.words["chart.ages.since"] + " " + fullDate(meta, since));
    if (late) lines.push(meta.words["chart.ages.late"]);
    if (meta.open) lines.push(meta.words[keys ? "chart.open.keys" : "chart.open"]);
    return lines.join("\n");
  }

  // A column: how many issues are in the status, and how old finished ones left it.
  function columnTip(meta, column) {
    const lines = [[plain(column.name, 40), column.class].filter(Boolean).join(" · ")];
    lines.push(meta.words["chart.ages.within"] + "  " + number(meta, column.n, 0));
    if (!column.left) return [...lines, meta.words["chart.ages.none"]].join("\n");
    lines.push(meta.words["chart.ages.left"] + "  " + number(meta, column.left, 0));
    for (const e of column.edges) if (e.s !== null) lines.push(e.name + "  " + shown(meta, e.s) + (e.low ? " · " + meta.words["chart.low_n"] : ""));
    return lines.join("\n");
  }

  const areaWhen = (meta, label, data) => bucketName(meta, label) + ", " + meta.words[data.partial ? "chart.areas.cut" : "chart.areas.end"];

  // Counts at the end of a bucket, from the top of the chart to its foot.
  function areaTip(meta, all, keys) {
    const lines = [areaWhen(meta, all[0].axisValue, all[0].data)];
    for (const p of all.slice().reverse()) if (p.data.value) lines.push(plain(p.seriesName, 40) + "  " + number(meta, p.data.value, 0));
    lines.push(meta.words["chart.areas.open"] + "  " + number(meta, all.reduce((sum, p) => sum + (p.seriesName === meta.words["areas.closed"] ? 0 : p.data.value || 0), 0), 0));
    for (const line of meta.lines || []) if (line.text && Math.floor(line.at) === all[0].dataIndex) lines.push(line.text);
    if (meta.lists) lines.push(meta.words[keys ? "chart.list.keys" : "chart.list"]);
    return lines.join("\n");
  }

  function bucketTip(meta, all, keys) {
    const lines = [bucketName(meta, all[0].axisValue)];
    const rows = all.filter((p) => p.data && p.seriesType === "line").reverse();
    const last = (p) => Number(p.seriesName === BEFORE);
    for (const p of rows.sort((a, b) => last(a) - last(b) || a.seriesName.localeCompare(b.seriesName))) {
      if (p.data.s === undefined) continue;
      const name = { [BEFORE]: meta.words["chart.before"], rate: meta.words["chart.rate"] }[p.seriesName] || p.seriesName;
      lines.push(name + "  " + shown(meta, p.data.s) + (p.data.low ? " · " + meta.words["chart.low_n"] : ""));
    }
    const bars = all.filter((p) => p.seriesType === "bar");
    if (meta.shape === "stack") {
      for (const p of bars) if (p.data.value) lines.push(p.seriesName + "  " + number(meta, p.data.value, 0));
      lines.push(meta.words["chart.n"] + "  " + number(meta, all[0].data.n, 0));
      if (meta.level) lines.push(meta.level.name);
    } else if (bars.length > 0) lines.push(meta.words["chart.n"] + "  " + number(meta, bars[0].data.value, 0));
    if (all.some((p) => p.data && p.data.partial)) lines.push(meta.words["chart.partial"]);
    for (const line of meta.lines || []) if (line.text && Math.floor(line.at) === all[0].dataIndex) lines.push(line.text);
    if (meta.lists) lines.push(meta.words[keys ? "chart.list.keys" : "chart.list"]);
    return lines.join("\n");
  }

  function rowTip(meta, all, keys) {
    const lines = [[plain(all[0].name, 40), all[0].data.class].filter(Boolean).join(" · ")];
    for (const p of meta.of === "groups" ? all : all.slice().reverse()) { // parts as they stand in the legend
      if (p.data.s !== undefined) lines.push(p.seriesName + "  " + shown(meta, p.data.s) + (p.data.low ? " · " + meta.words["chart.low_n"] : ""));
    }
    lines.push(meta.words["chart.n"] + "  " + number(meta, all[0].data.n, 0));
    if (meta.lists) lines.push(meta.words[keys ? "chart.list.keys" : "chart.list"]);
    return lines.join("\n");
  }

  // What a custom series is worth: in short on an axis, exactly elsewhere.
  const extreme = (v) => v !== 0 && (Math.abs(v) >= 1e15 || Math.abs(v) < 1e-6);
  const valueForm = (meta, v, more) => new Intl.NumberFormat(meta.lang, extreme(v) ? { notation: "scientific", maximumFractionDigits: 3 } : { maximumSignificantDigits: 6, ...more }).format(v);
  const exact = (meta, v) => valueForm(meta, v, {});
  const short = (meta, v) => valueForm(meta, v, Math.abs(v) >= 1e4 ? { notation: "compact", maximumSignificantDigits: 4 } : {});

  const moment = (meta, ms, span) => date(meta, ms, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", ...(span < HOUR && { second: "2-digit" }) });

  // The lines at the time that the pointer is at, the highest first; more than
  // fit are only counted.
  function lineTip(meta, all, from, to) {
    const most = 12;
    const at = Number(all[0].axisValue);
    const near = all.filter((p) => p.value && typeof p.value[1] === "number" && Math.abs(p.value[0] - at) <= Math.max(meta.step, (to - from) / 200));
    near.sort((a, b) => b.value[1] - a.value[1]);
    const lines = [moment(meta, at, to - from)];
    for (const p of near.slice(0, most)) lines.push(plain(p.seriesName, 56) + "  " + exact(meta, p.value[1]));
    if (near.length > most) lines.push(meta.words["chart.series.more"].replace("{n}", number(meta, near.length - most, 0)));
    for (const line of meta.lines || []) if (line.text && Math.abs(line.at - at) <= (to - from) / 100) lines.push(plain(line.text, 72));
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

  // How wide a text is.
  const pen = document.createElement("canvas").getContext("2d");
  function wide(text, size, look) {
    pen.font = size + "px " + look.font;
    return pen.measureText(text).width;
  }

  // As many letters of a text as there is room for.
  function fitting(text, size, look, room) {
    const clean = plain(text, 80);
    let cut = clean;
    for (let n = clean.length - 1; n > 3 && wide(cut, size, look) > room; n--) cut = clean.slice(0, n).trimEnd() + "…";
    return cut;
  }

  // A pale colour.
  const faded = (color, opacity) => color + Math.round(opacity * 255).toString(16).padStart(2, "0");

  const grid = (look) => ({ splitLine: { show: true, lineStyle: { color: look.line, width: 1 } } });
  const foot = (look) => ({ axisLine: { show: true, lineStyle: { color: look.line } } });

  // Dashed lines where definitions changed, dotted ones of deployments. From the right, a line whose name
  // would cover another's, or that of the axis, goes without one; the words under the chart have all.
  function verticals(lines, min, max, look) {
    const width = look.width - look.left - look.right;
    const head = Math.max(0, look.head - look.left);
    let free = Infinity;
    const data = lines.filter((line) => !line.hidden).sort((a, b) => b.at - a.at).map((line) => {
      const at = ((line.at - min) / (max - min)) * width;
      const half = wide(line.label, 11, look) / 2 + 6;
      const named = Boolean(line.label) && at + half < free && at > half + head;
      if (named) free = at - half;
      return { xAxis: line.at, label: { show: named, formatter: line.label }, lineStyle: line.incident ? { color: look.bad } : line.event ? { type: [2, 4], opacity: 0.7 } : {} };
    });
    return {
      type: "line", name: "lines", data: [], silent: true, z: 1,
      markLine: {
        silent: true, symbol: "none", animation: false, data,
        lineStyle: { color: look.muted, width: 1, type: "dashed" },
        label: { position: "end", distance: 3, color: look.muted, fontSize: 11, fontFamily: look.font },
      },
    };
  }

  // On a phone there is no room beside the plot: the names of lines stand in it,
  // above their ends.
  function nameInside(o, look) {
    look.right = 8;
    for (const g of o.grid) g.right = String(look.right);
    for (const s of o.series) {
      if (s.type !== "line") continue;
      for (const d of s.data) {
        if (d.label) Object.assign(d.label, { position: "top", align: "right", distance: 2, padding: [1, 3], borderRadius: 3, backgroundColor: look.surface + "d0" });
      }
    }
  }

  // Nor would one row of names do: they stand in as many as they need, and the chart is
  // higher by them.
  function wrapLegend(o, look) {
    const gap = look.width < 480 ? 10 : 14;
    let rows = 1, x = 0;
    for (const name of o.legend.data) {
      const width = o.legend.itemWidth + 6 + wide(o.legend.formatter(name), 12, look);
      if (x > 0 && x + width > look.width - 10) [rows, x] = [rows + 1, 0];
      x += width + gap;
    }
    Object.assign(o.legend, { type: "plain", itemGap: gap });
    const height = (rows - 1) * (o.legend.itemHeight + gap + 2);
    look.more += height;
    for (const g of o.grid) g.top = String(Number(g.top) + height);
  }

  // Lines that cross each other would run through their names: on a phone those stand
  // above the plot.
  function nameAbove(o, look) {
    const names = {};
    for (const s of o.series) {
      for (const d of s.data) {
        if (!d.label) continue;
        names[s.name] = d.label.formatter;
        delete d.label;
      }
    }
    look.right = 8;
    for (const g of o.grid) g.right = String(look.right);
    if (Object.keys(names).length === 0) return;
    Object.assign(o.legend, { show: true, data: Object.keys(names), left: "0", top: "0", itemHeight: 14, formatter: (name) => plain(names[name] || name, look.letters) });
    for (const g of o.grid) g.top = String(Number(g.top) + 24);
    wrapLegend(o, look);
  }

  // The time axis of what is not in buckets.
  function dressTime(o, meta, look) {
    const x = o.xAxis[0];
    const months = x.max - x.min > 200 * DAY;
    const ticks = timeTicks(x.min, x.max, Math.max(2, Math.floor((look.width - 140) / 64)));
    o.xAxis = [axis(x, look, { ...foot(look), label: { customValues: ticks, formatter: (ms) => timeTick(meta, ms, months) } })];
    o.xAxis[0].axisTick = { show: true, customValues: ticks, length: 4, lineStyle: { color: look.line } };
    return x;
  }

  function dressLines(o, meta, look) {
    const x = dressTime(o, meta, look);
    look.left = 56;
    look.right = Number(o.grid[0].right);
    const head = { color: look.muted, fontSize: 12, align: "left", padding: [0, 0, 0, -look.left] };
    o.yAxis = [axis(o.yAxis[0], look, { ...grid(look), splitNumber: 5, nameGap: 14, nameTextStyle: head, label: { formatter: (v) => short(meta, v) } })];
    for (const s of o.series) {
      Object.assign(s, { emphasis: { disabled: true }, connectNulls: false, showAllSymbol: true, labelLayout: { hideOverlap: false }, z: 3 });
      for (const d of s.data) if (d.label) Object.assign(d.label, { opacity: 1, color: look.text, fontSize: 12, fontFamily: look.font });
    }
    if (meta.names) Object.assign(o.legend, { itemHeight: 14, formatter: (name) => plain(meta.names[name] || name, look.letters) });
    if (look.width < 440) nameAbove(o, look);
    if (meta.lines) o.series.push(verticals(meta.lines, x.min, x.max, look));
    o.axisPointer = { type: "line", snap: true, lineStyle: { color: look.muted, width: 1, type: "solid" }, label: { show: false } };
    o.tooltip.formatter = (all) => lineTip(meta, all, x.min, x.max);
  }

  function dressMarks(o, meta, look, state) {
    const x = dressTime(o, meta, look);
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
      else {
        const { color } = s.itemStyle; // pale within an outline, so that yellow is seen on white, too
        const hollow = /Z./.test(s.symbol); // a path within a path
        Object.assign(s, { z: 3, itemStyle: hollow ? { color, opacity: 1 } : { color: faded(color, look.dark ? 0.6 : 0.4), borderColor: color, borderWidth: 1, opacity: 1 }, emphasis: { itemStyle: { color, opacity: 1, borderColor: look.text, borderWidth: 1 } } });
      }
    }
    if (look.width < 480) nameInside(o, look);
    if (look.width < 480 && o.legend.show) wrapLegend(o, look);
    if (meta.lines) o.series.push(verticals(meta.lines, x.min, x.max, look));
    o.tooltip.formatter = (p) => markTip(meta, p, state.keys);
  }

  // What breaks a rule is seen among the rest.
  function dressControl(o, meta, look, state) {
    const ends = o.series.flatMap((s) => s.data.filter((d) => d.label).map((d) => wide(d.label.formatter, 12, look)));
    if (ends.length > 0) o.grid[0].right = String(Math.ceil(Math.max(...ends)) + 12);
    look.right = Number(o.grid[0].right);
    dressMarks(o, meta, look, state);
    for (const s of o.series) {
      if (s.type !== "scatter" || !s.data[0][6]) continue;
      s.z = 4;
      if (s.data[0][6] === "beyond") Object.assign(s.itemStyle, { color: s.itemStyle.borderColor });
    }
  }

  // Puts names that begin at verticals and go to the right into rows, so that none covers
  // another, nor is cut by the vertical of one that stands in a higher row. Those that would
  // leave the plot go to the left. items are {x, width}; they get row and left.
  function inRows(items, end) {
    const placed = [];
    for (const item of items.slice().sort((a, b) => b.x - a.x)) {
      item.left = item.x + 6 + item.width > end && item.x > item.width;
      const [from, to] = item.left ? [item.x - item.width, item.x] : [item.x, item.x + 6 + item.width];
      const over = placed.filter((p) => p.from < to + 6);
      item.row = over.length > 0 ? Math.max(...over.map((p) => p.row)) + 1 : 0;
      placed.push({ from, row: item.row });
    }
  }

  const nameWidth = (text) => text.length * 6.6;

  // The bounds of bins that there is room for; one that is open is named at the end.
  function edgeTicks(edges, open, width) {
    const last = edges.length - 1;
    const pitch = width / last;
    const numbers = open ? edges.slice(0, last) : edges;
    const widest = Math.max(...numbers.map(nameWidth)) + 10;
    const step = [1, 2, 4, 5, 10, 20].find((k) => k * pitch >= widest) || last;
    const ticks = numbers.map((_, i) => i).filter((i) => i % step === 0);
    if (!open) return ticks;
    const free = width - nameWidth(edges[last]) - 8;
    return [...ticks.filter((i) => i * pitch + nameWidth(edges[i]) / 2 < free), last];
  }

  function dressBins(o, meta, look, state) {
    const bars = o.series[0], falls = o.series.slice(1), bins = meta.edges.length - 1;
    look.right = Number(o.grid[0].right);
    const width = look.width - look.left - look.right;
    const names = falls.map((s) => ({ s, x: (s.data[0].value[0] / bins) * width, width: nameWidth(s.data[1].label.formatter) }));
    inRows(names, width + look.right);

    // The unit stands at the head of its axis, above names that begin there.
    const head = nameWidth(o.yAxis[0].name) + 8 - look.left;
    const taken = names.filter((n) => (n.left ? n.x - n.width : n.x) < head).map((n) => n.row + 1);
    const unit = Math.max(0, ...taken), rows = Math.max(unit, ...names.map((n) => n.row));
    const top = 32 + rows * 15, below = Number(o.grid[0].bottom), ceiling = 4;
    Object.assign(o.grid[0], { top });
    Object.assign(o.grid[1], { top: ceiling, left: o.grid[0].left });
    for (const n of names) {
      n.s.data[1].value[1] = look.height - top - below + 10 + n.row * 15;
      Object.assign(n.s.data[1].label, { position: n.left ? "left" : "right", distance: 4, fontSize: 12, fontFamily: look.font });
      Object.assign(n.s, { placed: true, silent: true, z: 5, emphasis: { disabled: true }, clip: false });
    }

    for (const d of bars.data) if (d.value === 0) d.itemStyle = { ...d.itemStyle, borderWidth: 0 };
    const open = bars.data[bins - 1].s === undefined;
    const ticks = edgeTicks(meta.edges, open, width);
    const label = { customValues: ticks, formatter: (v) => meta.edges[v], hideOverlap: false, showMinLabel: true, showMaxLabel: true };
    if (open) label.alignMaxLabel = "right";
    o.xAxis = [
      axis(o.xAxis[0], look, { ...foot(look), nameLocation: "middle", nameGap: 26, label: { show: false } }),
      axis(o.xAxis[1], look, { axisPointer: { show: false }, label }),
    ];
    o.xAxis[1].axisTick = { show: true, customValues: open ? ticks.slice(0, -1) : ticks, length: 4, lineStyle: { color: look.line } };
    o.yAxis = [
      axis(o.yAxis[0], look, { ...grid(look), splitNumber: 5, nameGap: 12 + unit * 15, nameTextStyle: { color: look.muted, fontSize: 12, align: "left", padding: [0, 0, 0, -look.left] }, label: { formatter: (v) => count(meta, v) } }),
      { ...o.yAxis[1], max: look.height - ceiling - below, show: false, axisPointer: { show: false } },
    ];
    // Pale with an outline: the percentiles are seen upon them.
    const ink = bars.itemStyle.color;
    Object.assign(bars, { emphasis: { disabled: true }, z: 2, itemStyle: { color: ink + (look.dark ? "8c" : "66"), borderColor: ink, borderWidth: 1 } });
    o.axisPointer = { type: "none" };
    o.tooltip.axisPointer = { type: "none" };
    o.tooltip.formatter = (all) => binTip(meta, o, all.find((p) => p.seriesType === "bar").dataIndex);
  }

  // A round number near v to count in.
  function roundStep(v) {
    const power = 10 ** Math.floor(Math.log10(Math.max(v, 1)));
    return Math.max(1, [1, 2, 5, 10].map((k) => k * power).find((s) => s >= v * 0.8));
  }

  function dressFan(o, meta, look) {
    const behind = o.xAxis[1];
    const [inside, below] = [look.width < 320, Number(o.grid[0].bottom)];
    if (inside) o.grid[0].right = "12";
    look.right = Number(o.grid[0].right);
    const x = dressTime(o, meta, look);
    o.xAxis.push({ ...behind, show: false, axisPointer: { show: false } });
    const goal = o.series.find((s) => s.name === "goal");
    const ends = o.series.filter((s) => FAN.includes(s.name) || s === goal).map((s) => s.data[s.data.length - 1].value[1]);
    const interval = roundStep(Math.max(1, ...ends) / 5);
    const falls = !goal ? [] : o.series.filter((s) => s.name.startsWith("by ")).map((s) => {
      const { label, value } = s.data[0];
      return { s, label, x: ((value[0] - x.min) / (x.max - x.min)) * (look.width - look.left - look.right), width: wide(label.formatter, 12, look) };
    });
    inRows(falls, look.width - look.left);
    // The unit stands at the head of its axis, above names that begin there.
    const unit = Math.max(0, ...falls.filter((f) => (f.left ? f.x - f.width : f.x) < look.head + 4 - look.left).map((f) => f.row + 1));
    const top = Number(o.grid[0].top) + Math.max(unit, ...falls.map((f) => f.row)) * 15;
    o.grid[0].top = String(top);
    const height = look.height - top - below;
    let max = Math.max(1, Math.ceil(Math.max(...ends) / interval)) * interval;
    if (goal && (1 - goal.data[0].value[1] / max) * height < 18) max += interval; // its name has room
    const head = { color: look.muted, fontSize: 12, align: "left", padding: [0, 0, 0, -look.left] };
    o.yAxis = [axis({ ...o.yAxis[0], max, interval }, look, { ...grid(look), nameGap: 12 + unit * 15, nameTextStyle: head, label: { formatter: (v) => count(meta, v) } })];
    const ground = { backgroundColor: look.surface + "d0", borderRadius: 3, padding: [1, 3], fontSize: 12, fontFamily: look.font };
    for (const s of o.series) {
      const line = FAN.includes(s.name);
      Object.assign(s, { silent: true, emphasis: { disabled: true }, showAllSymbol: true, z: s.name === "p50" ? 5 : line ? 4 : 2, placed: !line });
      for (const d of s.data) {
        if (!d.label) continue;
        Object.assign(d.label, { fontSize: 12, fontFamily: look.font });
        if (line && inside) Object.assign(d.label, ground, { position: "top", align: "right", distance: 2 });
      }
    }
    if (goal) nameDays(goal, falls, look, { max, ground, height });
    o.axisPointer = { type: "line", snap: true, lineStyle: { color: look.muted, width: 1, type: "solid" }, label: { show: false } };
    o.tooltip.formatter = (all) => fanTip(meta, o, all.find((p) => FAN.includes(p.seriesName)).dataIndex);
  }

  // Names the days on which lines reach the goal above the plot, where no line crosses them:
  // in rows that the plot gives way to.
  function nameDays(goal, falls, look, { max, ground, height }) {
    for (const { s, label, row, left } of falls) {
      Object.assign(s.lineStyle, { width: 1 });
      Object.assign(s, { z: 3, clip: false });
      Object.assign(label, ground, { position: left ? "left" : "right", distance: 3 });
      delete s.data[0].label;
      s.data.push({ value: [s.data[0].value[0], max + ((10 + row * 15) * max) / height], symbol: "circle", symbolSize: 1, label });
    }
    // Above its line, on the side where no other is.
    const [start, end] = goal.data;
    const right = Math.min(...falls.map((f) => f.x)) < wide(start.label.formatter, 12, look) + 12;
    const name = Object.assign(start.label, ground, { distance: 2, align: right ? "right" : "left" });
    if (!right) return;
    delete start.label;
    end.label = name;
  }

  // A name in at most two lines of so many letters.
  function folded(name, limit) {
    const words = plain(name, 80).split(" ");
    let first = words.shift();
    while (words.length > 0 && first.length + 1 + words[0].length <= limit) first += " " + words.shift();
    return [first, words.join(" ")].filter(Boolean).map((line) => plain(line, limit));
  }

  // On a logarithmic axis, what took less stands at the foot.
  const LOG_FLOOR = 0.1;

  // Where a tooltip stands: beside what it tells of, never over it.
  function besideMark(at, _params, _el, _rect, size) {
    const [w, h] = size.contentSize, [width, height] = size.viewSize;
    const right = at[0] + 16 + w <= width ? at[0] + 16 : at[0] - 16 - w;
    return [right < 0 ? Math.max(0, width - w) : right, Math.max(0, Math.min(at[1] - h / 2, height - h))];
  }

  // A column for each status, named below with how many issues are in it.
  function dressAges(o, meta, look, state) {
    const narrow = look.width < 560;
    const width = (look.width - look.left - (narrow ? 8 : 92)) / meta.columns.length;
    const y = { ...o.yAxis[0] };
    let tick = (v) => number(meta, v, 2);
    if (state.log) {
      const lifted = (v) => (v === null ? v : Math.max(v, LOG_FLOOR));
      const values = o.series.flatMap((s) => s.data.map((d) => (Array.isArray(d) ? d[1] : d.value[1])));
      Object.assign(y, { type: "log", logBase: 10, min: LOG_FLOOR, max: roundUp(Math.max(...values, 1)) });
      tick = (v) => (v === LOG_FLOOR ? "≤ " : "") + number(meta, v, 2);
      for (const s of o.series) {
        s.data = s.data.map((d) => (Array.isArray(d) ? [d[0], lifted(d[1]), ...d.slice(2)] : { ...d, value: [d.value[0], lifted(d.value[1])] }));
      }
    }
    const middles = meta.columns.map((_, i) => i + 0.5);
    const tilted = width < 48; // names would be cut to a few letters
    const names = meta.columns.map((c) => folded(c.name, Math.max(6, Math.floor(width / 6.4))));
    const lines = Math.max(...names.map((n) => n.length));
    // Down to the left: the first ones have less room.
    const figures = meta.columns.map((c) => wide(number(meta, c.n, 0) + "  ", 13, look));
    const slanted = meta.columns.map((c, i) => fitting(c.name, 11, look, Math.min(156, (look.left + (i + 0.5) * width - 8) / 0.643 - figures[i])));
    const longest = Math.max(...slanted.map((text, i) => figures[i] + wide(text, 11, look)));
    const below = tilted ? Math.max(84, Math.ceil(longest * 0.766) + 16) : 28 + 15 * lines;
    if (tilted) look.more += below - 84;
    const name = (at) => {
      const i = Math.floor(at), n = "{n|" + number(meta, meta.columns[i].n, 0) + "}";
      return tilted ? n + "  " + slanted[i] : n + "\n" + names[i].join("\n");
    };
    o.xAxis = [axis(o.xAxis[0], look, {
      ...foot(look),
      label: { customValues: middles, formatter: name, hideOverlap: false, rotate: tilted ? 50 : 0, fontSize: width < 80 ? 11 : 12, lineHeight: 15, color: look.muted, rich: { n: { color: look.text, fontWeight: 600, fontSize: 12, fontFamily: look.font } } },
    })];
    o.grid[0].bottom = String(below);
    o.yAxis = [axis(y, look, { ...grid(look), splitNumber: 5, nameGap: 12, nameTextStyle: { color: look.muted, fontSize: 12, align: "left", padding: [0, 0, 0, -look.left] }, label: { formatter: tick } })];
    for (const s of o.series) {
      if (s.type === "line") {
        Object.assign(s, { silent: true, z: 2, emphasis: { disabled: true } });
        if (s.areaStyle && look.dark) s.areaStyle.opacity *= 0.6; // dots are not bright enough for more
      } else {
        const { color, opacity } = s.itemStyle; // pale within an outline: behind them are bands
        Object.assign(s, { z: 4, itemStyle: { color: faded(color, look.dark ? Math.max(opacity, 0.6) : opacity), borderColor: color, borderWidth: 1, opacity: 1 }, emphasis: { itemStyle: { color, borderColor: look.text, borderWidth: 1.5 } } });
      }
    }
    o.legend.formatter = (name) => plain(name, 40);
    if (narrow) {
      look.right = 8;
      o.grid[0].right = "8";
      for (const s of o.series) { // above the beginning of the line: first columns are low
        if (s.type !== "line" || !s.data[1].label) continue;
        s.data[0].label = { ...s.data[1].label, position: "top", align: "left", distance: 2, padding: [1, 3], borderRadius: 3, backgroundColor: look.surface + "d0" };
        delete s.data[1].label;
      }
    }
    if (look.width < 480) wrapLegend(o, look);
    o.series.push({
      type: "scatter", name: "columns", data: [], z: 1,
      markArea: {
        itemStyle: { color: look.text, opacity: 0 }, emphasis: { itemStyle: { opacity: 0.04 } },
        data: meta.columns.map((_, i) => [{ xAxis: i, column: i }, { xAxis: i + 1 }]),
      },
    });
    o.tooltip.position = besideMark;
    o.tooltip.formatter = (p) => (p.componentType === "markArea" ? columnTip(meta, meta.columns[p.dataIndex]) : ageTip(meta, p, state.keys));
  }

  // Areas of counts, one upon the other: their names stand where they end, or above where
  // there is no room for them.
  function dressAreas(o, meta, look, state) {
    const single = o.xAxis[0].data.length === 1; // has no line
    o.xAxis = [axis(o.xAxis[0], look, { ...foot(look), boundaryGap: single, label: { formatter: (v) => bucketTick(meta, v) } })];
    const head = { color: look.muted, fontSize: 12, align: "left", padding: [0, 0, 0, -look.left] };
    o.yAxis = [axis(o.yAxis[0], look, { ...grid(look), splitNumber: 5, nameGap: 12, nameTextStyle: head, label: { formatter: (v) => count(meta, v) } })];
    look.right = Number(o.grid[0].right);
    for (const s of o.series) {
      const { color } = s.itemStyle;
      Object.assign(s, { emphasis: { disabled: true }, showAllSymbol: true, z: 2 });
      s.areaStyle.color = color;
      s.itemStyle.opacity = s.areaStyle.opacity;
      if (single) Object.assign(s, { type: "bar", barMaxWidth: 120 });
      for (const d of s.data) {
        if (!d.label) continue;
        Object.assign(d, { symbol: "circle", symbolSize: 1 });
        Object.assign(d.label, { opacity: 1, distance: 8, fontSize: 12, fontFamily: look.font, rich: { k: { color: faded(color, s.areaStyle.opacity), fontSize: 13 } }, formatter: "{k|■} " + d.label.formatter });
      }
    }
    if (look.width < 560) {
      for (const s of o.series) for (const d of s.data) delete d.label;
      look.right = 12;
      o.grid[0].right = "12";
      o.grid[0].top = "56";
      Object.assign(o.legend, { show: true, data: o.legend.data.slice().reverse() });
      wrapLegend(o, look);
    }
    if (meta.lines) {
      const buckets = o.xAxis[0].data.length; // the first area begins where the first bucket ends
      o.xAxis.push({ type: "value", min: single ? 0 : 1, max: buckets, show: false });
      o.series.push({ ...verticals(meta.lines.filter((line) => single || line.at >= 1), single ? 0 : 1, buckets, look), xAxisIndex: 1, z: 4 });
    }
    o.axisPointer = { type: "line", lineStyle: { color: look.muted, width: 1, type: "solid" }, label: { show: false } };
    o.tooltip.formatter = (all) => areaTip(meta, all, state.keys);
  }

  const bucketAxis = (o) => o.xAxis[1] || o.xAxis[0];

  function dressTrend(o, meta, look, state) {
    const labels = { formatter: (v) => bucketTick(meta, v) };
    if (meta.of === "ratio") o.yAxis[0].max = 100;
    o.xAxis = [
      axis(o.xAxis[0], look, { ...foot(look), label: { show: false } }),
      axis(o.xAxis[1], look, { ...foot(look), label: labels }),
    ];
    const head = { color: look.muted, fontSize: 12, align: "left", padding: [0, 0, 0, -look.left] };
    o.yAxis = [
      axis(o.yAxis[0], look, { ...grid(look), splitNumber: 5, nameGap: 12, nameTextStyle: head, label: { formatter: (v) => number(meta, v, 2) } }),
      axis(o.yAxis[1], look, { ...grid(look), nameGap: 14, nameTextStyle: head, label: { showMinLabel: false, formatter: (v) => count(meta, v) } }),
    ];
    const most = roundUp(Math.max(...o.series.find((s) => s.type === "bar").data.map((d) => d.value)));
    Object.assign(o.yAxis[1], { max: most, interval: most });
    for (const s of o.series) {
      s.emphasis = { disabled: true };
      for (const d of s.data) if (d.label) d.label.opacity = 1;
      if (s.name === BEFORE) Object.assign(s, { silent: true, showAllSymbol: true, z: 2 });
      else if (s.type === "line") Object.assign(s, { showAllSymbol: true, z: s.name === "p50" ? 5 : 4 });
    }
    if (!state.before) o.series = o.series.filter((s) => s.name !== BEFORE);
    if (look.width < 320) nameInside(o, look);
    if (meta.lines) {
      const buckets = o.xAxis[1].data.length;
      o.xAxis.push({ type: "value", gridIndex: 0, min: 0, max: buckets, show: false });
      o.series.push({ ...verticals(meta.lines, 0, buckets, look), xAxisIndex: 2, yAxisIndex: 0 });
    }
    o.axisPointer = { ...o.axisPointer, type: "line", lineStyle: { color: look.muted, width: 1, type: "solid" }, label: { show: false } };
    o.tooltip.formatter = (all) => bucketTip(meta, all, state.keys);
  }

  function dressStack(o, meta, look, state) {
    o.xAxis = [axis(o.xAxis[0], look, { ...foot(look), label: { formatter: (v) => bucketTick(meta, v) } })];
    const head = { color: look.muted, fontSize: 12, align: "left", padding: [0, 0, 0, -look.left] };
    o.yAxis = [axis(o.yAxis[0], look, { ...grid(look), splitNumber: 5, nameGap: 12, nameTextStyle: head, label: { formatter: (v) => count(meta, v) } })];
    for (const s of o.series) s.emphasis = { disabled: true };
    wrapLegend(o, look);
    if (meta.level) levelLine(o, meta, look);
    if (meta.lines) {
      const buckets = o.xAxis[0].data.length;
      o.xAxis.push({ type: "value", min: 0, max: buckets, show: false });
      o.series.push({ ...verticals(meta.lines, 0, buckets, { ...look, right: Number(o.grid[0].right) }), xAxisIndex: 1, z: 4 });
    }
    o.axisPointer = { type: "none" };
    o.tooltip.axisPointer = { type: "none" };
    o.tooltip.formatter = (all) => bucketTip(meta, all, state.keys);
  }

  // A line across bars, named at its right end, or above it on a phone.
  function levelLine(o, meta, look) {
    const inside = look.width < 360;
    if (inside) o.grid[0].right = "16";
    o.series.push({
      type: "line", name: "level", data: [], silent: true, z: 5,
      markLine: {
        silent: true, symbol: "none", animation: false, data: [{ yAxis: meta.level.at }],
        lineStyle: { color: look.text, width: 1.5, type: "solid" },
        label: {
          position: inside ? "insideEndTop" : "end", distance: inside ? 2 : 6, formatter: meta.level.name, color: look.text, fontSize: 12, fontFamily: look.font,
          ...(inside && { padding: [1, 3], borderRadius: 3, backgroundColor: look.surface + "d0" }),
        },
      },
    });
  }

  function dressBars(o, meta, look, state) {
    const narrow = look.width < 560, cramped = look.width < 440, tiny = look.width < 320; // where two figures would leave no room for bars
    o.xAxis = [axis(o.xAxis[0], look, { ...grid(look), splitNumber: tiny ? 1 : narrow ? 3 : 5, nameLocation: "middle", nameGap: 26, label: { formatter: (v) => number(meta, v, 2) } })];
    o.yAxis = [axis(o.yAxis[0], look, { label: { color: look.text, interval: 0, hideOverlap: false, width: Math.round(Math.min(220, look.width * (cramped ? 0.32 : 0.42))), overflow: "truncate" } })];
    const p50 = o.series.find((s) => s.name === "p50");
    const last = o.series[o.series.length - 1]; // of parts, all together stand at their end
    const total = last.stack ? last : o.series[0];
    for (const s of o.series) {
      s.emphasis = { disabled: true };
      if (s.name === "p50" || !p50 && s !== total) continue;
      s.label = {
        show: true, position: "right", color: look.text, opacity: 1, fontSize: 12, fontFamily: look.font,
        formatter: (p) => {
          const low = p50 && p50.data[p.dataIndex].s, high = p.data.s;
          if (!p50) return last.stack ? number(meta, p.data.n, 0) : shown(meta, high);
          if (low === undefined || high === undefined) return "";
          if (tiny) return figure(meta, low);
          const [first, second] = [figure(meta, low), figure(meta, high)];
          const [of, name] = first.split("\u00a0");
          return (cramped && second.endsWith("\u00a0" + name) ? of : first) + " · " + second;
        },
      };
    }
    // As much room as the longest of their names takes.
    const ends = o.series.flatMap((s) => (s.label ? s.data.map((d, dataIndex) => wide(s.label.formatter({ data: d, dataIndex }), 12, look)) : []));
    if (ends.length > 0) o.grid[0].right = String(Math.ceil(Math.max(...ends)) + 12);
    if (look.width < 480 && o.legend.show) wrapLegend(o, look);
    o.axisPointer = { type: "none" };
    o.tooltip.axisPointer = { type: "none" };
    o.tooltip.formatter = (all) => rowTip(meta, all, state.keys);
  }

  const dress = {
    marks: dressMarks, lines: dressLines, trend: dressTrend, stack: dressStack, bars: dressBars, bins: dressBins, control: dressControl, fan: dressFan, ages: dressAges, areas: dressAreas,
  };

  function option(el, spec, state) {
    const style = getComputedStyle(document.documentElement);
    const value = (name) => style.getPropertyValue(name).trim();
    const look = {
      text: value("--text"), muted: value("--muted"), line: value("--line"), surface: value("--surface"), bad: value("--bad"),
      font: getComputedStyle(document.body).fontFamily, width: el.clientWidth, height: el.clientHeight, left: 48, right: 92,
      letters: el.clientWidth < 700 ? 28 : 40, // of a name
      more: 0, // by how much the chart is to be higher
      dark: getComputedStyle(document.documentElement).colorScheme === "dark" || (document.documentElement.dataset.theme !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches),
    };
    const o = painted(spec.option, style);
    if (o.grid) {
      for (const g of o.grid) {
        if (g.left === "48" && look.width < 560) g.left = "36";
      }
      if (look.width < 560) look.left = 36;
    }
    look.head = o.yAxis && o.yAxis[0].name ? wide(o.yAxis[0].name, 12, look) + 4 : 0; // where the name of the axis ends
    o.animation = false;
    o.textStyle = { fontFamily: look.font, fontSize: 12, color: look.text };
    o.tooltip = {
      ...o.tooltip, renderMode: "richText", confine: true, transitionDuration: 0,
      backgroundColor: look.surface, borderColor: look.line, borderWidth: 1, padding: [8, 10],
      textStyle: { color: look.text, fontSize: 13, fontFamily: look.font, lineHeight: 19 },
    };
    o.legend = {
      ...o.legend, formatter: (name) => plain(name, look.letters), itemWidth: 10, itemHeight: 10, itemGap: 14, textStyle: { color: look.text, fontSize: 12, fontFamily: look.font },
      pageIconColor: look.muted, pageIconInactiveColor: look.line, pageTextStyle: { color: look.muted }, inactiveColor: look.muted,
    };
    dress[spec.meta.shape](o, spec.meta, look, state);
    state.more = look.more;
    return o;
  }

  // --- life of a chart ---------------------------------------------------

  // How many of the widths at which charts are drawn otherwise a chart is below.
  const sizeOf = (el) => [320, 440, 480, 560, 700].filter((width) => el.clientWidth < width).length;

  // Shapes whose names are put in places that depend on every pixel.
  const measured = ["bins", "fan", "areas"];

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const c = charts.get(target);
      if (!c || target.clientWidth === 0) continue;
      c.chart.resize();
      const size = sizeOf(target);
      if (size !== c.size || c.spec.meta.shape === "ages" || measured.includes(c.spec.meta.shape)) { // what has places in pixels
        c.size = size;
        redraw(target);
      }
      if (c.at >= 0) stand(target, c, c.at);
    }
  });

  function redraw(el) {
    const c = charts.get(el);
    const o = option(el, c.spec, c);
    if (c.more !== c.higher) {
      el.style.setProperty("--more", c.more + "px");
      c.chart.resize();
      c.higher = c.more;
    }
    c.chart.setOption(o, { notMerge: true });
    const crowded = c.spec.meta.shape === "ages" && swarm(c, o);
    if (spread(c.chart, o) || crowded) c.chart.setOption({ series: o.series });
  }

  // Moves dots aside within their column where they would cover each other, the same way
  // each time. Where a column is too full, they share the places there are.
  function swarm(c, o) {
    const gap = 9, step = 3;
    const columns = c.spec.meta.columns.map(() => []);
    const pixel = (at) => c.chart.convertToPixel({ gridIndex: 0 }, at);
    const width = pixel([1, 1])[0] - pixel([0, 1])[0];
    const most = Math.max(0, width * 0.44 - gap / 2);
    o.series.forEach((s, seriesIndex) => {
      if (s.type !== "scatter") return;
      s.data.forEach((d, dataIndex) => columns[Math.floor(d[0])].push({ d, own: c.spec.option.series[seriesIndex].data[dataIndex], y: pixel([d[0], d[1]])[1] }));
    });
    columns.forEach((dots, column) => {
      dots.sort((a, b) => b.y - a.y);
      const placed = [];
      for (const dot of dots) {
        const near = placed.filter((p) => p.y - dot.y < gap);
        const fits = (x) => near.every((p) => (p.x - x) ** 2 + (p.y - dot.y) ** 2 >= gap ** 2);
        dot.x = 0;
        for (let away = 0; away <= most && !fits(dot.x); away += step) dot.x = [away, -away].find(fits) ?? dot.x;
        if (!fits(dot.x)) dot.x = (((placed.length * 7) % 17) / 8 - 1) * most;
        placed.push(dot);
        dot.d[0] = dot.own[0] = column + 0.5 + dot.x / width;
      }
    });
    return true;
  }

  // Moves the names at the ends of lines apart where they would cover each
  // other, keeping their order, within the chart. Reports whether any was moved.
  function spread(chart, o) {
    let names = [];
    o.series.forEach((s, seriesIndex) => {
      if (s.type !== "line" || s.placed) return;
      s.data.forEach((d, i) => {
        if (!d.label) return;
        const at = Array.isArray(d.value) ? d.value : [i, d.value];
        const pixel = (v) => chart.convertToPixel({ seriesIndex }, [at[0], v])[1];
        if (!s.stack) {
          names.push({ d, y: pixel(at[1]), end: pixel(at[1]) });
          return;
        }
        if (o.series[seriesIndex].data.every((p) => !p.value)) { // has no area
          delete d.label;
          return;
        }
        const below = o.series.slice(0, seriesIndex).reduce((sum, other) => sum + (other.stack === s.stack ? other.data[i].value : 0), 0);
        names.push({ d, empty: !at[1], y: pixel(below + at[1] / 2), end: pixel(below + at[1]) }); // in the middle of the area
      });
    });
    names.sort((a, b) => b.y - a.y); // from below
    const top = Math.max(8, Number(o.grid[0].top) - 16), room = chart.getHeight() - 24 - top;
    if ((names.length - 1) * 14 > room) { // without those that have come to nothing
      for (const n of names) if (n.empty) delete n.d.label;
      names = names.filter((n) => !n.empty);
    }
    const gap = Math.min(14, room / Math.max(1, names.length - 1));
    let moved = false, least = top;
    names.forEach((n, i) => {
      n.at = i === 0 ? n.y : Math.min(n.y, names[i - 1].at - gap);
    });
    for (const n of names.slice().reverse()) { // pushed out above: back down
      n.at = Math.max(n.at, least);
      least = n.at + gap;
    }
    names.forEach((n) => {
      if (n.at === n.end) return;
      n.d.label.offset = [0, n.at - n.end];
      moved = true;
    });
    return moved;
  }

  function draw(el) {
    const data = document.getElementById(el.dataset.chart);
    if (!data || charts.has(el)) return;
    const spec = JSON.parse(data.textContent);
    const least = spec.option.series.length > 2 ? 176 : 120; // tooltips of many lines have room
    if (spec.meta.rows) el.style.height = "calc(" + Math.max(least, spec.meta.rows * 30 + 56) + "px + var(--more, 0px))";
    const chart = window.echarts.init(el, null, { renderer: "canvas" });
    charts.set(el, { chart, spec, log: spec.meta.log, before: spec.meta.before, size: sizeOf(el), at: -1, higher: 0 });
    redraw(el);
    chart.on("legendselectchanged", (event) => {
      charts.get(el).shown = event.selected;
    });
    resized.observe(el);
  }

  // --- marks: pointer and keyboard ---------------------------------------

  // The marks of a chart that can be opened, in the order of the arrow keys:
  // where each is drawn, what it says, where it leads.

  function marksOf(c) {
    const { meta, option: o } = c.spec;
    if (!c.marks) {
      const dots = o.series.flatMap((s, seriesIndex) => (s.type === "scatter" ? s.data.map((value, dataIndex) => ({ seriesIndex, dataIndex, value, name: s.name })) : []));
      if (meta.shape === "ages") c.marks = dots.sort((a, b) => Math.floor(a.value[0]) - Math.floor(b.value[0]) || b.value[1] - a.value[1]); // the oldest of a column first
      else if (ofDots(meta)) c.marks = dots.sort((a, b) => a.value[0] - b.value[0] || a.value[1] - b.value[1]);
      else if (meta.shape === "bins") c.marks = o.series[0].data.map((_, dataIndex) => ({ dataIndex }));
      else if (meta.shape === "fan") c.marks = weeksOf(o);
      else if (meta.shape === "areas") c.marks = meta.lists ? bandsOf(c) : [];
      else c.marks = (meta.lists || []).map((href, dataIndex) => ({ dataIndex, href }));
    }
    if (!ofDots(meta)) return c.marks;
    return c.shown ? c.marks.filter((m) => c.shown[m.name] !== false) : c.marks;
  }

  // The days of a forecast; the first one is where it begins.
  function weeksOf(o) {
    const seriesIndex = o.series.findIndex((s) => FAN.includes(s.name));
    return o.series[seriesIndex].data.map((d, dataIndex) => ({ seriesIndex, dataIndex, at: d.value[0] })).slice(1);
  }

  // Where a mark leads, "" where charts of other sites lead nowhere.
  const hrefOf = (meta, m) => m.href || (meta.open && m.value ? meta.open + encodeURIComponent(m.value[2]) : "");

  // The parts of areas at each bucket, from the top down: each leads to its own issues.
  function bandsOf(c) {
    const { meta, option: o } = c.spec;
    const bands = [];
    bucketAxis(o).data.forEach((_, dataIndex) => {
      let low = 0;
      const here = o.series.map((s, seriesIndex) => {
        const n = s.data[dataIndex].value || 0;
        low += n;
        return { seriesIndex, dataIndex, n, low: low - n, name: s.name, href: meta.lists[dataIndex] + "&status=" + encodeURIComponent(meta.keys[seriesIndex]) };
      });
      bands.push(...here.filter((b) => b.n > 0).reverse());
    });
    return bands;
  }

  // The band that the arrow keys lead to: up and down in a bucket, right and left along a
  // status.
  function nextBand(c, along, up) {
    const marks = marksOf(c), here = marks[c.at];
    if (!here) return 0;
    if (up) return marks[c.at - up] && marks[c.at - up].dataIndex === here.dataIndex ? c.at - up : c.at;
    for (let i = here.dataIndex + along; i >= 0 && i <= marks[marks.length - 1].dataIndex; i += along) {
      const found = marks.findIndex((m) => m.dataIndex === i && m.seriesIndex === here.seriesIndex);
      if (found >= 0) return found;
    }
    return c.at;
  }

  function textOf(c, m) {
    const { meta, option: o } = c.spec;
    if (meta.shape === "areas") {
      const s = o.series[m.seriesIndex];
      return m.name + " " + number(meta, m.n, 0) + "; " + areaWhen(meta, bucketAxis(o).data[m.dataIndex], s.data[m.dataIndex]);
    }
    if (meta.shape === "ages") return spoken(meta, ageTip(meta, { value: m.value }));
    if (ofDots(meta)) return spoken(meta, markTip(meta, { value: m.value }));
    if (meta.shape === "bins") return spoken(meta, binTip(meta, o, m.dataIndex));
    if (meta.shape === "fan") return spoken(meta, fanTip(meta, o, m.dataIndex));
    const shown = o.series.filter((s) => s.name !== BEFORE || c.before);
    const all = shown.map((s) => ({ seriesName: s.name, seriesType: s.type, data: s.data[m.dataIndex], dataIndex: m.dataIndex }));
    if (meta.shape === "bars") return spoken(meta, rowTip(meta, all.map((p) => ({ ...p, name: o.yAxis[0].data[m.dataIndex] }))));
    return spoken(meta, bucketTip(meta, all.map((p) => ({ ...p, axisValue: bucketAxis(o).data[m.dataIndex] }))));
  }

  // The box of a mark in pixels of the chart.
  function boxOf(c, m) {
    const { meta, option: o } = c.spec;
    const width = c.chart.getWidth(), height = c.chart.getHeight();
    if (ofDots(meta)) {
      const y = c.log ? Math.max(m.value[1], 0.1) : m.value[1];
      const [x, top] = c.chart.convertToPixel({ seriesIndex: m.seriesIndex }, [m.value[0], y]);
      return { x: x - 8, y: top - 8, width: 16, height: 16 };
    }
    if (meta.shape === "bars") {
      const rows = o.yAxis[0].data.length;
      const at = (i) => c.chart.convertToPixel({ yAxisIndex: 0 }, i);
      const step = rows > 1 ? Math.abs(at(1) - at(0)) : 30;
      return { x: 2, y: at(m.dataIndex) - step / 2 + 2, width: width - 4, height: step - 4 };
    }
    const at = (i) => c.chart.convertToPixel({ xAxisIndex: 0 }, i);
    if (meta.shape === "bins" || meta.shape === "fan") {
      const place = (i) => (meta.shape === "bins" ? at(i) : at(marksOf(c)[i].at));
      const step = marksOf(c).length > 1 ? place(1) - place(0) : width - 64;
      const bottom = meta.shape === "bins" ? 44 : 28;
      return { x: place(marksOf(c).indexOf(m)) - step / 2, y: 28, width: step, height: height - 28 - bottom };
    }
    const step = bucketAxis(o).data.length > 1 ? at(1) - at(0) : width - 140;
    const box = { x: at(m.dataIndex) - step / 2, y: 28, width: step, height: height - 28 - 24 };
    if (meta.shape !== "areas") return box;
    const from = Math.max(box.x, at(0)), to = Math.min(box.x + step, at(bucketAxis(o).data.length - 1)); // the first and the last stand at the edges
    const pixel = (v) => c.chart.convertToPixel({ yAxisIndex: 0 }, v);
    const [top, foot] = [pixel(m.low + m.n), pixel(m.low)];
    return { ...(to > from ? { x: from, width: to - from } : box), y: top, height: foot - top };
  }

  // The mark under a point of the chart, if any: a finger is less exact.
  function markAt(c, x, y, touch) {
    const marks = marksOf(c);
    const inside = (b) => x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height;
    if (!ofDots(c.spec.meta)) return marks.find((m) => inside(boxOf(c, m)));
    let best, least = (touch ? 20 : 7) ** 2;
    for (const m of marks) {
      const b = boxOf(c, m);
      const d = (b.x + 8 - x) ** 2 + (b.y + 8 - y) ** 2;
      if (d <= least) [best, least] = [m, d];
    }
    return best;
  }

  // A frame of another site cannot show more of us: a window of its own can.
  function go(href, apart) {
    if (!href) return;
    if (apart || window.parent !== window) window.open(href, "_blank", "noopener");
    else window.location.assign(href);
  }

  const panelOf = (el) => el.closest("[data-panel]");

  function say(el, text) {
    const out = panelOf(el).querySelector("[data-say]");
    if (out) out.textContent = text;
  }

  // Puts the keyboard on a mark: a ring around it, its tooltip, its words.
  function stand(el, c, i) {
    const marks = marksOf(c);
    c.at = Math.max(-1, Math.min(i, marks.length - 1));
    let ring = el.querySelector(".mark-ring");
    if (c.at < 0) {
      if (ring) ring.remove();
      c.chart.dispatchAction({ type: "hideTip" });
      say(el, "");
      return;
    }
    const m = marks[c.at];
    if (!ring) {
      ring = document.createElement("div");
      ring.className = "mark-ring";
      el.append(ring);
    }
    const b = boxOf(c, m);
    Object.assign(ring.style, { left: b.x + "px", top: b.y + "px", width: b.width + "px", height: b.height + "px" });
    c.keys = true;
    c.chart.dispatchAction({ type: "showTip", seriesIndex: m.seriesIndex || 0, dataIndex: m.dataIndex });
    const { meta } = c.spec;
    const place = meta.words["chart.position"].replace("{i}", number(meta, c.at + 1, 0)).replace("{n}", number(meta, marks.length, 0));
    say(el, textOf(c, m) + "; " + place);
  }

  // Up and down on dots: the next higher or lower one.
  function byValue(c, up) {
    const marks = marksOf(c);
    if (c.at < 0) return 0;
    const here = marks[c.at].value;
    const ages = c.spec.meta.shape === "ages";
    let best = -1;
    marks.forEach((m, i) => {
      if (ages && Math.floor(m.value[0]) !== Math.floor(here[0])) return; // within a column
      const apart = (m.value[1] - here[1]) * (up ? 1 : -1);
      if (i === c.at || apart < 0 || apart === 0 && (i < c.at) === up) return;
      const now = best < 0 ? Infinity : Math.abs(marks[best].value[1] - here[1]);
      if (apart < now) best = i;
    });
    return best < 0 ? c.at : best;
  }

  document.addEventListener("keydown", (event) => {
    const el = event.target;
    const c = charts.get(el);
    if (!c || event.altKey) return;
    const last = marksOf(c).length - 1;
    if (last < 0) return;
    const dots = ofDots(c.spec.meta);
    const moves = {
      ArrowRight: () => c.at + 1, ArrowLeft: () => Math.max(c.at - 1, 0), Home: () => 0, End: () => last,
      ArrowDown: () => (dots ? byValue(c, false) : c.at + 1), ArrowUp: () => (dots ? byValue(c, true) : Math.max(c.at - 1, 0)),
      PageDown: () => c.at + Math.ceil(last / 10), PageUp: () => Math.max(c.at - Math.ceil(last / 10), 0), Escape: () => -1,
    };
    if (c.spec.meta.shape === "areas") {
      Object.assign(moves, { ArrowRight: () => nextBand(c, 1, 0), ArrowLeft: () => nextBand(c, -1, 0), ArrowUp: () => nextBand(c, 0, 1), ArrowDown: () => nextBand(c, 0, -1) });
    }
    if (moves[event.key]) {
      if (event.key === "Escape" && c.at < 0) return;
      event.preventDefault();
      stand(el, c, moves[event.key]());
    } else if ((event.key === "Enter" || event.key === " ") && c.at >= 0) {
      event.preventDefault();
      go(hrefOf(c.spec.meta, marksOf(c)[c.at]), event.ctrlKey || event.metaKey);
    }
  });

  document.addEventListener("focusout", (event) => {
    const c = charts.get(event.target);
    if (c && c.at >= 0) stand(event.target, c, -1);
  });

  function pointed(event) {
    const el = event.target.closest && event.target.closest("[data-chart]");
    const c = el && charts.get(el);
    if (!c) return null;
    const r = el.getBoundingClientRect();
    const m = markAt(c, event.clientX - r.left, event.clientY - r.top, event.pointerType === "touch");
    return { el, c, m };
  }

  document.addEventListener("click", (event) => {
    const hit = pointed(event);
    if (hit && hit.m) go(hrefOf(hit.c.spec.meta, hit.m), event.ctrlKey || event.metaKey || event.shiftKey);
  });
  document.addEventListener("auxclick", (event) => {
    const hit = event.button === 1 && pointed(event);
    if (!hit || !hit.m) return;
    event.preventDefault();
    go(hrefOf(hit.c.spec.meta, hit.m), true);
  });
  // The middle button would scroll.
  document.addEventListener("mousedown", (event) => {
    const hit = event.button === 1 && pointed(event);
    if (hit && hit.m) event.preventDefault();
  });
  document.addEventListener("pointermove", (event) => {
    const c = charts.get(event.target.closest("[data-chart]"));
    if (c) c.keys = false; // its tooltips are the pointer's again
    if (event.pointerType !== "mouse" || event.target.closest(".chart.marks, .chart.control, .chart.ages")) return; // dots show it themselves
    const hit = pointed(event);
    if (hit) hit.el.classList.toggle("on-mark", Boolean(hit.m && hrefOf(hit.c.spec.meta, hit.m)));
  });

  const drawAll = (root) => {
    for (const el of root.querySelectorAll("[data-chart]")) draw(el);
  };
  if (!window.htmx) drawAll(document); // the page has its one chart from the start
  document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt));

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

  // On paper a chart is as wide as the sheet, now: there is no time to wait for
  // observers. app.js has set the look of paper by then, or takes it back.
  const refit = () => {
    for (const [el, c] of charts) {
      c.chart.resize();
      c.size = sizeOf(el);
      redraw(el);
    }
  };
  window.addEventListener("beforeprint", refit);
  window.addEventListener("afterprint", refit);

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
    if ("before" in button.dataset) {
      const c = charts.get(el);
      c.before = !c.before;
      button.setAttribute("aria-pressed", String(c.before));
      redraw(el);
    }
    if ("link" in button.dataset) copy(button);
    if ("log" in button.dataset) {
      const c = charts.get(el);
      c.log = !c.log;
      button.setAttribute("aria-pressed", String(c.log));
      redraw(el);
    }
  });

  // --- links to a panel --------------------------------------------------

  async function copy(button) {
    const url = window.location.href.split("#")[0] + button.dataset.link;
    const words = button.textContent;
    if (!(await copied(url))) {
      const field = document.createElement("input");
      Object.assign(field, { value: url, readOnly: true, className: "address" });
      field.setAttribute("aria-label", button.dataset.uncopied);
      button.replaceWith(field);
      field.select();
      return;
    }
    say(button, button.dataset.copied);
    button.textContent = button.dataset.copied;
    window.setTimeout(() => {
      button.textContent = words;
      say(button, "");
    }, 2000);
  }

  // Without https there is no clipboard but the old one.
  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "hidden";
      document.body.append(field);
      const focused = document.activeElement;
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      if (focused) focused.focus();
      return done;
    }
  }

  // The panel that the address names stays in view while those around it come
  // in, until the reader moves.
  let held = window.location.hash.startsWith("#panel-") ? window.location.hash.slice(1) : "";
  const letGo = () => {
    held = "";
  };
  for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) document.addEventListener(name, letGo, { passive: true });
  document.addEventListener("htmx:afterSettle", () => {
    const panel = held && document.getElementById(held);
    if (panel) panel.scrollIntoView({ block: "start" });
  });

  // --- what a panel is asked beside the filter ---------------------------

  // The address of the page and its filter keep what one panel was asked.
  document.addEventListener("submit", (event) => {
    const filter = document.querySelector("form[data-filter]");
    const name = event.target.dataset.ask;
    if (!name || !filter) return;
    const { value } = event.target.elements[name];
    const url = new URL(window.location);
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    window.history.replaceState(window.history.state, "", url);
    let kept = filter.elements[name];
    if (!kept) {
      kept = document.createElement("input");
      Object.assign(kept, { type: "hidden", name });
      filter.append(kept);
    }
    kept.value = value;
    kept.disabled = value === "";
  });

  // --- filters -----------------------------------------------------------

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
    const days = [...dates.querySelectorAll("input")];
    if (days.includes(event.target)) return; // each digit of a year is a change
    if (event.target === range) for (const i of days) i.value = "";
    form.requestSubmit();
  });

  // The days of a period are asked for by Enter, or once the reader has gone
  // on; one of two, or a year of which digits are missing, is no period yet.
  document.addEventListener("focusout", (event) => {
    const dates = event.target.closest("form[data-filter] [data-dates]");
    const to = event.relatedTarget;
    if (!dates || dates.contains(to) || !document.hasFocus() || (to && to.matches("a, button"))) return;
    const form = dates.closest("form");
    const days = [...dates.querySelectorAll("input")];
    if (form.dataset.asked || days.every((i) => i.value === i.defaultValue)) return;
    if (days.every((i) => i.validity.valid) && days.filter((i) => i.value === "").length !== 1) form.requestSubmit();
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-filter]");
    if (form) delete form.dataset.asked;
  });

  // Several values may be ticked before the page is asked for anew: when their
  // menu closes. What it opened with is what the page was made with; the event
  // of opening may come too late to look, or not at all.
  document.addEventListener("toggle", (event) => {
    const group = event.target;
    if (!group.matches("details[data-group]") || group.open) return;
    const form = group.closest("form");
    const changed = [...group.querySelectorAll("input")].some((i) => i.checked !== i.defaultChecked);
    if (changed && !form.dataset.asked) form.requestSubmit();
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
    event.target.dataset.asked = "yes";
    for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
  }, true);
})();
