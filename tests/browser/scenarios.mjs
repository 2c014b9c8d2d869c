// Walks the built site in a real Chromium and prints what it found as JSON, one object by scenario.
//
//   node scenarios.mjs <address of the site> <folder for screenshots, or "" for none> <folder of the site> [scenario …]
//
// It finds and measures; the Python tests beside it decide what is right.

import { createRequire } from "node:module";
import { readFileSync, mkdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import path from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const COLOURS = ["color-contrast", "link-in-text-block"];

const [BASE, SHOTS, SITE, ...WANTED] = process.argv.slice(2);
if (SHOTS) mkdirSync(SHOTS, { recursive: true });

const PAGES = {
  home: "index.html",
  forces: "forces/index.html",
  force: "forces/kent/index.html",
  section: "forces/kent/police_powers.html",
  report: "forces/metropolitan/police_powers.html",
  failed: "forces/kent/leadership_and_force_management.html",
  prose: "book/how_to_read.html",
  ledger: "ledger/peel-2023-25-metropolitan.html",
  ledgers: "book/reproduction_report.html",
  coverage: "book/coverage.html",
  measures: "book/measures.html",
  measure: "measures/stop_search_rate.html",
  compare: "compare.html?measure=stop_search_rate&forces=kent,metropolitan",
  embed: "embed.html?measure=stop_search_rate&forces=kent,metropolitan",
  sources: "book/data_sources.html",
  search: "search.html?q=stop+and+search&force=Kent+Police",
  missing: "no/such/page.html",
};
// Too long to photograph whole.
const LONG = new Set(["coverage", "measures", "ledger", "sources"]);
const SECTION = BASE + PAGES.section;

const browser = await chromium.launch({
  executablePath: process.env.PEELBOOK_CHROMIUM || "/usr/bin/chromium",
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});

// A page whose every request and complaint is written down.
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  const log = { requests: [], errors: [] };
  page.on("request", (request) => log.requests.push(request.url()));
  page.on("console", (message) => { if (message.type() === "error") log.errors.push(message.text()); });
  page.on("pageerror", (error) => log.errors.push(String(error)));
  return { context, page, log };
}

// One visit to a section page by somebody who was never there, to its end, and the page after it.
async function firstVisit(name, viewport) {
  const { context, page } = await open({ viewport, deviceScaleFactor: name === "phone" ? 3 : 1 });
  const client = await context.newCDPSession(page);
  await client.send("Network.enable");
  const sent = new Map();
  const kinds = new Map();
  client.on("Network.responseReceived", (event) => kinds.set(event.requestId, event.type));
  client.on("Network.loadingFinished", (event) => sent.set(event.requestId, event.encodedDataLength));
  const total = (only) => [...sent].filter(([id]) => only(kinds.get(id))).reduce((sum, [, size]) => sum + size, 0);
  await page.addInitScript(() => {
    window.drawn = { lcp: 0, shift: 0, moved: [] };
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.drawn.lcp = entry.startTime; }).observe({ type: "largest-contentful-paint", buffered: true });
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
        window.drawn.shift += entry.value;
        window.drawn.moved.push(`${entry.value.toFixed(4)} at ${Math.round(entry.startTime)} ms: ${entry.sources.map(({ node }) => node?.className || node?.nodeName).join(", ")}`);
      } }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(BASE + PAGES.report, { waitUntil: "load" });
  await page.waitForTimeout(400);
  const { lcp } = await page.evaluate(() => window.drawn);
  await scroll(page);
  await page.waitForTimeout(200);
  const { shift, moved } = await page.evaluate(() => window.drawn);
  const text = total((kind) => kind !== "Image");
  const all = total(() => true);
  sent.clear();
  await page.goto(BASE + "forces/metropolitan/workforce.html", { waitUntil: "load" });
  const seen = { text, all, next: total((kind) => kind !== "Image"), lcp, shift, moved };
  await context.close();
  return seen;
}

// Bring every lazy picture in, as a reader who scrolls would.
async function scroll(page) {
  await page.evaluate(async () => {
    for (const image of document.images) {
      image.scrollIntoView({ behavior: "instant" });
      await new Promise((done) => setTimeout(done, 20));
    }
    await Promise.all([...document.images].map((image) => image.complete || new Promise((done) => { image.onload = image.onerror = done; })));
    scrollTo({ top: 0, behavior: "instant" });
  });
}

