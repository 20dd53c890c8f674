"use strict";
// How the graph of access looks: colours and shapes, where nodes stand, which is next to which. Pure but for the colours.
const accessLook = (() => {
  const COLUMN = 300;
  const ROW = 62;
  const BESIDE = 244; // between the parts of a column that goes on beside itself

  // Lines by the two nodes that they join; a line has the numbers of its steps.
  const joined = (nodes, steps) => {
    const leaving = nodes.map(() => []);
    const arriving = nodes.map(() => []);
    const pairs = new Map();
    steps.forEach(([source, target], index) => {
      const id = `${source}-${target}`;
      let pair = pairs.get(id);
      if (!pair) {
        pair = { id, source, target, steps: [] };
        pairs.set(id, pair);
        leaving[source].push(pair);
        arriving[target].push(pair);
      }
      pair.steps.push(index);
    });
    return { leaving, arriving, pairs };
  };

  const styles = () => {
    const root = getComputedStyle(document.documentElement);
    const value = (name) => root.getPropertyValue(name).trim();
    const shapes = {
      User: "ellipse", Group: "octagon", ServiceAccount: "round-rectangle", Node: "cut-rectangle", Secret: "barrel",
      ConfigMap: "rectangle", Power: "hexagon", External: "round-tag", Code: "rectangle",
    };
    const family = Object.entries(shapes).map(([name, shape]) => ({
      selector: `node.${name}`,
      style: {
        shape,
        "background-color": value(`--k-${name.toLowerCase()}`),
        "border-color": value(`--k-${name.toLowerCase()}-edge`),
      },
    }));
    return [
      {
        selector: "node",
        style: {
          label: "data(label)", width: 224, height: 46, "border-width": 1.5, color: value("--ink"), "font-size": 13,
          "font-family": value("--sans"), "text-wrap": "wrap", "text-valign": "center", "text-halign": "center",
          "line-height": 1.25, "min-zoomed-font-size": 5, "overlay-opacity": 0,
        },
      },
      ...family,
      { selector: "node.closed", style: { "border-style": "double", "border-width": 5 } },
      { selector: "node.start", style: { "border-width": 4 } },
      {
        selector: "edge",
        style: {
          width: 1.2, "line-color": value("--k-line"), "target-arrow-color": value("--k-line"), "curve-style": "straight",
          "target-arrow-shape": "triangle", "arrow-scale": 0.9, opacity: 0.75, "font-size": 11, color: value("--soft"),
          "font-family": value("--sans"), "text-background-color": value("--card"), "text-background-opacity": 1,
          "text-background-padding": 2, "min-zoomed-font-size": 5, "overlay-opacity": 0,
        },
      },
      { selector: "edge.doubtful", style: { "line-style": "dashed" } },
      { selector: "edge.labelled", style: { label: "data(label)" } },
      { selector: ".faded", style: { opacity: 0.28 } },
      {
        selector: "edge.on",
        style: {
          width: 3, opacity: 1, "line-color": value("--k-on"), "target-arrow-color": value("--k-on"), color: value("--ink"),
          label: "data(label)", "z-index": 9,
        },
      },
      { selector: "node.on", style: { "border-width": 4 } },
      { selector: "node.selected", style: { "border-width": 5, "border-color": value("--k-on"), "z-index": 10 } },
    ];
  };

  // The rows at which a column goes on beside itself: those with which the whole fits best into the canvas.
  const tallest = (columns, ratio) => {
    let best = 1;
    let least = Infinity;
    for (let rows = 4; rows <= 80; rows += 1) {
      const parts = columns.reduce((sum, column) => sum + Math.ceil(column.length / rows), 0);
      const wide = parts * BESIDE + columns.length * 90;
      const tall = Math.min(rows, Math.max(...columns.map((column) => column.length))) * ROW;
      const scale = Math.max(wide / ratio, tall);
      if (scale < least) [best, least] = [rows, scale];
    }
    return best;
  };

  // A long and thin graph leads from the top to the bottom, where its names stay large.
  const downwards = (columns, inwards) => new Map(columns.flatMap((column, depth) =>
    column.map((node, index) => [
      node,
      { x: (index - (column.length - 1) / 2) * (BESIDE + 20), y: (inwards ? -1 : 1) * depth * (ROW + 26) },
    ])));

  // Columns by distance from the start, so that lines lead from left to right.
  // Takes the visible nodes with how they were come by, the texts of all, and the proportions of the canvas.
  const places = (seen, nodes, inwards, ratio) => {
    const columns = [];
    for (const [node, { depth }] of seen) (columns[depth] ??= []).push(node);
    if (columns.length > 4 && columns.every((column) => column.length <= 4)) return downwards(columns, inwards);
    const row = new Map();
    const found = new Map();
    let x = 0;
    const most = tallest(columns, ratio);
    columns.forEach((column, depth) => {
      const order = new Map();
      for (const node of column) {
        const pair = seen.get(node).pair;
        order.set(node, pair ? row.get(inwards ? pair.target : pair.source) : 0);
      }
      const large = column.length > most;
      const kind = (node) => `${nodes[node][2]} ${nodes[node][3]}`;
      column.sort((one, other) =>
        large
          ? kind(one).localeCompare(kind(other)) || nodes[one][0].localeCompare(nodes[other][0])
          : order.get(one) - order.get(other) || nodes[one][0].localeCompare(nodes[other][0]));
      const wide = Math.ceil(column.length / most);
      const tall = Math.ceil(column.length / wide);
      column.forEach((node, index) => {
        const y = ((index % tall) - (tall - 1) / 2) * ROW;
        row.set(node, y);
        found.set(node, { x: (inwards ? -1 : 1) * (x + Math.floor(index / tall) * BESIDE), y });
      });
      x += (wide - 1) * BESIDE + COLUMN + (depth + 1 < columns.length ? Math.min(160, columns[depth + 1].length * 4) : 0);
    });
    return found;
  };

  // The id of the nearest node within a quarter turn of a direction.
  const nearest = (nodes, here, dx, dy) => {
    let best = null;
    let least = Infinity;
    nodes.forEach((node) => {
      const { x, y } = node.position();
      const along = (x - here.x) * dx + (y - here.y) * dy;
      const aside = Math.abs((x - here.x) * dy) + Math.abs((y - here.y) * dx);
      if (along <= 1 || (dy && aside > along)) return;
      const far = dx ? along * 4 + aside : along + aside * 4;
      if (far < least) [best, least] = [node.id(), far];
    });
    return best;
  };

  const short = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 12)}…${text.slice(-11)}`);

  return { joined, styles, places, nearest, short };
})();
