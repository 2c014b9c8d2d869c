// Searches the site's own index (Pagefind). Nothing leaves the reader's machine but requests to this site.
// A plain script, not a module: browsers refuse modules to pages opened from a disk.
(() => {
"use strict";
const form = document.querySelector(".pb-search");
const status = document.querySelector(".pb-search-status");
const list = document.querySelector(".pb-results");
const PAGE = 20;

const say = (text) => { status.textContent = text; };

let pagefind;
const load = async () => {
  if (pagefind) return pagefind;
  if (location.protocol === "file:") throw new Error("file");
  pagefind = await import(new URL(form.dataset.index, location.href).href);
  await pagefind.options({ excerptLength: 24 });
  await pagefind.init();
  return pagefind;
};

// The excerpt comes from our own pages with the matches marked; rebuild it as text to be safe.
const marked = (excerpt) => {
  const node = document.createElement("p");
  excerpt.split(/<mark>(.*?)<\/mark>/s).forEach((part, index) => {
    const plain = Object.assign(document.createElement("textarea"), { innerHTML: part }).value;
    if (index % 2) node.append(Object.assign(document.createElement("mark"), { textContent: plain }));
    else node.append(plain);
  });
  return node;
};

const show = async (results, from) => {
  const pages = await Promise.all(results.slice(from, from + PAGE).map((result) => result.data()));
  for (const page of pages) {
    const item = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { href: page.url });
    link.textContent = page.meta.title;
    const where = Object.assign(document.createElement("span"), { className: "pb-result-where" });
    where.textContent = (page.filters.force || page.filters.section || []).join(", ");
    item.append(link, where, marked(page.excerpt));
    list.append(item);
  }
  if (results.length > from + PAGE) {
    const more = Object.assign(document.createElement("button"), { type: "button", textContent: "Show more results" });
    const item = document.createElement("li");
    item.className = "pb-more";
    more.addEventListener("click", async () => {
      item.remove();
      await show(results, from + PAGE);
      list.querySelectorAll("a")[from + PAGE]?.focus();
    });
    item.append(more);
    list.append(item);
  }
};

// Places, other names and everyday words: answered before the pages are looked through.
const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/['’]/g, "").replace(/&/g, "and").replace(/[^a-z0-9]+/g, " ").trim();
const answers = document.querySelector(".pb-answers");
let known;
const learn = () => {
  known ??= fetch(`${form.dataset.root}places.json`).then((reply) => reply.json()).catch(() => ({ forces: {}, names: {}, places: {}, spelt: {}, towns: {}, words: {} }));
  return known;
};
const answer = (slug, forces, why) => {
  const link = Object.assign(document.createElement("a"), { href: `${form.dataset.root}forces/${slug}/index.html`, textContent: forces[slug] });
  const item = document.createElement("li");
  item.append(link, ` ${why}`);
  answers.append(item);
};
const everyday = async (query) => {
  const { forces, names, places, spelt, towns, words } = await learn();
  const wanted = fold(query);
  answers.replaceChildren();
  const told = new Set();
  for (const slug of names[wanted] || []) { told.add(slug); answer(slug, forces, "at a glance"); }
  for (const [place, slugs] of Object.entries(places)) {
    if (wanted.length > 2 && (place === wanted || place.startsWith(`${wanted} `) || wanted.startsWith(`${place} `))) {
      for (const slug of slugs) if (!told.has(slug)) { told.add(slug); answer(slug, forces, `polices ${spelt[place] ?? place.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())}`); }
    }
  }
  for (const [town, held] of Object.entries(towns)) {
    if (wanted.length > 2 && (town === wanted || town.startsWith(`${wanted} `))) {
      for (const [slug, name] of Object.entries(held)) if (!told.has(slug)) { told.add(slug); answer(slug, forces, `polices ${name}`); }
    }
  }
  const parts = wanted.split(" ").map((word) => words[word] || null);
  for (const note of new Set(parts.filter(Boolean).map((part) => part.note))) answers.append(Object.assign(document.createElement("li"), { textContent: note }));
  return wanted.split(" ").map((word, place) => parts[place]?.search ?? word).join(" ");
};
// Pagefind falls back on a shorter word it knows ("can" for "Canterbury"): a page must hold the word's beginning.
const holds = (page, query) => {
  const text = fold(page.content || "");
  return query.split(" ").filter((word) => word.length > 3).every((word) => text.includes(word.slice(0, Math.max(4, word.length - 3))));
};

let turn = 0;
const search = async () => {
  const mine = ++turn;
  const query = form.q.value.trim();
  const filters = {};
  for (const name of ["force", "section"]) if (form[name].value) filters[name] = form[name].value;
  list.replaceChildren();
  answers.replaceChildren();
  if (!query && !Object.keys(filters).length) { say(""); return; }
  say("Searching …");
  try {
    const words = query ? await everyday(query) : "";
    const found = await (await load()).search(words || null, { filters });
    // Where the best page lacks the words, all of them do.
    if (words && found.results.length && !holds(await found.results[0].data(), words)) found.results = [];
    if (mine !== turn) return;
    const count = found.results.length;
    say(count === 0 ? (answers.children.length ? "No other page found." : "No page found. Try fewer or other words, or all forces.") : count === 1 ? "1 page found" : `${count} pages found`);
    await show(found.results, 0);
  } catch (error) {
    say(error.message === "file"
      ? "Search works only where the site is served: run “peelbook serve”. The lists of forces and sections work here too."
      : "Search is not available. The lists of forces and sections still work.");
  }
};

const start = new URLSearchParams(location.search);
for (const name of ["q", "force", "section"]) if (start.get(name)) form[name].value = start.get(name);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  search();
});
search();
})();
