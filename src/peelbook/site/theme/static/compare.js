// The page to compare forces: reads the measures' JSON files, draws what the address asks for, and puts every choice
// back into the address, so that a link is the chart.
(() => {
"use strict";
const box = document.querySelector(".pb-compare");
if (!box) return;
const root = box.dataset.root;
const embedded = box.dataset.embed === "yes";
const MOST = 5;
const find = (name) => box.querySelector(`[data-part="${name}"]`);
const form = box.querySelector("form");
const COLOURS = ["#12436D", "#F46A25", "#801650", "#28A197", "#A285D1"];
const DASHES = [null, "7 3", "2 3", "9 3 2 3", "4 4"];
const make = (tag, values = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), values);
  node.append(...children);
  return node;
};
const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/['’]/g, "").replace(/&/g, "and").replace(/[^a-z0-9]+/g, " ").trim();

const files = new Map();
const load = (name) => {
  if (!files.has(name)) {
    files.set(name, fetch(`${root}measures/${name}.json`).then((reply) => {
      if (!reply.ok) throw new Error(String(reply.status));
      return reply.json();
    }));
  }
  return files.get(name);
};

const state = { measure: "", part: "", forces: [], year: "" };
let contents;
let data;
let at = { force: 0, period: 0 };

const forceOf = (code) => contents.forces.find((force) => force.code === code);
const part = () => data.parts.find((item) => item.name === state.part) || data.parts[0];
const row = (code) => part().values[data.forces.indexOf(code)] || [];
const year = () => { const place = part().periods.indexOf(state.year); return place < 0 ? newest() : place; };
const newest = () => { const place = part().periods.indexOf(data.newest); return place < 0 ? part().periods.length - 1 : place; };

const writers = new Map(); // decimals → a format: to make one takes longer than a hundred numbers do
const number = (value, decimals) => {
  if (!writers.has(decimals)) writers.set(decimals, new Intl.NumberFormat("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
  const text = writers.get(decimals).format(Math.abs(value));
  return value < 0 ? `−${text}` : text;
};
const write = (value, decimals = data.decimals) => {
  if (value === null || value === undefined) return "no figure";
  if (data.kind === "change") return `${value > 0 ? "+" : ""}${number(value * 100, decimals)}%`;
  if (data.unit === "%") return `${number(value * 100, decimals)}%`;
  if (data.unit.startsWith("£")) return value < 0 ? `−£${number(-value, decimals)}` : `£${number(value, decimals)}`;
  return number(value, decimals);
};
const title = () => (part().name ? `${data.label}: ${part().label}` : data.label);
const titled = (place) => { const name = part().names[place]; return name[0].toUpperCase() + name.slice(1); };

// --- the address ------------------------------------------------------------------------------------

const query = () => {
  const found = new URLSearchParams();
  found.set("measure", state.measure);
  if (state.part) found.set("part", state.part);
  found.set("forces", state.forces.map((code) => forceOf(code).slug).join(","));
  if (state.year) found.set("year", state.year);
  return found;
};
const address = (page = "compare.html") => new URL(`${root}${page}?${query()}`, document.baseURI).href;

// --- drawing ----------------------------------------------------------------------------------------

const FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif";
const measured = (() => {
  const pen = document.createElement("canvas").getContext("2d");
  return (text, size, bold) => { pen.font = `${bold ? "700 " : ""}${size}px Arial, Helvetica, sans-serif`; return pen.measureText(text).width; };
})();
const wrapped = (text, width, size, bold) => {
  const lines = [""];
  for (const word of text.split(" ")) {
    const trial = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (measured(trial, size, bold) > width && lines.at(-1)) lines.push(word);
    else lines[lines.length - 1] = trial;
  }
  return lines;
};

// The frame that both charts share: title and period above, source, edition and address below.
const frame = (width, height, heading, sub) => {
  const svg = d3.select(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  const edge = 12;
  let y = edge;
  const words = (text, size, bold, colour) => {
    for (const line of wrapped(text, width - 2 * edge, size, bold)) {
      y += size * 1.3;
      svg.append("text").attr("x", edge).attr("y", y).attr("font-size", size).attr("fill", colour).attr("font-weight", bold ? 700 : null).text(line);
    }
  };
  words(heading, 16, true, "#1A1A1A");
  words(sub, 12, false, "#505A5F");
  const top = y + 10;
  y = top + height;
  const sources = [...new Set(data.sources.map((item) => item.publisher).filter(Boolean))].join("; ");
  const licences = [...new Set(data.sources.map((item) => item.licence).filter(Boolean))].join("; ");
  words(`Source: ${sources}. ${licences}.`, 10, false, "#505A5F");
  words(`${box.dataset.site}, edition ${contents.edition}. ${address().split("?")[0]}`, 10, false, "#505A5F");
  y += edge;
  svg.attr("xmlns", "http://www.w3.org/2000/svg").attr("width", width).attr("height", y).attr("viewBox", `0 0 ${width} ${y}`).attr("font-family", FONT);
  svg.insert("rect", ":first-child").attr("width", width).attr("height", y).attr("fill", "#fff");
  svg.insert("title", ":first-child").text(`${heading}. ${sub}`);
  return { svg, plot: svg.append("g").attr("transform", `translate(0 ${top})`), top };
};

const style = (group) => {
  group.selectAll("text").attr("font-size", 12).attr("font-family", FONT).attr("fill", "#1A1A1A");
  group.selectAll(".domain").remove();
  group.selectAll(".tick line").attr("stroke", "#D0D0D0");
};

const average = () => {
  const { pooled, mean } = part();
  return pooled.some((value) => value !== null) ? { name: "England and Wales", values: pooled } : { name: "Mean of forces", values: mean };
};

const trend = (width) => {
  const { periods, values } = part();
  const height = width < 500 ? 280 : 340;
  const shown = state.forces.map((code, place) => ({ code, name: forceOf(code).short, values: row(code), colour: COLOURS[place], dash: DASHES[place] }));
  const lines = [...shown, { ...average(), colour: "#505A5F", dash: "1 3", thin: true }];
  const { svg, plot, top } = frame(width, height, title(), `${titled(0)} to ${part().names.at(-1)}`);
  // A published chart says its newest values itself, where there is room.
  for (const item of lines) {
    const last = item.values.findLastIndex((value) => value !== null);
    item.said = last >= 0 && width >= 500 ? `${item.name} ${write(item.values[last])}` : item.name;
  }
  const gap = Math.max(...lines.map((item) => measured(item.said, 12, true))) + 14;
  const left = 58, right = Math.min(gap, width * 0.34), bottom = 26;
  const days = periods.map((day) => new Date(day));
  const x = d3.scaleUtc(days.length > 1 ? [days[0], days.at(-1)] : [new Date(days[0] - 1e9), new Date(+days[0] + 1e9)], [left, width - right]);
  const all = lines.flatMap((item) => item.values).filter((value) => value !== null);
  const low = Math.min(0, d3.min(all) ?? 0), high = d3.max(all) ?? 1;
  const y = d3.scaleLinear([low, high > low ? high : low + 1], [height - bottom, 6]).nice(5);
  const ticks = y.ticks(5);
  const decimals = Math.max(0, ...ticks.map((tick) => { const text = String(+(tick * (data.unit === "%" ? 100 : 1)).toPrecision(12)); return text.includes(".") ? text.split(".")[1].length : 0; }));
  style(plot.append("g").attr("transform", `translate(${left} 0)`).call(d3.axisLeft(y).tickValues(ticks).tickSize(-(width - left - right)).tickPadding(6).tickFormat((tick) => write(tick, decimals))));
  const step = Math.ceil(periods.length / Math.max(2, Math.floor((width - left - right) / 52)));
  const marked = days.filter((day, place) => (periods.length - 1 - place) % step === 0);
  style(plot.append("g").attr("transform", `translate(0 ${height - bottom})`).call(d3.axisBottom(x).tickValues(marked).tickSize(4).tickFormat((day) => day.getUTCFullYear())));
  const path = d3.line().defined((value) => value !== null).x((_, place) => x(days[place])).y((value) => y(value));
  const ends = [];
  for (const item of lines) {
    plot.append("path").attr("d", path(item.values)).attr("fill", "none").attr("stroke", item.colour).attr("stroke-width", item.thin ? 1.5 : 2.5).attr("stroke-dasharray", item.dash);
    item.values.forEach((value, place) => {
      const alone = value !== null && (item.values[place - 1] ?? null) === null && (item.values[place + 1] ?? null) === null;
      if (alone) plot.append("circle").attr("cx", x(days[place])).attr("cy", y(value)).attr("r", 3).attr("fill", item.colour);
    });
    const last = item.values.findLastIndex((value) => value !== null);
    if (last >= 0) ends.push({ ...item, x: x(days[last]), y: y(item.values[last]) });
  }
  ends.sort((one, other) => one.y - other.y);
  ends.forEach((end, place) => { end.label = Math.max(end.y, place ? ends[place - 1].label + 14 : 8); });
  const over = (ends.at(-1)?.label ?? 0) - (height - bottom);
  if (over > 0) for (let place = ends.length - 1, most = height - bottom; place >= 0; place -= 1, most -= 14) ends[place].label = Math.min(ends[place].label, most);
  for (const end of ends) {
    if (Math.abs(end.label - end.y) > 3) plot.append("path").attr("d", `M${end.x + 2} ${end.y}L${width - right + 6} ${end.label}`).attr("stroke", end.colour).attr("stroke-width", 0.75).attr("fill", "none");
    plot.append("text").attr("x", width - right + 8).attr("y", end.label + 4).attr("font-size", 12).attr("font-weight", end.thin ? 400 : 700).attr("fill", end.thin ? "#505A5F" : "#1A1A1A").text(end.said);
  }
  const mark = plot.append("circle").attr("r", 5.5).attr("fill", "none").attr("stroke", "#1A1A1A").attr("stroke-width", 2).attr("visibility", "hidden");
  return {
    svg,
    show(force, place) {
      const value = shown[force]?.values[place];
      mark.attr("visibility", value === null || value === undefined ? "hidden" : "visible");
      if (value !== null && value !== undefined) mark.attr("cx", x(days[place])).attr("cy", y(value));
    },
    near(px, py) {
      let best = null;
      shown.forEach((item, force) => item.values.forEach((value, place) => {
        if (value === null) return;
        const far = Math.hypot(x(days[place]) - px, y(value) + top - py);
        if (!best || far < best.far) best = { force, place, far };
      }));
      return best;
    },
    say: (force, place) => `${forceOf(state.forces[force]).short}, ${part().names[place]}: ${write(shown[force].values[place])}`,
  };
};

const ranking = (width) => {
  const place = year();
  const ordered = data.forces.map((code) => ({ code, name: forceOf(code)?.short ?? code, value: row(code)[place] ?? null }))
    .filter((item) => item.value !== null).sort((one, other) => other.value - one.value || one.name.localeCompare(other.name));
  const line = 15;
  const height = Math.max(ordered.length, 1) * line + 24;
  const { svg, plot, top } = frame(width, height, title(), titled(place));
  const left = Math.max(60, ...ordered.map((item) => measured(item.name, 12, true))) + 22;
  const room = Math.max(50, ...ordered.map((item) => measured(write(item.value), 12, true))) + 12;
  // One or two forces far above all others would leave no room to tell the rest apart: their bars are cut, and marked.
  const values = ordered.map((item) => item.value);
  let high = values[0] ?? 1;
  for (const cut of [2, 1]) if (values.length >= cut + 4 && values[cut] > 0 && values[cut - 1] >= 2.5 * values[cut]) { high = 1.25 * values[cut]; break; }
  const x = d3.scaleLinear([Math.min(0, values.at(-1) ?? 0), Math.max(high, 0) || 1], [left, width - room]);
  const mid = average();
  const ends = ordered.map((item) => x(Math.min(item.value, high)));
  ordered.forEach((item, index) => {
    const own = state.forces.indexOf(item.code);
    const y = index * line;
    plot.append("rect").attr("x", Math.min(x(0), ends[index])).attr("y", y + 2).attr("width", Math.max(1, Math.abs(ends[index] - x(0)))).attr("height", line - 4).attr("fill", own < 0 ? "#BFBFBF" : COLOURS[own]);
    if (item.value > high) plot.append("path").attr("d", `M${ends[index] - 9} ${y + line - 1}l4 ${-line + 2}m4 0l-4 ${line - 2}`).attr("stroke", "#fff").attr("stroke-width", 2);
  });
  const middle = mid.values[place];
  if (middle !== null && middle !== undefined && middle <= high) {
    plot.append("path").attr("d", `M${x(middle)} 0V${ordered.length * line + 6}`).attr("stroke", "#1A1A1A").attr("stroke-dasharray", "4 3");
    const text = `${mid.name} ${write(middle)}`;
    plot.append("text").attr("x", Math.min(Math.max(x(middle), measured(text, 12) / 2 + 4), width - measured(text, 12) / 2 - 4)).attr("y", ordered.length * line + 20).attr("text-anchor", "middle").attr("font-size", 12).attr("fill", "#1A1A1A").text(text);
  }
  ordered.forEach((item, index) => {
    const y = index * line + 12;
    const bold = state.forces.includes(item.code) ? 700 : null;
    plot.append("text").attr("x", left - 22).attr("y", y).attr("text-anchor", "end").attr("font-size", 12).attr("font-weight", bold).attr("fill", "#1A1A1A").text(item.name);
    plot.append("text").attr("x", left - 3).attr("y", y).attr("text-anchor", "end").attr("font-size", 10).attr("fill", "#505A5F").text(1 + values.findIndex((value) => value === item.value));
    // A value that the line of the average would cross stands behind it: a dash before it would read as a minus.
    const start = Math.max(ends[index], x(0)) + 5;
    const crossed = middle !== null && middle !== undefined && middle <= high && x(middle) > start - 6 && x(middle) < start + measured(write(item.value), 12, bold) + 4;
    plot.append("text").attr("x", crossed ? x(middle) + 6 : start).attr("y", y).attr("font-size", 12).attr("font-weight", bold).attr("fill", "#1A1A1A").attr("stroke", "#fff").attr("stroke-width", 6).attr("stroke-linejoin", "round").attr("paint-order", "stroke").text(write(item.value));
  });
  const mark = plot.append("rect").attr("fill", "none").attr("stroke", "#1A1A1A").attr("stroke-width", 1.5).attr("x", 2).attr("width", width - 4).attr("height", line).attr("visibility", "hidden");
  return {
    svg,
    count: ordered.length,
    show(index) { mark.attr("visibility", ordered[index] ? "visible" : "hidden").attr("y", index * line); },
    near(_, py) { const index = Math.floor((py - top) / line); return ordered[index] ? { index } : null; },
    say(index) {
      const item = ordered[index];
      const rank = 1 + values.findIndex((value) => value === item.value);
      return `${item.name}, ${part().names[place]}: ${write(item.value)}, place ${rank} of ${ordered.length} from the highest`;
    },
  };
};

// --- what the reader sees and does -------------------------------------------------------------------

const say = (name, text) => { find(name).textContent = text; };
let charts = {};
const widthOf = (node) => Math.max(300, Math.min(720, Math.floor(node.clientWidth)));

const place = (name, chart) => {
  const holder = find(name);
  chart.svg.attr("aria-hidden", "true");
  holder.replaceChildren(chart.svg.node());
  charts[name] = chart;
};

const table = () => {
  const { periods, names } = part();
  const mid = average();
  const head = make("tr", {}, make("th", { scope: "col", textContent: "Period" }), ...state.forces.map((code) => make("th", { scope: "col", textContent: forceOf(code).short, className: "pb-number" })), make("th", { scope: "col", textContent: mid.name, className: "pb-number" }));
  const cell = (value) => make("td", { className: "pb-number", textContent: write(value) });
  const body = periods.map((_, index) => make("tr", {}, make("th", { scope: "row", textContent: names[index] }), ...state.forces.map((code) => cell(row(code)[index])), cell(mid.values[index])));
  find("table").replaceChildren(make("caption", { textContent: data.unit && !title().includes(data.unit.replace("£", "").trim()) ? `${title()}, ${data.unit === "%" ? "per cent" : data.unit}` : title() }), make("thead", {}, head), make("tbody", {}, ...body.reverse()));
};

const notes = () => {
  const { gaps, names, reasons } = part();
  const lines = [];
  for (const code of state.forces) {
    const own = gaps.filter(([force]) => data.forces[force] === code);
    const byReason = new Map();
    for (const [, period, reason] of own) byReason.set(reason, [...(byReason.get(reason) || []), names[period]]);
    for (const [reason, when] of byReason) lines.push(`${forceOf(code).short} has no figure for ${when.length > 3 ? `${when.length} periods` : when.join("; ")}. ${reasons[reason]}`);
  }
  for (const code of state.forces) if (data.excluded.includes(code)) lines.push(`${forceOf(code).short} is left out of the averages.`);
  lines.push(...data.over_time, ...data.cautions);
  find("notes").replaceChildren(...[...new Set(lines)].map((text) => make("li", { textContent: text })));
};

const share = () => {
  if (embedded) return;
  const link = address();
  find("link").textContent = link;
  find("embed").textContent = `<iframe src="${address("embed.html").replaceAll("&", "&amp;")}" width="100%" height="1400" style="border:0" title="${title().replaceAll('"', "&quot;")}"></iframe>`;
  const names = state.forces.map((code) => forceOf(code).short).join(", ");
  find("citation").textContent = `“${title()}: ${names}”. ${box.dataset.site}. Edition ${contents.edition}. Data: ${[...new Set(data.sources.map((item) => item.publisher))].join("; ")}. ${link}`;
  find("about").href = `${root}measures/${state.measure}.html`;
  find("about").textContent = `About this measure: ${data.label}`;
};

const draw = () => {
  if (!data || !state.forces.length) return;
  // What is hidden has no width, and each width that is asked for after a change lays the page out again.
  find("trend").hidden = find("trend-value").hidden = part().periods.length < 2;
  const [wide, tall] = [widthOf(find("trend")), widthOf(find("ranking"))];
  place("trend", trend(wide));
  place("ranking", ranking(tall));
  table();
  notes();
  share();
};

const fill = () => {
  if (embedded) return;
  const { measure, part: parts, year: years } = form.elements;
  measure.value = state.measure;
  parts.replaceChildren(...data.parts.map((item) => make("option", { value: item.name, textContent: item.label })));
  parts.value = part().name;
  parts.disabled = data.parts.length < 2;
  years.replaceChildren(...part().periods.map((day, index) => make("option", { value: day, textContent: part().names[index] })).reverse());
  years.value = part().periods[year()];
  find("chosen").replaceChildren(...state.forces.map((code, index) => {
    const button = make("button", { type: "button", className: `pb-chip pb-chip-${index}`, textContent: forceOf(code).short });
    button.append(make("span", { className: "pb-vh", textContent: ": remove" }), make("span", { textContent: " ×", ariaHidden: "true" }));
    button.addEventListener("click", () => {
      if (state.forces.length < 2) { say("said", "One force has to stay."); return; }
      state.forces.splice(index, 1);
      say("said", `${forceOf(code).short} removed.`);
      update();
      (find("chosen").querySelectorAll("button")[Math.min(index, state.forces.length - 1)] || form.elements.force).focus();
    });
    return make("li", {}, button);
  }));
};

const update = () => {
  history.replaceState(null, "", `?${query()}`);
  at = { force: 0, period: year() };
  fill();
  draw();
};

const choose = async (measure) => {
  data = await load(measure);
  state.measure = measure;
  if (!data.parts.some((item) => item.name === state.part)) state.part = "";
  if (!part().periods.includes(state.year)) state.year = "";
};

const add = (codes) => {
  const fresh = codes.filter((code) => !state.forces.includes(code));
  const taken = fresh.slice(0, MOST - state.forces.length);
  state.forces.push(...taken);
  if (taken.length < fresh.length) say("said", `At most ${MOST} forces fit: remove one first.`);
  else if (taken.length) say("said", `${taken.map((code) => forceOf(code).short).join(", ")} added.`);
  update();
};

const named = (text) => {
  const wanted = fold(text);
  if (!wanted) return null;
  const names = (force) => [force.name, force.short, force.slug, ...force.also].map(fold);
  return contents.forces.find((force) => names(force).includes(wanted)) || contents.forces.find((force) => names(force).some((name) => name.startsWith(wanted)));
};

// Hover, tap and arrow keys: one line under each chart says the value, and a screen reader reads it out.
const live = () => {
  const pointed = (name, on) => {
    const holder = find(name);
    for (const kind of ["pointermove", "pointerdown"]) {
      holder.addEventListener(kind, (event) => {
        const svg = holder.querySelector("svg");
        const frame = svg.getBoundingClientRect();
        const scale = svg.viewBox.baseVal.width / frame.width;
        const found = charts[name].near((event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale);
        if (found) on(found);
      });
    }
  };
  const showTrend = () => { charts.trend.show(at.force, at.period); say("trend-value", charts.trend.say(at.force, at.period)); };
  const showRank = () => { charts.ranking.show(at.rank); say("ranking-value", charts.ranking.say(at.rank)); };
  pointed("trend", ({ force, place: period }) => { at.force = force; at.period = period; showTrend(); });
  pointed("ranking", ({ index }) => { at.rank = index; showRank(); });
  find("trend").addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!moves) return;
    event.preventDefault();
    at.force = (at.force + moves[0] + state.forces.length) % state.forces.length;
    at.period = Math.min(Math.max(at.period + moves[1], 0), part().periods.length - 1);
    showTrend();
  });
  find("ranking").addEventListener("keydown", (event) => {
    const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    at.rank = at.rank === undefined ? 0 : Math.min(Math.max(at.rank + move, 0), charts.ranking.count - 1);
    showRank();
  });
};

// --- files -------------------------------------------------------------------------------------------

const save = (name, blob) => {
  const link = make("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};
const stem = () => `${state.measure}-${state.forces.map((code) => forceOf(code).slug).join("-")}`;
const safe = (text) => { const cell = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text; return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell; };
const csv = () => {
  const mid = average();
  const lines = [["period_end", ...state.forces.map((code) => forceOf(code).name), mid.name, "unit", "source", "address"]];
  part().periods.forEach((day, index) => lines.push([day, ...state.forces.map((code) => row(code)[index] ?? ""), mid.values[index] ?? "",
    index ? "" : (data.unit === "%" ? "share, 0 to 1" : data.unit), index ? "" : data.sources.map((item) => `${item.publisher}, ${item.title}`).join("; "), index ? "" : address()]));
  return `${lines.map((cells) => cells.map((cell) => (typeof cell === "number" ? String(cell) : safe(cell))).join(",")).join("\n")}\n`;
};
const drawing = (name) => new XMLSerializer().serializeToString((name === "ranking" ? ranking(720) : trend(720)).svg.node());
const png = async (text) => {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = make("canvas", { width: 1600, height: Math.round((1600 * image.naturalHeight) / image.naturalWidth) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
};
const take = async (kind, name) => {
  if (kind === "csv") save(`${stem()}.csv`, new Blob([csv()], { type: "text/csv" }));
  else if (kind === "svg") save(`${stem()}-${name}.svg`, new Blob([drawing(name)], { type: "image/svg+xml" }));
  else save(`${stem()}-${name}.png`, await png(drawing(name)));
};

// --- start -------------------------------------------------------------------------------------------

const wire = () => {
  form.elements.measure.addEventListener("change", async (event) => { await choose(event.target.value); say("said", title()); update(); });
  form.elements.part.addEventListener("change", (event) => { state.part = event.target.value; if (!part().periods.includes(state.year)) state.year = ""; say("said", title()); update(); });
  form.elements.year.addEventListener("change", (event) => { state.year = event.target.value; say("said", part().names[year()]); update(); });
  form.elements.preset.addEventListener("change", (event) => {
    const first = forceOf(state.forces[0]);
    const kind = event.target.value;
    event.target.value = "";
    const codes = kind === "region" ? contents.forces.filter((force) => force.region === first.region).map((force) => force.code) : first[kind] || [];
    const others = codes.filter((code) => code !== first.code);
    if (!others.length) { say("said", `${first.short} has none.`); return; }
    state.forces = state.forces.slice(0, 1);
    add(others);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const force = named(form.elements.force.value);
    if (!force) { say("said", "No force of this name."); return; }
    if (state.forces.includes(force.code)) say("said", `${force.short} is there already.`);
    else add([force.code]);
    form.elements.force.value = "";
  });
  for (const button of box.querySelectorAll("[data-take]")) button.addEventListener("click", () => take(...button.dataset.take.split(" ")));
  for (const button of box.querySelectorAll("[data-copy]")) {
    const words = button.textContent;
    button.addEventListener("click", async () => {
      try { await navigator.clipboard.writeText(find(button.dataset.copy).textContent); say("said", "Copied."); button.textContent = "Copied"; }
      catch { say("said", "Not copied: select the text instead."); }
      setTimeout(() => { button.textContent = words; }, 2000);
    });
  }
};

// The force whose pages were open last in this tab: who comes from them asks about it.
const lastForce = () => { try { return sessionStorage.getItem("peelbook-force") || ""; } catch { return ""; } };
const start = async () => {
  contents = await load("index");
  const asked = new URLSearchParams(location.search);
  const known = new Set(contents.measures.map((item) => item.id));
  const measure = known.has(asked.get("measure")) ? asked.get("measure") : contents.measures.find((item) => item.id === "stop_search_rate")?.id || contents.measures[0].id;
  state.part = asked.get("part") || "";
  state.year = asked.get("year") || "";
  state.forces = [...new Set((asked.get("forces") || "").split(",").map((name) => named(name)?.code).filter(Boolean))].slice(0, MOST);
  if (!state.forces.length) state.forces = [(named(lastForce()) || named(box.dataset.force) || contents.forces[0]).code];
  await choose(measure);
  if (!embedded) {
    const groups = new Map();
    for (const item of contents.measures) groups.set(item.subject, [...(groups.get(item.subject) || []), item]);
    form.elements.measure.replaceChildren(...[...groups].map(([label, items]) => { const group = make("optgroup", { label }); group.append(...items.map((item) => make("option", { value: item.id, textContent: item.label }))); return group; }));
    find("names").replaceChildren(...contents.forces.map((force) => make("option", { value: force.name })));
    for (const option of form.elements.preset.options) {
      const kind = option.value;
      if (kind && kind !== "region" && !contents.forces.some((force) => force[kind]?.length)) option.hidden = option.disabled = true;
    }
    wire();
  }
  box.querySelector("[data-part=work]").hidden = false;
  find("wait").hidden = true;
  live();
  if (embedded) draw(); else update();
  addEventListener("resize", () => { if (charts.ranking && +charts.ranking.svg.attr("width") !== widthOf(find("ranking"))) draw(); });
};
start().catch((error) => {
  find("wait").textContent = location.protocol === "file:"
    ? "Comparing works only where the site is served: run “peelbook serve”. The pages of the measures work here too."
    : `Comparing is not available (${error.message}). The pages of the measures still work.`;
});
})();
