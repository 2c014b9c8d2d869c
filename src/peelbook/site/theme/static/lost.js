// An address with another name of a force, or with capital letters, leads on to the page that is meant.
(() => {
  "use strict";
  const place = document.querySelector(".pb-lost[data-root]");
  const [, , rest] = place ? location.pathname.match(/^(.*?\/forces\/)(.*)$/) || [] : [];
  if (!rest) return;
  const [name, page = ""] = decodeURIComponent(rest).split("/");
  const alias = name.toLowerCase().replace(/&/g, "and").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  const slug = JSON.parse(place.dataset.aliases)[alias];
  if (!slug) return;
  const stem = page.toLowerCase().replace(/\.html$/, "").replaceAll("-", "_");
  const known = place.dataset.sections.split(" ").includes(stem);
  const target = `${place.dataset.root}${slug}/${known ? stem : "index"}.html`;
  if (target !== location.pathname) location.replace(target + location.search + location.hash);
})();
