"use strict";
// The page is complete without this. It filters the tables, and unfolds everything for print.
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  for (const field of all("input[data-filters]")) {
    const rows = all(`#${field.dataset.filters} tbody tr`);
    const bar = field.closest(".filter");
    const state = bar.querySelector("[role=status]");
    let texts = null;
    bar.hidden = false;
    field.addEventListener("input", () => {
      texts ??= rows.map((row) => row.textContent.toLowerCase());
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      rows.forEach((row, index) => {
        row.hidden = !words.every((word) => texts[index].includes(word));
        if (!row.hidden) count += 1;
      });
      state.textContent = words.length ? `${count} of ${rows.length} shown` : "";
    });
  }

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const fold of folded) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of folded) fold.open = false;
  });
})();
