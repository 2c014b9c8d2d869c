// Small helps on top of pages that work without script.
(() => {
  "use strict";

  // The page to compare forces begins with the force that was looked at last.
  const looked = location.pathname.match(/\/forces\/([a-z-]+)\//);
  try { if (looked) sessionStorage.setItem("peelbook-force", looked[1]); } catch { /* storage is off */ }

  // The theme switch.
  const button = document.querySelector(".pb-theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (document.documentElement.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  if (button) {
    const show = () => button.setAttribute("aria-pressed", String(dark()));
    button.hidden = false;
    button.addEventListener("click", () => {
      const theme = dark() ? "light" : "dark";
      document.documentElement.dataset.theme = theme;
      try { localStorage.setItem("peelbook-theme", theme); } catch { /* lasts for this page only */ }
      show();
    });
    system.addEventListener("change", show);
    show();
  }

  // A region that fits needs no stop for the keyboard.
  const regions = document.querySelectorAll(".pb-scroll, pre[tabindex]");
  const settle = () => {
    for (const region of regions) {
      const scrolls = region.scrollWidth > region.clientWidth + 1 || region.scrollHeight > region.clientHeight + 1;
      if (scrolls || !region.clientWidth) region.tabIndex = 0;
      else region.removeAttribute("tabindex");
    }
  };
  settle();
  addEventListener("resize", settle);
  for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", settle);

  // Paper shows notes, cautions and what is not available, folded away or not; tables and code stay folded.
  // The style sheet does this too, in browsers that know how.
  let opened = [];
  addEventListener("beforeprint", () => {
    for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
    opened = [...document.querySelectorAll(".pb-tool-notes, .pb-tool-source, .pb-unavailable")].filter((node) => !node.open);
    for (const node of opened) node.open = true;
  });
  addEventListener("afterprint", () => { for (const node of opened) node.open = false; });

  // A link to what is said of a source, at the first chart that has it, shows it.
  addEventListener("hashchange", () => {
    const box = document.getElementById(location.hash.slice(1))?.parentElement;
    if (box?.matches(".pb-tool-source")) box.open = true;
  });

  // The chapters scroll by themselves: the page one is on is in view.
  const chapters = document.querySelector(".pb-chapters");
  const here = chapters?.querySelector("[aria-current]");
  if (here && chapters.scrollHeight > chapters.clientHeight && here.offsetTop + here.offsetHeight > chapters.clientHeight) {
    chapters.scrollTop = here.offsetTop - chapters.clientHeight / 2;
  }
})();

// The force switcher: type to narrow the list, Enter goes to the first, Escape closes. It keeps the place on the page.
(() => {
  "use strict";
  const box = document.querySelector(".pb-switch");
  const find = box?.querySelector(".pb-switch-find");
  if (!find) return;
  const input = find.querySelector("input");
  const none = box.querySelector(".pb-switch-none");
  const items = [...box.querySelectorAll("li")];
  const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/['’]/g, "").replace(/&/g, "and").replace(/[^a-z0-9]+/g, " ").trim();
  find.hidden = false;
  // Other names and places come when the list is first opened; without them the names that are there still work.
  const also = new Map(); // slug → words
  const learn = async () => {
    if (!find.dataset.places) return;
    const address = find.dataset.places;
    delete find.dataset.places;
    try {
      const known = await (await fetch(address)).json();
      for (const index of [known.names, known.places, known.towns]) {
        for (const [words, slugs] of Object.entries(index)) for (const slug of Array.isArray(slugs) ? slugs : Object.keys(slugs)) also.set(slug, [...(also.get(slug) || []), words]);
      }
      narrow();
    } catch { /* opened from a disk */ }
  };
  const slugOf = (item) => item.querySelector("a").pathname.split("/").at(-2);
  const narrow = () => {
    const wanted = fold(input.value);
    let shown = 0;
    for (const item of items) {
      const other = (also.get(slugOf(item)) || []).some((words) => words.startsWith(wanted));
      item.hidden = !(fold(item.textContent).includes(wanted) || (wanted.length > 1 && other));
      if (!item.hidden) shown += 1;
    }
    none.textContent = shown ? "" : "No force of this name.";
  };
  input.addEventListener("input", narrow);
  input.addEventListener("keydown", (event) => {
    const first = items.find((item) => !item.hidden);
    if (event.key === "Enter" && input.value && first) location.href = first.querySelector("a").href;
  });
  const links = items.map((item) => item.querySelector("a"));
  const aim = () => { for (const link of links) link.hash = location.hash; };
  aim();
  addEventListener("hashchange", aim);
  box.addEventListener("toggle", () => { if (box.open) { input.focus(); learn(); } });
  // It lies over the page: it closes when the reader goes on to something else.
  box.addEventListener("focusout", (event) => { if (event.relatedTarget && !box.contains(event.relatedTarget)) box.open = false; });
  addEventListener("pointerdown", (event) => { if (!box.contains(event.target)) box.open = false; });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    box.open = false;
    box.querySelector("summary").focus();
  });
})();