// The rows of a table are made by one template, and axe looks at each cell for long: it sees the first of each sort.
async function thin(page) {
  await page.evaluate((most) => {
    for (const body of document.querySelectorAll("tbody")) {
      const sorts = new Set();
      for (const [place, row] of [...body.rows].entries()) {
        if (place >= most && sorts.has(row.className)) row.remove();
        sorts.add(row.className);
      }
    }
  }, 10);
}

async function audit(page, rules) {
  await page.evaluate(`${AXE};0`);
  const found = await page.evaluate((runOnly) => axe.run(document, { runOnly, preload: false }), rules);
  return {
    rules: found.passes.length + found.violations.length,
    violations: found.violations.map((item) => `${item.id}: ${item.help} (${item.nodes.length}×, ${item.nodes[0].html.slice(0, 140)})`),
  };
}

const scenarios = {
  // From the front page to a force, to a section, and on to the same section of another force.
  async walk() {
    const { context, page, log } = await open();
    await page.goto(BASE);
    await page.locator(".pb-regions").getByRole("link", { name: "Kent Police" }).click();
    const force = page.url();
    await page.locator(".pb-sections").getByRole("link", { name: /Police powers/ }).click();
    const section = page.url();
    await page.locator(".pb-contents a").first().click();
    const fragment = await page.evaluate(() => location.hash);
    const place = () => page.locator("h1").evaluate((node) => node.getBoundingClientRect().top + scrollY);
    const before = await place();
    await page.getByText("Change force").click();
    const moved = await place() - before;
    await page.keyboard.type("metro");
    await page.keyboard.press("Enter");
    await page.waitForURL(/metropolitan/);
    const switched = new URL(page.url());
    const result = { force, section, switched: switched.origin + switched.pathname, kept: fragment.length > 1 && switched.hash === fragment, moved, heading: await page.locator("h1").innerText(), errors: log.errors };
    await context.close();
    return result;
  },

  // The same switch without any script.
  async without_script() {
    const { context, page } = await open({ javaScriptEnabled: false });
    await page.goto(SECTION);
    await page.locator(".pb-switch > summary").click();
    await page.locator(".pb-switch").getByRole("link", { name: "Metropolitan Police Service" }).click();
    const result = { switched: page.url() };
    await page.goto(BASE + "search.html");
    result.search = await page.locator("noscript").innerText();
    await context.close();
    return result;
  },

  // Escape closes the switcher and gives the focus back; a name nobody has says so.
  async switcher_keys() {
    const { context, page } = await open();
    await page.goto(SECTION);
    const summary = page.locator(".pb-switch > summary");
    await summary.focus();
    await page.keyboard.press("Enter");
    await page.locator(".pb-switch-find input:focus").waitFor(); // a busy machine opens the list a moment later
    await page.keyboard.type("zz");
    const none = await page.locator(".pb-switch-none").innerText();
    await page.keyboard.press("Escape");
    const result = {
      none,
      open: await page.locator(".pb-switch").evaluate((node) => node.open),
      focused: await summary.evaluate((node) => node === document.activeElement),
    };
    await context.close();
    return result;
  },

  // Take a figure away and return what the page shows and what the file holds.
  async download() {
    const { context, page } = await open();
    await page.goto(SECTION);
    const card = page.locator("figure").first();
    await card.locator("summary", { hasText: "Table" }).click();
    const table = await card.locator("table").evaluate((node) => [...node.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim())));
    const files = {};
    for (const kind of ["CSV", "SVG", "PNG"]) {
      const [file] = await Promise.all([page.waitForEvent("download"), card.getByRole("link", { name: new RegExp(`^${kind}`) }).click()]);
      const content = readFileSync(await file.path());
      files[kind] = { name: file.suggestedFilename(), text: kind === "PNG" ? content.subarray(1, 4).toString() : content.toString("utf8") };
    }
    await context.close();
    return { table, files };
  },

  // Ask a ranking for its values: by mouse, by key and by finger; nothing is loaded before, and nothing moves.
  async values() {
    const { context, page, log } = await open();
    await page.goto(SECTION);
    const plot = page.locator(".pb-live").first();
    const figure = page.locator("figure", { has: plot }).first();
    const table = await figure.locator("table").evaluate((node) => [...node.tBodies[0].rows].map((row) => [...row.cells].slice(0, 2).map((cell) => cell.textContent.trim())));
    const shown = () => figure.locator(".pb-tip").allInnerTexts();
    const asked = () => log.requests.filter((address) => address.includes("values.js")).length;
    const result = { table, before: asked() };
    await plot.scrollIntoViewIfNeeded();
    const height = () => figure.evaluate((node) => node.offsetHeight);
    const tall = await height();
    const box = await plot.locator("img").boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await figure.locator(".pb-tip").waitFor();
    result.after = asked();
    result.pointed = await shown();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    result.row = await figure.locator("tr.pb-marked th").allTextContents();
    await page.mouse.move(box.x + box.width / 2, box.y - 40);
    result.stays = await shown();
    await plot.focus();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Home");
    result.first = await figure.locator('.pb-plot [role="status"]').textContent();
    await page.keyboard.press("ArrowRight");
    result.second = await figure.locator('.pb-plot [role="status"]').textContent();
    await page.keyboard.press("End");
    await page.keyboard.press("Escape");
    result.none = await shown();
    result.moved = await height() - tall;
    // A thin grey line has no column in the table: its name and value come from the file of the data.
    const lines = page.locator('.pb-live:has(img[alt^="Line chart"])').first();
    await lines.scrollIntoViewIfNeeded();
    await lines.focus();
    await page.keyboard.press("End");
    result.lines = [];
    for (let turn = 0; turn < 8; turn += 1) {
      await page.keyboard.press("ArrowUp");
      result.lines.push(await lines.locator('[role="status"]').textContent());
    }
    const file = await lines.locator("xpath=ancestor::figure").locator('.pb-downloads a[href$=".csv"]').evaluate((node) => node.href);
    result.csv = await (await page.request.get(file)).text();
    result.errors = log.errors;
    await context.close();

    const phone = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await phone.page.goto(SECTION);
    const touched = phone.page.locator(".pb-live").first();
    await touched.scrollIntoViewIfNeeded();
    const small = await touched.locator("img").boundingBox();
    await phone.page.touchscreen.tap(small.x + small.width / 2, small.y + small.height / 2);
    const tip = touched.locator(".pb-tip");
    await tip.waitFor();
    result.tapped = await tip.allInnerTexts();
    result.wide = await phone.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    await phone.context.close();
    return result;
  },

  async search() {
    const { context, page, log } = await open();
    await page.goto(BASE + "search.html");
    await page.getByLabel("Words or a place to look for").fill("stop and search");
    await page.getByLabel("Force", { exact: true }).selectOption("Kent Police");
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.locator(".pb-results li").first().waitFor();
    const result = {
      status: await page.locator(".pb-search-status").innerText(),
      where: await page.locator(".pb-result-where").allInnerTexts(),
      titles: await page.locator(".pb-results li > a").allInnerTexts(),
      url: page.url(),
    };
    await page.locator(".pb-results li > a").first().click();
    result.landed = await page.locator("h1").innerText();
    await page.goto(BASE + "search.html?q=zzzzqqqq");
    await page.getByText("No page found").waitFor();
    result.errors = log.errors;
    await context.close();
    return result;
  },

  // Tab through a whole page: the skip link first, every stop visible, and out at the end.
  async keyboard() {
    const { context, page } = await open();
    await page.goto(SECTION);
    const stops = [];
    for (let turn = 0; turn < 400; turn += 1) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const node = document.activeElement;
        if (!node || node === document.body) return null;
        const style = getComputedStyle(node);
        const box = node.getBoundingClientRect();
        const marked = node.dataset.stop === "yes";
        node.dataset.stop = "yes";
        return {
          name: `${node.tagName} ${(node.getAttribute("aria-label") || node.innerText || "").trim().slice(0, 40)}`,
          visible: box.width > 0 && box.height > 0,
          outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
          again: marked,
        };
      });
      if (!stop || stop.again) break;
      stops.push(stop);
    }
    await page.goto(SECTION);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const skipped = await page.evaluate(() => location.hash);
    await context.close();
    return { first: stops[0], count: stops.length, last: stops.at(-1), hidden: stops.filter((stop) => !stop.visible), unmarked: stops.filter((stop) => !stop.outline), skipped };
  },

  // The chapters on a phone: a button opens them, Escape closes them.
  async menu() {
    const { context, page } = await open({ viewport: { width: 360, height: 740 } });
    await page.goto(SECTION);
    const chapters = page.locator("#chapters");
    const before = await chapters.isVisible();
    await page.getByRole("button", { name: "Menu" }).click();
    const opened = await chapters.isVisible();
    if (SHOTS) await page.screenshot({ path: path.join(SHOTS, "menu-360.png") });
    await page.keyboard.press("Escape");
    const closed = !(await chapters.isVisible());
    await page.getByRole("button", { name: "Menu" }).click();
    await chapters.getByRole("link", { name: "Workforce" }).click();
    const result = { before, opened, closed, landed: page.url() };
    await context.close();
    return result;
  },

  // On a wide screen the chapters stay in view, whole or scrolling by themselves, with the page one is on in sight.
  async chapters() {
    const { context, page } = await open({ viewport: { width: 1440, height: 480 }, reducedMotion: "reduce" });
    await page.goto(BASE + PAGES.sources);
    await page.evaluate(() => scrollTo(0, 3000));
    const result = await page.evaluate(() => {
      const nav = document.querySelector("#chapters");
      const box = nav.getBoundingClientRect();
      const here = nav.querySelector("[aria-current]").getBoundingClientRect();
      const before = nav.scrollTop;
      nav.scrollTo(0, nav.scrollHeight);
      const last = [...nav.querySelectorAll("a")].at(-1).getBoundingClientRect();
      return { scrolled: scrollY, top: box.top, height: box.height, room: innerHeight, here: here.top >= 0 && here.bottom <= innerHeight, started: before, last: last.bottom <= innerHeight };
    });
    await context.close();
    return result;
  },

  // On a phone each claim is a card, and still the row of a table.
  async cards() {
    const { context, page } = await open({ viewport: { width: 390, height: 844 } });
    await page.goto(BASE + PAGES.ledger);
    const result = await page.evaluate(() => [...document.querySelectorAll(".pb-ledger")].map((table) => {
      const row = table.querySelector("tbody tr");
      return {
        roles: [table, row, ...row.cells].map((node) => node.getAttribute("role")),
        labels: [...row.cells].slice(1).map((cell) => getComputedStyle(cell, "::before").content.replace(/["\s]*:.*$/, "").replace(/^"/, "")),
        sideways: table.parentElement.scrollWidth - table.parentElement.clientWidth,
      };
    }));
    await page.goto(BASE + PAGES.search);
    const menu = await page.getByRole("button", { name: "Menu" }).isVisible();
    await context.close();
    return { tables: result, menu };
  },

  // The reader's choice of theme holds on the next page.
  async theme() {
    const { context, page, log } = await open({ colorScheme: "light" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.goto(SECTION);
    const light = await ground();
    await page.getByRole("button", { name: "Dark theme" }).click();
    const dark = await ground();
    await page.goto(BASE + PAGES.prose);
    const next = await ground();
    const pressed = await page.getByRole("button", { name: "Dark theme" }).getAttribute("aria-pressed");
    await context.close();
    return { light, dark, next, pressed, errors: log.errors };
  },

  // Axe on each page kind at both widths, with everything folded away opened too: all rules in light, and once the same
  // page has turned dark, those of colour, which is all that a theme changes.
  async axe() {
    const found = {};
    for (const width of [360, 1440]) {
      const { context, page, log } = await open({ viewport: { width, height: 900 }, colorScheme: "light", reducedMotion: "reduce" });
      const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      for (const [name, address] of Object.entries(PAGES)) {
        await page.emulateMedia({ colorScheme: "light" });
        await page.goto(BASE + address);
        if (name === "search") await page.locator(".pb-results li").first().waitFor();
        if (name === "compare" || name === "embed") await page.locator("[data-part=ranking] svg").waitFor();
        await scroll(page);
        const overflow = [await sideways()];
        for (const colorScheme of SHOTS ? ["dark", "light"] : []) {
          await page.emulateMedia({ colorScheme });
          await page.screenshot({ path: path.join(SHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: !LONG.has(name) });
        }
        // With all that is folded away opened, one audit sees the closed page and more.
        await page.evaluate(() => { for (const node of document.querySelectorAll("details")) node.open = true; });
        overflow.push(await sideways());
        await thin(page);
        for (const [colorScheme, rules] of [["light", RULES], ["dark", COLOURS]]) {
          await page.emulateMedia({ colorScheme });
          found[`${name} ${width} ${colorScheme}`] = {
            ...await audit(page, rules),
            paper: await paper(),
            overflow: Math.max(...overflow),
            broken: await page.evaluate(() => [...document.images].filter((image) => image.complete && !image.naturalWidth).map((image) => image.currentSrc)),
            errors: log.errors.splice(0).filter((text) => !(name === "missing" && text.includes("404"))),
          };
        }
      }
      await context.close();
    }
    return found;
  },

  // Every request of every page kind, and what the security policy refused.
  async network() {
    const { context, page, log } = await open();
    const refused = [];
    await page.exposeFunction("refuse", (what) => refused.push(what));
    await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => window.refuse(`${event.violatedDirective} ${event.blockedURI}`)));
    for (const address of Object.values(PAGES)) {
      await page.goto(BASE + address);
      await scroll(page);
    }
    await context.close();
    return { count: log.requests.length, elsewhere: log.requests.filter((url) => !url.startsWith(new URL(BASE).origin)), refused };
  },

  // What a first visit to a section page sends, what the next page adds, how fast and how steady it is drawn. A machine
  // with other work may paint a page late and in parts; what the page itself does, it does on each of three visits.
  async weight() {
    const found = {};
    for (const [name, viewport] of Object.entries({ phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } })) {
      for (let visit = 0; visit < 3 && !(found[name]?.lcp < 1000 && found[name]?.shift < 0.05); visit++) found[name] = await firstVisit(name, viewport);
    }
    return found;
  },

  // The site from a disk, without any server.
  async from_disk() {
    const { context, page, log } = await open();
    await page.goto(pathToFileURL(path.join(SITE, "index.html")).href);
    await page.locator(".pb-regions").getByRole("link", { name: "Kent Police" }).click();
    await page.locator(".pb-sections").getByRole("link", { name: /Police powers/ }).click();
    await page.waitForURL(/police_powers/);
    await page.waitForLoadState("load");
    await scroll(page);
    // Pictures below the fold come when they are reached, which a busy machine puts off: ask for each.
    await page.evaluate(async () => {
      for (const image of document.images) image.loading = "eager";
      for (let turn = 0; turn < 200 && [...document.images].some((image) => !image.naturalWidth); turn += 1) {
        await new Promise((done) => setTimeout(done, 50));
      }
    });
    const result = {
      heading: await page.locator("h1").innerText(),
      styled: await page.evaluate(() => getComputedStyle(document.querySelector(".pb-header-inner")).display),
      pictures: await page.evaluate(() => [...document.images].filter((image) => image.naturalWidth).length),
      broken: await page.evaluate(() => [...document.images].filter((image) => !image.naturalWidth).length),
      errors: log.errors.splice(0),
    };
    await page.goto(`${pathToFileURL(path.join(SITE, "search.html")).href}?q=stop`);
    await page.getByText("peelbook serve").waitFor();
    await context.close();
    return result;
  },

  // Paper: no chrome of the screen, every picture there, what must be read with a figure too; light in any theme.
  async print() {
    const { context, page } = await open({ viewport: { width: 700, height: 900 }, colorScheme: "dark" });
    const seen = (names) => page.evaluate((all) => all.filter((name) => [...document.querySelectorAll(name)].some((node) => node.checkVisibility({ contentVisibilityAuto: true }) && node.getBoundingClientRect().height > 1)), names);
    await page.goto(SECTION);
    await page.evaluate(() => { document.documentElement.dataset.theme = "dark"; });
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const shown = await seen([".pb-header-inner", ".pb-chapters", ".pb-tool table", ".pb-downloads", ".pb-code", ".pb-switch", ".pb-reproduce"]);
    const told = await seen([".pb-independent", ".pb-printed", ".pb-tool-notes li", "dd.pb-caveat", ".pb-unavailable dd", ".pb-footer"]);
    const force = await page.locator(".pb-printed").innerText();
    const colours = await page.evaluate(() => { const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]; });
    const pdf = await page.pdf({ preferCSSPageSize: true });
    // A landscape page of A4 without its margins is 1032 dots wide.
    await page.setViewportSize({ width: 1032, height: 680 });
    await page.goto(BASE);
    const grades = await page.locator(".pb-grades").evaluate((table) => ({ left: table.getBoundingClientRect().left, right: table.getBoundingClientRect().right }));
    await context.close();
    return { shown, told, force, colours, bytes: pdf.length, grades };
  },

  // A force at a glance on paper.
  async glance() {
    const { context, page } = await open();
    await page.goto(BASE + PAGES.force);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    const sheets = pdf.toString("latin1").match(/\/Type\s*\/Page[^s]/g).length;
    const rows = await page.locator(".pb-spine tbody tr").count();
    await context.close();
    return { sheets, rows };
  },

  async reduced_motion() {
    const result = {};
    for (const reducedMotion of ["reduce", "no-preference"]) {
      const { context, page } = await open({ reducedMotion });
      await page.goto(SECTION);
      result[reducedMotion] = await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior);
      await context.close();
    }
    return result;
  },

  // Other names of a force lead to its pages.
  async redirects() {
    const { context, page } = await open();
    const landed = {};
    const addresses = [
      "forces/E23000032/police_powers.html", "forces/kent-police/index.html", // pages that lead on
      "forces/e23000032/Police-Powers.html", "forces/met-police/workforce", "forces/Kent/", // through the page for lost addresses
    ];
    for (const address of addresses) {
      await page.goto(BASE + address);
      await page.waitForURL(/forces\/(kent|metropolitan)\/\w+\.html/);
      landed[address] = page.url();
    }
    await page.goto(BASE + "forces/nobody/workforce.html");
    landed.nobody = page.url();
    await context.close();
    return landed;
  },

  // Compare forces with the keyboard alone: measure, force, year, values and files; the address follows.
  async compare() {
    const { context, page, log } = await open();
    await page.goto(BASE + "compare.html?measure=stop_search_rate&forces=kent");
    await page.locator("[data-part=trend] svg").waitFor();
    const part = (name) => page.locator(`[data-part="${name}"]`);
    const chips = () => part("chosen").locator("button").allInnerTexts();
    // Everything is reached with Tab.
    const reach = async (locator) => {
      for (let turn = 0; turn < 120; turn += 1) {
        if (await locator.evaluate((node) => node === document.activeElement)) return true;
        await page.keyboard.press("Tab");
      }
      return false;
    };
    const reached = [];
    reached.push(await reach(page.getByLabel("Add a force")));
    await page.keyboard.type("Met");
    await page.keyboard.press("Enter");
    const added = await chips();
    const address = page.url();
    reached.push(await reach(part("trend")));
    await page.keyboard.press("ArrowLeft");
    const earlier = await part("trend-value").innerText();
    await page.keyboard.press("ArrowDown");
    const other = await part("trend-value").innerText();
    reached.push(await reach(part("ranking")));
    await page.keyboard.press("ArrowDown");
    const first = await part("ranking-value").innerText();
    const rows = await part("table").locator("tbody tr").first().innerText();
    const [csv] = await Promise.all([page.waitForEvent("download"), (async () => { reached.push(await reach(page.getByRole("button", { name: "CSV" }))); await page.keyboard.press("Enter"); })()]);
    const text = readFileSync(await csv.path(), "utf8");
    const [png] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "PNG, through time" }).press("Enter")]);
    const width = readFileSync(await png.path()).readUInt32BE(16);
    await page.locator("#year").evaluate((years) => {
      years.selectedIndex = 3;
      years.dispatchEvent(new Event("change"));
    });
    const year = new URL(page.url()).searchParams.get("year");
    // A measure of one year has no trend; the next one has all the room again.
    const widths = [await part("trend").locator("svg").getAttribute("width")];
    for (const measure of ["funding_rate", "stop_search_rate"]) {
      await page.locator("#measure").selectOption(measure);
      await page.waitForURL((url) => url.searchParams.get("measure") === measure);
      await page.locator("[data-part=trend] svg").waitFor({ state: measure === "funding_rate" ? "hidden" : "visible" });
    }
    widths.push(await part("trend").locator("svg").getAttribute("width"));
    // The address is the chart: another reader sees the same.
    const shared = page.url();
    const second = await context.newPage();
    await second.goto(shared);
    await second.locator("[data-part=trend] svg").waitFor();
    const same = (await second.locator("[data-part=trend]").innerHTML()) === (await page.locator("[data-part=trend]").innerHTML());
    await second.goto(shared.replace("compare.html", "embed.html"));
    await second.locator("[data-part=trend] svg").waitFor();
    const frame = { header: await second.locator(".pb-header").count(), form: await second.locator("form").count() };
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const bare = await plain.newPage();
    await bare.goto(BASE + "compare.html");
    const without = await bare.locator("noscript a").getAttribute("href");
    await plain.close();
    // Who comes from a force's pages asks about it.
    await second.goto(SECTION);
    await second.goto(BASE + "compare.html");
    await second.locator("[data-part=trend] svg").waitFor();
    const begins = await second.locator("[data-part=chosen] button").allInnerTexts();
    await context.close();
    return { reached, added, address, earlier, other, first, rows, text, width, widths, year, same, frame, without, begins, errors: log.errors };
  },

  // A chart's picture as it is taken away: large, with its title; and what its box holds.
  async publication() {
    const { context, page } = await open();
    await page.goto(SECTION);
    const card = page.locator("figure").first();
    const [file] = await Promise.all([page.waitForEvent("download"), card.getByRole("link", { name: /^PNG/ }).click()]);
    const content = readFileSync(await file.path());
    await card.locator("summary", { hasText: "Share" }).click();
    const boxes = await card.locator(".pb-tool-share pre").allInnerTexts();
    const measure = await card.locator(".pb-measure a").getAttribute("href");
    const svg = await (await page.request.get(await card.getByRole("link", { name: /^SVG/ }).evaluate((node) => node.href))).text();
    await context.close();
    return { name: file.suggestedFilename(), width: content.readUInt32BE(16), height: content.readUInt32BE(20), boxes, measure, svg };
  },

  // What people type: a town, a short name, an everyday word, a word that no page has.
  async words() {
    const { context, page } = await open();
    const found = {};
    for (const query of ["Canterbury", "Sidcup", "MPS", "burglary", "Zzcanterbury"]) {
      await page.goto(`${BASE}search.html?q=${query}`);
      await page.waitForFunction(() => /found/.test(document.querySelector(".pb-search-status").textContent));
      found[query] = { answers: await page.locator(".pb-answers li").allInnerTexts(), status: await page.locator(".pb-search-status").innerText() };
    }
    await page.goto(SECTION);
    await page.locator(".pb-switch > summary").click();
    await page.locator(".pb-switch-find input:focus").waitFor();
    await page.keyboard.type("Maidstone");
    await page.waitForFunction(() => [...document.querySelectorAll(".pb-switch li")].some((item) => !item.hidden));
    found.switcher = await page.locator(".pb-switch li:visible").allInnerTexts();
    await context.close();
    return found;
  },

  // The ledger's filter is style alone; its search needs a script, and both go together.
  async ledger() {
    const { context, page } = await open({ javaScriptEnabled: false });
    await page.goto(BASE + PAGES.ledger);
    const rows = (where) => where.locator("tr[id^=claim-]:visible").count();
    const all = await rows(page);
    const search = await page.getByRole("searchbox", { name: "Search the claims" }).count();
    await page.getByRole("radio", { name: "Differs" }).check();
    const differs = await rows(page);
    await context.close();

    const other = await open();
    await other.page.goto(BASE + PAGES.ledger);
    const box = other.page.getByRole("searchbox", { name: "Search the claims" });
    const status = other.page.locator(".pb-ledger-find [role=status]");
    await box.fill("Precept");
    const found = { rows: await rows(other.page), said: await status.textContent(), words: await other.page.locator("tr[id^=claim-]:visible").allInnerTexts() };
    await other.page.getByRole("radio", { name: "Differs" }).check();
    const both = await rows(other.page);
    await box.fill("no claim says this");
    const none = await status.textContent();
    await other.page.evaluate(() => { location.hash = "#claim-police_powers.stop_search_rate.force"; });
    const row = other.page.locator("[id='claim-police_powers.stop_search_rate.force']");
    await row.waitFor({ state: "visible" });
    await row.getByText("Link or cite").click();
    const cited = await row.locator(".pb-share-text").allTextContents();
    const errors = other.log.errors;
    await other.context.close();
    return { all, differs, search, found, both, none, cited, errors };
  },
};

const results = {};
for (const [name, run] of Object.entries(scenarios)) {
  if (WANTED.length && !WANTED.includes(name)) continue;
  try {
    results[name] = await run();
  } catch (error) {
    results[name] = { failed: String(error.stack || error).slice(0, 2000) };
  }
}
await browser.close();
process.stdout.write(JSON.stringify(results));
