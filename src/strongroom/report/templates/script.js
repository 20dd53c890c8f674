"use strict";
// The report is complete without this. It adds filters, opens what a link points into, and unfolds everything for print.
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  const openAround = (element) => {
    for (let up = element; up; up = up.parentElement) {
      if (up instanceof HTMLDetailsElement) up.open = true;
    }
  };

  const reveal = () => {
    const target = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
    if (!target) return;
    if (target.closest(".findings [hidden]")) reset();
    openAround(target);
    target.scrollIntoView();
  };

  // Findings. Text is collected once, when the first key is pressed: thousands of cases take a few milliseconds.
  const cases = all(".case").map((element) => ({
    element,
    check: element.closest(".check"),
    practice: element.closest(".practice"),
    rest: element.closest(".rest"),
    severity: element.dataset.severity,
    text: null,
  }));
  const checks = all(".check");
  const practices = all(".practice");
  const bar = byId("filter");
  const field = byId("filter-text");
  const boxes = all("#filter input[name=severity]");
  const practice = byId("filter-practice");
  const check = byId("filter-check");
  let openBefore = null;

  const textOf = (item) => {
    if (item.text === null) {
      const title = item.check.querySelector("summary .check-head").textContent;
      item.text = `${item.element.textContent} ${title}`.toLowerCase();
    }
    return item.text;
  };

  const rememberOpen = () => {
    if (openBefore === null) openBefore = all("details.check, details.rest").filter((fold) => fold.open);
  };

  const restoreOpen = () => {
    if (openBefore === null) return;
    const kept = new Set(openBefore);
    for (const fold of all("details.check, details.rest")) fold.open = kept.has(fold);
    openBefore = null;
  };

  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const narrowed = words.length > 0 || severities.size !== boxes.length || practice.value !== "" || check.value !== "";
    const seen = new Set();
    let count = 0;
    if (narrowed) rememberOpen();
    for (const item of cases) {
      const shown =
        severities.has(item.severity) &&
        (practice.value === "" || item.practice.id === practice.value) &&
        (check.value === "" || item.check.id === check.value) &&
        words.every((word) => textOf(item).includes(word));
      item.element.hidden = !shown;
      if (!shown) continue;
      count += 1;
      seen.add(item.check).add(item.practice);
      if (item.rest) seen.add(item.rest);
    }
    for (const part of [...checks, ...practices, ...all(".rest")]) part.hidden = !seen.has(part);
    if (narrowed) {
      for (const fold of seen) if (fold instanceof HTMLDetailsElement) fold.open = true;
    } else {
      restoreOpen();
    }
    byId("filter-empty").hidden = count > 0;
    byId("filter-state").textContent = narrowed ? `${count} of ${cases.length} shown` : `${cases.length} shown`;
    byId("filter-reset").disabled = !narrowed;
  };

  const reset = () => {
    field.value = "";
    practice.value = "";
    check.value = "";
    for (const box of boxes) box.checked = true;
    filter();
  };

  let asked = 0;
  const soon = (run) => () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(run);
  };

  if (bar) {
    bar.hidden = false;
    field.addEventListener("input", soon(filter));
    for (const control of [...boxes, practice, check]) control.addEventListener("change", filter);
    byId("filter-reset").addEventListener("click", reset);
    const toggle = byId("filter-open");
    toggle.addEventListener("click", () => {
      const open = toggle.textContent === "Open all";
      for (const fold of checks) fold.open = open;
      toggle.textContent = open ? "Close all" : "Open all";
    });
    for (const tile of all("a[data-filter]")) {
      tile.addEventListener("click", () => {
        const wanted = boxes.some((box) => box.value === tile.dataset.filter);
        for (const box of boxes) box.checked = !wanted || box.value === tile.dataset.filter;
        filter();
      });
    }
    filter();
  }

  // The index of Secrets.
  const rows = all(".index tbody tr");
  const names = byId("secrets-text");
  if (names) {
    byId("secrets-filter").hidden = false;
    names.addEventListener("input", () => {
      const words = names.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        if (!row.hidden) count += 1;
      }
      byId("secrets-state").textContent = words.length ? `${count} of ${rows.length} shown` : "";
    });
  }

  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && bar) {
      event.preventDefault();
      if (!bar.offsetParent) location.hash = "findings";
      field.focus();
    } else if (event.key === "Escape" && event.target === field) {
      reset();
      field.blur();
    }
  });

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });
  addEventListener("hashchange", reveal);
  reveal();
})();
