// The values of a chart, by pointing, by tap and by the arrow keys. The drawing says where each value stands,
// the table under it what it is. Loaded when a chart is first asked; without it the table has it all.
const NEAR = 60; // CSS px: further away nothing is meant
const ASIDE = 0.15; // a column is found by how far along it stands, a row by how far down

// Runs of places: the row and column of the first, where it is, and the steps to those of the rows below.
const fours = (text) => (text || "").split(";").filter(Boolean).flatMap((run) => {
  let [row, column, x, y, ...steps] = run.split(" ").map(Number);
  const found = [[x, y, row, column]];
  for (let at = 0; at < steps.length; at += 2) found.push([x += steps[at], y += steps[at + 1], row += 1, column]);
  return found;
});

// The name that a column's tells by itself.
const nameOf = (slug) => slug.split("-").map((word) => (word === "and" || word === "of" ? word : word.charAt(0).toUpperCase() + word.slice(1))).join(" ");

// The lines of other forces have no column in the table: their values are in the file of the data.
const others = async (root, plot, wide, samples) => {
  if (!root.hasAttribute("data-peers")) return [];
  const [low, high, bottom, top] = root.getAttribute("data-scale").split(" ").map(Number);
  const reply = await fetch(plot.closest("figure").querySelector('.pb-downloads a[href$=".csv"]').href);
  if (!reply.ok) throw new Error(String(reply.status));
  const lines = (await reply.text()).trim().split("\n").map((line) => line.match(/("([^"]|"")*"|[^,]*)(?=,|$)/g));
  const heads = lines.shift();
  const across = new Map(wide.map(([x, , row]) => [row, x]));
  const decimals = Math.max(...samples.map((text) => (/\.(\d+)/.exec(text)?.[1] || "").length));
  const share = samples.some((text) => text.endsWith("%"));
  const pounds = samples.some((text) => text.includes("£"));
  const write = (value) => {
    const size = Math.abs(share ? 100 * value : value).toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    return `${value < 0 ? "−" : ""}${pounds ? "£" : ""}${size}${share ? "%" : ""}`;
  };
  return root.getAttribute("data-peers").split(";").map((pair) => pair.split("=")).flatMap(([slug, name = nameOf(slug)]) => {
    const column = heads.indexOf(slug);
    return lines.flatMap((cells, row) => {
      const value = Number(cells[column]);
      if (column < 0 || !cells[column] || value > high || !across.has(row)) return [];
      return [{ place: [across.get(row), bottom + ((value - low) / (high - low)) * (top - bottom)], row, name, value: write(value) }];
    });
  });
};

const places = async (plot) => {
  const reply = await fetch(plot.querySelector("source").srcset);
  if (!reply.ok) throw new Error(String(reply.status));
  const root = new DOMParser().parseFromString(await reply.text(), "image/svg+xml").documentElement;
  const [, , width, height] = root.getAttribute("viewBox").split(" ").map(Number);
  const shift = /translate\(([\d.]+) ([\d.]+)\)/.exec(root.querySelector("#chart")?.getAttribute("transform") || "");
  const image = plot.querySelector("img");
  const [right, down] = shift ? [Number(shift[1]), Number(shift[2])] : [0, 0];
  const part = (spots, x, y, w, h) => spots.map(([a, b, row, column]) => ({ x: (a + x) / w, y: (b + y) / h, row, column }));
  const rows = [...plot.closest("figure").querySelectorAll("tbody tr")];
  const places = fours(root.getAttribute("data-wide"));
  const samples = places.map(([, , row, column]) => rows[row].cells[column].textContent.trim());
  const peers = (await others(root, plot, places, samples)).map(({ place: [x, y], ...rest }) => ({
    x: (x + right) / width, y: (y + down) / height, column: rest.name, ...rest,
  }));
  // The small picture has two dots a point, and its size on the page is given in half dots.
  return {
    by: root.getAttribute("data-by"),
    wide: [...part(places, right, down, width, height), ...peers],
    compact: part(fours(root.getAttribute("data-compact")), 0, 0, ...["width", "height"].map((side) => Number(image.getAttribute(side)))),
  };
};

const node = (name, className, text = "") => Object.assign(document.createElement(name), { className, textContent: text });

export const wake = async (plot, event) => {
  const { by, wide, compact } = await places(plot);
  const image = plot.querySelector("img");
  const table = plot.closest("figure").querySelector("table");
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows];
  const several = new Set(wide.map((spot) => spot.column)).size > 1;
  const broad = matchMedia("(min-width: 600px)");
  const spots = () => (broad.matches ? wide : compact);
  const words = (spot) => {
    const cells = [...rows[spot.row].cells].map((cell) => cell.textContent.trim());
    if (spot.name) return { name: `${cells[0]}, ${spot.name}`, value: spot.value };
    const names = cells.filter((_, at) => at < spot.column && !table.classList.contains(`pb-n${at + 1}`));
    return { name: [...names, ...(several ? [heads[spot.column]] : [])].join(", "), value: cells[spot.column] };
  };

  const layer = node("div", "pb-values");
  layer.setAttribute("aria-hidden", "true");
  const said = node("span", "pb-vh");
  said.setAttribute("role", "status");
  plot.append(layer, said);

  let at = -1; // which value is shown, in the order of the layout on screen
  const marked = new Set(); // "row column" of the values that stay
  const key = (spot) => `${spot.row} ${spot.column}`;
  const line = (name) => {
    const space = "http://www.w3.org/2000/svg";
    const [drawing, path] = ["svg", "path"].map((kind) => document.createElementNS(space, kind));
    drawing.setAttribute("viewBox", "0 0 1000 1000");
    drawing.setAttribute("preserveAspectRatio", "none");
    const own = spots().filter((spot) => spot.name === name);
    // A year without a value breaks the line, as in the drawing.
    path.setAttribute("d", own.map((spot, at) => `${own[at - 1]?.row === spot.row - 1 ? "L" : "M"}${1000 * spot.x} ${1000 * spot.y}`).join(""));
    drawing.append(path);
    layer.prepend(drawing);
  };
  const put = (spot, stays) => {
    if (spot.name) line(spot.name);
    const ring = node("span", "pb-ring");
    const tip = node("span", stays ? "pb-tip pb-tip-stays" : "pb-tip");
    const { name, value } = words(spot);
    tip.append(node("b", "", value), node("span", "", name));
    layer.append(ring, tip);
    const [x, y] = [spot.x * layer.clientWidth, spot.y * layer.clientHeight];
    ring.style.left = `${x}px`;
    ring.style.top = `${y}px`;
    tip.style.left = `${Math.max(0, Math.min(x - tip.offsetWidth / 2, layer.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = `${y - tip.offsetHeight - 12 < -8 ? y + 12 : y - tip.offsetHeight - 12}px`;
  };
  const draw = () => {
    Object.assign(layer.style, {
      left: `${image.offsetLeft}px`, top: `${image.offsetTop}px`, width: `${image.offsetWidth}px`, height: `${image.offsetHeight}px`,
    });
    layer.replaceChildren();
    for (const spot of spots()) if (marked.has(key(spot))) put(spot, true);
    const shown = spots()[at];
    if (shown && !marked.has(key(shown))) put(shown, false);
    rows.forEach((row, number) => row.classList.toggle("pb-marked", [...marked].some((of) => of.startsWith(`${number} `))));
  };
  const show = (number, aloud = false) => {
    if (number !== at) { at = number; draw(); }
    if (!aloud) return;
    const spot = spots()[at];
    const { name, value } = spot ? words(spot) : {};
    said.textContent = spot ? `${name}: ${value}${marked.has(key(spot)) ? ", marked" : ""}` : "";
  };
  const mark = () => {
    const spot = spots()[at];
    if (!spot) return;
    if (!marked.delete(key(spot))) marked.add(key(spot));
    draw();
  };
  const nearest = (pointer) => {
    const box = image.getBoundingClientRect();
    let [best, least] = [-1, NEAR];
    spots().forEach((spot, number) => {
      const across = (pointer.clientX - box.left - spot.x * box.width) * (by === "y" ? ASIDE : 1);
      const down = (pointer.clientY - box.top - spot.y * box.height) * (by === "x" ? ASIDE : 1);
      const far = Math.hypot(across, down);
      if (far < least) [best, least] = [number, far];
    });
    return best;
  };

  // One after the other, in the order of the table: along the row that is shown, or down its column.
  const step = (column, ways) => {
    const all = spots().map((spot, number) => ({ ...spot, number }));
    if (at < 0 && Math.abs(ways) === 1) return 0;
    const now = all[Math.max(at, 0)];
    const line = all.filter((spot) => (column ? spot.row === now.row : spot.column === now.column))
      .sort((one, other) => (column ? one.y - other.y : one.row - other.row));
    const next = line.findIndex((spot) => spot.number === now.number) + ways;
    return line[Math.max(0, Math.min(next, line.length - 1))].number;
  };
  const press = (pressed) => {
    const all = spots();
    const moves = {
      ArrowRight: () => show(step(false, 1), true),
      ArrowLeft: () => show(step(false, -1), true),
      ArrowDown: () => show(step(several, 1), true),
      ArrowUp: () => show(step(several, -1), true),
      Home: () => show(step(false, -all.length), true),
      End: () => show(step(false, all.length), true),
      Enter: () => { mark(); show(at, true); },
      " ": () => { mark(); show(at, true); },
      Escape: () => { marked.clear(); at = -1; draw(); said.textContent = ""; },
    };
    const move = !pressed.ctrlKey && !pressed.metaKey && !pressed.altKey && moves[pressed.key];
    if (!move) return;
    pressed.preventDefault();
    move();
  };

  plot.addEventListener("keydown", press);
  plot.addEventListener("blur", () => show(-1));
  plot.addEventListener("pointermove", (pointer) => { if (pointer.pointerType === "mouse") show(nearest(pointer)); });
  plot.addEventListener("pointerleave", (pointer) => { if (pointer.pointerType === "mouse") show(-1); });
  // A value that is shown is marked by a click on it; a tap shows it first.
  const click = (pointer) => {
    const number = nearest(pointer);
    if (number === at) mark();
    else show(number);
  };
  plot.addEventListener("click", click);
  new ResizeObserver(draw).observe(image);
  if (event.type === "click") click(event);
  else if (event.type === "pointerenter") show(nearest(event));
  else if (event.type === "keydown") press(event);
};