// Charts to take away: copies what the boxes hold, and makes the picture large enough to print.
(() => {
  "use strict";
  const copies = (node, text, name) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "pb-copy", textContent: `Copy ${name}` });
    const said = Object.assign(document.createElement("span"), { className: "pb-vh" });
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text());
        button.textContent = said.textContent = "Copied";
      } catch {
        said.textContent = button.textContent = "Not copied: select the text instead";
      }
      setTimeout(() => { button.textContent = `Copy ${name}`; said.textContent = ""; }, 2000);
    });
    node.append(" ", button, said);
  };
  for (const box of document.querySelectorAll(".pb-tool-share")) {
    box.addEventListener("toggle", () => {
      if (box.dataset.copies) return;
      box.dataset.copies = "yes";
      const link = box.querySelector(".pb-share-link");
      copies(link, () => link.querySelector("a").href, "link");
      for (const text of box.querySelectorAll("pre")) {
        const name = text.previousElementSibling;
        copies(name, () => text.textContent, name.textContent.trim());
      }
    });
  }

  // The file that stands there is the small picture of phones. From the drawing a picture of 1,600 dots is made.
  const WIDTH = 1600;
  const picture = async (address) => {
    const reply = await fetch(address);
    if (!reply.ok) throw new Error(String(reply.status));
    const drawing = await reply.text();
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing)}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = WIDTH;
    canvas.height = Math.round((WIDTH * image.naturalHeight) / image.naturalWidth);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => { canvas.toBlob(done, "image/png"); });
  };
  for (const link of document.querySelectorAll('.pb-downloads a[href$=".png"]')) {
    const drawing = link.href.replace(/\.png$/, ".svg");
    link.querySelector(".pb-size")?.replaceChildren("1,600 px");
    link.addEventListener("click", async (event) => {
      if (link.dataset.plain) return;
      event.preventDefault();
      try {
        const file = Object.assign(document.createElement("a"), { download: drawing.split("/").pop().replace(/svg$/, "png") });
        file.href = URL.createObjectURL(await picture(drawing));
        file.click();
        setTimeout(() => URL.revokeObjectURL(file.href), 60000);
      } catch { // opened from a disk: the small picture
        link.dataset.plain = "yes";
        link.click();
      }
    });
  }
})();

// The values of a chart by pointing, tap and arrow keys: what does it comes when a chart is first asked.
(() => {
  "use strict";
  const address = document.currentScript.dataset.values;
  if (location.protocol === "file:") return; // where nothing can be fetched
  for (const plot of document.querySelectorAll(".pb-live")) {
    const title = plot.closest("figure").querySelector(".pb-title").textContent.trim();
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", `${title}: values by arrow keys`);
    const asked = async (event) => {
      if (event.type === "pointerenter" && event.pointerType !== "mouse") return; // a finger that scrolls
      if (event.type === "keydown" && !/^(Arrow|Home$|End$)/.test(event.key)) return;
      event.preventDefault();
      for (const name of ["pointerenter", "click", "keydown"]) plot.removeEventListener(name, asked);
      try {
        await (await import(new URL(address, location.href))).wake(plot, event);
      } catch { /* the table has all values */ }
    };
    for (const name of ["pointerenter", "click", "keydown"]) plot.addEventListener(name, asked);
  }
})();

// Tables of all forces, sorted by any column: by number where each cell that has one starts with it, else by name.
(() => {
  "use strict";
  const worth = (text) => {
    const found = text.replace(/[,£%+]/g, "").replace("−", "-").match(/^-?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null;
  };
  for (const table of document.querySelectorAll(".pb-sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "pb-sort" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending" && column > 0;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        const keys = new Map(rows.map((row) => [row, row.cells[column].innerText.trim()]));
        rows.sort((one, other) => {
          const [first, second] = [keys.get(one), keys.get(other)];
          const [a, b] = column ? [worth(first), worth(second)] : [null, null];
          if (a !== null && b !== null) return down ? b - a : a - b;
          if (a !== null || b !== null) return a === null ? 1 : -1; // no figure comes last
          return down ? second.localeCompare(first) : first.localeCompare(second);
        });
        table.tBodies[0].append(...rows);
      });
    });
  }
})();

// The ledger: search its claims beside the filter, which is style alone.
(() => {
  "use strict";
  const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/\s+/g, " ").trim();
  for (const view of document.querySelectorAll(".pb-ledger-view")) {
    const find = view.querySelector(".pb-ledger-find");
    const input = find.querySelector("input");
    const status = find.querySelector("[role=status]");
    const rows = [...view.querySelectorAll("tr[id]")];
    // What a claim says, and its id; not the ways to cite it, which all say the same.
    const texts = rows.map((row) => fold([row.id, ...[...row.cells].flatMap((cell) => [...cell.childNodes].filter((node) => !node.classList?.contains("pb-tool-share")).map((node) => node.textContent))].join(" ")));
    const show = () => {
      const words = fold(input.value).split(" ");
      rows.forEach((row, place) => { row.hidden = !words.every((word) => texts[place].includes(word)); });
      // By its box: the computed style of a row that the filter hides is worked out for each row alone, which takes seconds.
      const shown = rows.filter((row) => row.offsetHeight).length;
      const narrowed = input.value.trim() || view.querySelector('.pb-filter input:checked:not([value="all"])');
      status.textContent = narrowed ? (shown ? `${shown} of ${rows.length} claims` : "No claim fits.") : "";
    };
    // A link to one claim shows it, whatever is chosen.
    const reveal = () => {
      const row = rows.find((one) => `#${one.id}` === decodeURIComponent(location.hash));
      if (!row || row.offsetHeight) return;
      input.value = "";
      for (const all of view.querySelectorAll('.pb-filter input[value="all"]')) all.checked = true;
      show();
      row.scrollIntoView();
    };
    input.addEventListener("input", show);
    view.addEventListener("change", show);
    addEventListener("hashchange", reveal);
    find.hidden = false;
    show(); // a browser keeps what was chosen when the page is loaded again
    reveal();
  }
})();
