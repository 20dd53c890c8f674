"use strict";
// The page is complete without this. It draws the graph and lets one walk through it.
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const make = (tag, text = "", name = "") => {
    const element = document.createElement(tag);
    element.textContent = text;
    if (name) element.className = name;
    return element;
  };
  const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

  const MOST = 2000; // nodes that are visible at a time
  const FIRST = 36; // nodes that are visible before anybody asked for more
  const READABLE = 0.42; // below that names are too small; a graph of few nodes is then shown from its start on
  const FEW = 150;
  const LABELLED = 40; // lines that carry the name of their way; with more, only those of the path that is selected

  const { nodes, steps, ways, evidence, texts, own, start: first, whole } = JSON.parse(byId("graph-data").textContent);
  const identities = new Set(["User", "Group", "ServiceAccount", "Node"]);

  const { leaving, arriving, pairs } = accessLook.joined(nodes, steps);

  const off = new Set(); // ways that are not looked at
  const built = new Set(own); // identities that every cluster has
  let hidden = new Set(); // those of them that are not looked at
  let start = first;
  let inwards = true; // who reaches the start, or what it reaches
  let expanded = new Set();
  let selected = first;
  let chosen = null; // the line that is selected
  let seen = new Map(); // visible node to how it was come by: { depth, acts, pair }

  const taken = (pair) => pair.steps.filter((index) => !off.has(steps[index][2]));
  const open = (pair) => pair.steps.some((index) => !off.has(steps[index][2]));
  const beyond = (pair) => (inwards ? pair.source : pair.target);
  const around = (node) => (inwards ? arriving : leaving)[node].filter((pair) => open(pair) && !hidden.has(beyond(pair)));
  const free = (pair) => taken(pair).some((index) => ways[steps[index][2]][2]);

  // Breadth first, through nodes that are expanded; a step that is no act takes none.
  const look = () => {
    seen = new Map([[start, { depth: 0, acts: 0, pair: null }]]);
    let cut = false;
    const waiting = [start];
    for (let at = 0; at < waiting.length; at += 1) {
      const node = waiting[at];
      if (!expanded.has(node)) continue;
      const here = seen.get(node);
      for (const pair of around(node)) {
        const next = beyond(pair);
        if (seen.has(next) || hidden.has(next)) continue;
        if (seen.size >= MOST) {
          cut = true;
          continue;
        }
        seen.set(next, { depth: here.depth + 1, acts: here.acts + (free(pair) ? 0 : 1), pair });
        waiting.push(next);
      }
    }
    return cut;
  };

  const closed = () => Array.from(seen.keys()).filter((node) => !expanded.has(node) && around(node).length);

  const grow = () => {
    for (const node of closed()) expanded.add(node);
  };

  const begin = (node) => {
    start = node;
    selected = node;
    chosen = null;
    expanded = new Set([node]);
    look();
    while (closed().length && (whole || seen.size < FIRST)) {
      const before = new Set(expanded);
      const size = seen.size;
      grow();
      look();
      if (!whole && size > 1 && seen.size > FIRST) {
        expanded = before;
        look();
        break;
      }
      if (seen.size >= MOST) break;
    }
  };

  const wayNames = (pair) => Array.from(new Set(taken(pair).map((index) => ways[steps[index][2]][0])));
  const edgeLabel = (pair) => {
    const names = wayNames(pair);
    return names.slice(0, 2).join(", ") + (names.length > 2 ? ` +${names.length - 2}` : "");
  };

  let cy = null;
  const canvas = byId("graph-canvas");
  const about = byId("graph-about");
  const state = byId("graph-state");
  const field = byId("graph-start");

  const draw = (fit) => {
    const cut = look();
    if (!seen.has(selected)) selected = start;
    const ratio = Math.max(canvas.clientWidth, 300) / Math.max(canvas.clientHeight, 300);
    const at = accessLook.places(seen, nodes, inwards, ratio);
    const visible = Array.from(pairs.values()).filter((pair) => seen.has(pair.source) && seen.has(pair.target) && open(pair));
    const labelled = visible.length <= LABELLED;
    cy.batch(() => {
      cy.elements().remove();
      cy.add(Array.from(seen.keys(), (node) => ({
        group: "nodes",
        data: { id: String(node), label: `${accessLook.short(nodes[node][1], 29)}\n${accessLook.short(nodes[node][3], 30)}` },
        position: at.get(node),
        classes: `${nodes[node][2]}${node === start ? " start" : ""}${!expanded.has(node) && around(node).length ? " closed" : ""}`,
      })));
      cy.add(visible.map((pair) => ({
        group: "edges",
        data: { id: pair.id, source: String(pair.source), target: String(pair.target), label: edgeLabel(pair) },
        classes: `${taken(pair).every((index) => steps[index][4]) ? "doubtful" : ""}${labelled && !free(pair) ? " labelled" : ""}`,
      })));
    });
    if (fit) frame();
    byId("graph-more").disabled = closed().length === 0 || cut;
    mark();
    const limit = cut ? `; ${MOST.toLocaleString("en")} are the most that are drawn: leave out ways, or start elsewhere` : "";
    state.textContent = `${plural(seen.size, "node")} and ${plural(visible.length, "line")} of ${plural(nodes.length, "node")}${limit}. ${spoken()}`;
  };

  const frame = () => {
    cy.fit(undefined, 24);
    if (cy.zoom() > 1.15) cy.zoom({ level: 1.15, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
    if (cy.zoom() < READABLE && seen.size <= FEW) {
      cy.zoom(READABLE);
      const box = cy.$id(String(start)).renderedBoundingBox();
      cy.panBy({ x: inwards ? cy.width() - box.x2 - 24 : 24 - box.x1, y: cy.height() / 2 - (box.y1 + box.y2) / 2 });
    }
  };

  // From the start to what is selected, by the way that it was come by.
  const route = (node) => {
    const found = [];
    for (let at = node; seen.get(at)?.pair; ) {
      const { pair } = seen.get(at);
      found.push(pair);
      at = inwards ? pair.target : pair.source;
    }
    return inwards ? found : found.reverse();
  };

  const mark = () => {
    const on = chosen ? [chosen] : route(selected);
    cy.batch(() => {
      cy.elements().removeClass("on faded selected");
      if (chosen || selected !== start) {
        const kept = new Set(on.flatMap((pair) => [pair.source, pair.target]));
        kept.add(selected);
        cy.edges().forEach((edge) => {
          const mine = on.some((pair) => pair.id === edge.id());
          if (mine) edge.addClass("on");
          else if (edge.source().id() !== String(selected) && edge.target().id() !== String(selected)) edge.addClass("faded");
        });
        cy.nodes().forEach((node) => {
          if (kept.has(Number(node.id()))) node.addClass("on");
        });
      }
      cy.$id(String(selected)).addClass("selected");
    });
    tell();
  };

  const acts = (node) => plural(seen.get(node)?.acts ?? 0, "step");
  const spoken = () => {
    const more = around(selected).length;
    const how = expanded.has(selected) ? "expanded" : "closed";
    const far = selected === start ? "the start" : `${acts(selected)} away`;
    return `${nodes[selected][0]}, ${far}, ${plural(more, "line")} ${inwards ? "into it" : "from it"}${more ? `, ${how}` : ""}.`;
  };

  const link = (node, text = nodes[node][0]) => {
    const named = make("a", text);
    named.href = "#graph";
    named.addEventListener("click", (event) => {
      event.preventDefault();
      reveal(node);
    });
    return named;
  };

  const stepItem = (index) => {
    const [source, target, way, grounds, condition, note] = steps[index];
    const item = make("li");
    item.append(link(source), make("span", ` ${ways[way][1]} `), make("code", ways[way][0]), make("span", " → "), link(target));
    if (condition) item.append(make("em", ` ${texts[condition]}`));
    if (note) item.append(make("span", ` ${texts[note]}`, "detail"));
    for (const ground of grounds) {
      const [role, said, where] = evidence[ground];
      const line = make("span", "", "ground");
      line.append(make("span", role, "label"), make("span", ` ${said} `), make("span", where, "place"));
      item.append(line);
    }
    return item;
  };

  const list = (title, indexes, ordered) => {
    if (!indexes.length) return;
    const shown = indexes.slice(0, 100);
    const items = make(ordered ? "ol" : "ul");
    items.append(...shown.map(stepItem));
    if (indexes.length > shown.length) items.append(make("li", `and ${indexes.length - shown.length} more: the table below has them`));
    about.append(make("h4", title), items);
  };

  const tell = () => {
    about.replaceChildren();
    if (chosen) {
      about.append(make("h3", "Line"));
      list(plural(taken(chosen).length, "way"), taken(chosen), false);
      return;
    }
    about.append(make("h3", nodes[selected][0]), make("p", nodes[selected][3], "label"));
    const buttons = make("div", "", "buttons");
    const button = (text, run) => {
      const made = make("button", text);
      made.type = "button";
      made.addEventListener("click", run);
      buttons.append(made);
    };
    if (around(selected).length) button(expanded.has(selected) ? "Close" : "Expand", () => toggle(selected));
    if (selected !== start) button("Start here", () => from(selected));
    about.append(buttons);
    if (selected !== start) {
      const path = route(selected).flatMap((pair) => taken(pair).slice(0, 1));
      list(`Path, ${acts(selected)}`, path, true);
    }
    const near = (listed) => listed.filter(open).flatMap(taken);
    list("By these steps it is reached", near(arriving[selected]), false);
    list("By these steps it reaches", near(leaving[selected]), false);
  };

  const select = (node) => {
    selected = node;
    chosen = null;
    mark();
    const box = cy.$id(String(node)).renderedBoundingBox();
    if (box.x1 < 0 || box.y1 < 0 || box.x2 > cy.width() || box.y2 > cy.height()) cy.center(cy.$id(String(node)));
    state.textContent = spoken();
  };

  const toggle = (node) => {
    if (!around(node).length) return;
    if (expanded.has(node)) expanded.delete(node);
    else expanded.add(node);
    selected = node;
    chosen = null;
    draw(false);
    const element = cy.$id(String(node));
    const box = element.renderedBoundingBox();
    if (box.x1 < 0 || box.y1 < 0 || box.x2 > cy.width() || box.y2 > cy.height()) cy.center(element);
  };

  const from = (node, side = inwards) => {
    inwards = side;
    if (!(inwards ? arriving : leaving)[node].length && (inwards ? leaving : arriving)[node].length) inwards = !inwards;
    for (const radio of all("input[name=side]")) radio.checked = (radio.value === "in") === inwards;
    field.value = nodes[node][0];
    begin(node);
    draw(true);
  };

  const reveal = (node) => {
    if (seen.has(node)) select(node);
    else from(node);
  };

  const go = (dx, dy) => {
    const found = accessLook.nearest(cy.nodes(), cy.$id(String(selected)).position(), dx, dy);
    if (found !== null) select(Number(found));
  };

  const zoom = (by) => cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });

  const keys = {
    ArrowLeft: () => go(-1, 0),
    ArrowRight: () => go(1, 0),
    ArrowUp: () => go(0, -1),
    ArrowDown: () => go(0, 1),
    Enter: () => toggle(selected),
    " ": () => toggle(selected),
    s: () => from(selected),
    S: () => from(selected),
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    0: frame,
    Escape: () => select(start),
    Home: () => select(start),
  };

  const find = () => {
    const asked = field.value.trim().toLowerCase();
    if (!asked) return;
    let node = nodes.findIndex(([label]) => label.toLowerCase() === asked);
    if (node < 0) node = nodes.findIndex(([label]) => label.toLowerCase().includes(asked));
    if (node < 0) state.textContent = `there is no ${field.value} in the graph`;
    else if (node !== start) from(node, nodes[node][2] === "Secret" || !identities.has(nodes[node][2]));
  };

  const setUp = () => {
    byId("graph").hidden = false;
    cy = cytoscape({
      container: canvas, elements: [], style: accessLook.styles(), layout: { name: "preset" }, minZoom: 0.02, maxZoom: 3,
      autoungrabify: true, boxSelectionEnabled: false, autounselectify: true, hideEdgesOnViewport: steps.length > 3000,
    });
    cy.on("tap", "node", (event) => {
      canvas.focus({ preventScroll: true });
      select(Number(event.target.id()));
    });
    cy.on("dbltap", "node", (event) => toggle(Number(event.target.id())));
    cy.on("tap", "edge", (event) => {
      chosen = pairs.get(event.target.id());
      mark();
    });
    canvas.addEventListener("keydown", (event) => {
      const run = event.ctrlKey || event.metaKey || event.altKey ? null : keys[event.key];
      if (!run) return;
      event.preventDefault();
      run();
    });
    const rank = (node) => (nodes[node][2] === "Secret" ? 0 : identities.has(nodes[node][2]) ? 1 : 2);
    const order = nodes.map((_, node) => node).sort((one, other) => rank(one) - rank(other) || one - other);
    byId("graph-names").append(...order.slice(0, MOST).map((node) => {
      const option = make("option");
      option.value = nodes[node][0];
      return option;
    }));
    field.addEventListener("change", find);
    byId("graph-from").addEventListener("submit", (event) => {
      event.preventDefault();
      find();
    });
    for (const radio of all("input[name=side]")) radio.addEventListener("change", () => from(start, radio.value === "in"));
    byId("graph-more").addEventListener("click", () => {
      grow();
      draw(true);
    });
    byId("graph-less").addEventListener("click", () => from(start));
    byId("graph-fit").addEventListener("click", frame);
    byId("graph-in").addEventListener("click", () => zoom(1.25));
    byId("graph-out").addEventListener("click", () => zoom(0.8));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => cy.style(accessLook.styles()));
    for (const row of all("#answer-table tr[data-node]")) {
      const button = make("button", "graph");
      const node = Number(row.dataset.node);
      button.type = "button";
      button.title = `Show ${nodes[node][0]} in the graph`;
      button.setAttribute("aria-label", button.title);
      button.addEventListener("click", () => {
        from(node, !identities.has(nodes[node][2]));
        canvas.scrollIntoView({ block: "center" });
        canvas.focus({ preventScroll: true });
      });
      row.cells[row.cells.length > 1 ? 1 : 0].append(button);
    }
    const shown = byId("graph-own"); // not from the beginning: who acts through one of them would be missing
    shown.closest("label").hidden = !built.size;
    shown.addEventListener("change", () => {
      hidden = shown.checked ? built : new Set();
      begin(start);
      draw(true);
    });
    accessWays(ways, steps, off, draw);
    from(first, !identities.has(nodes[first][2]) && !whole);
  };

  setUp();
  canvas.strongroom = { // what tests ask, and the curious
    visible: () => seen.size,
    start: () => nodes[start][0],
    selected: () => nodes[selected][0],
    place: (label) => cy.$id(String(nodes.findIndex(([known]) => known === label))).renderedPosition(),
    overlaps: () => {
      const boxes = cy.nodes().map((node) => node.position()).sort((one, other) => one.x - other.x);
      return boxes.filter((one, index) => boxes.slice(index + 1, index + 120).some((other) =>
        other.x - one.x < 200 && Math.abs(other.y - one.y) < 46)).length;
    },
    lines: () => cy.edges().map((edge) => edge.data("label")),
  };
})();
