// Small helps on top of pages that work without script.
(() => {
  "use strict";

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
  const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/&/g, "and").replace(/[^a-z0-9]+/g, " ").trim();
  find.hidden = false;
  const narrow = () => {
    const wanted = fold(input.value);
    let shown = 0;
    for (const item of items) {
      item.hidden = !fold(item.textContent).includes(wanted);
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
  box.addEventListener("toggle", () => { if (box.open) input.focus(); });
  // It lies over the page: it closes when the reader goes on to something else.
  box.addEventListener("focusout", (event) => { if (event.relatedTarget && !box.contains(event.relatedTarget)) box.open = false; });
  addEventListener("pointerdown", (event) => { if (!box.contains(event.target)) box.open = false; });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    box.open = false;
    box.querySelector("summary").focus();
  });
})();
