"use strict";
// Boxes to leave out ways: those that are not ticked are in the set, and every change is told.
const accessWays = (ways, steps, off, changed) => {
  const byId = (id) => document.getElementById(id);
  const counts = ways.map(() => 0);
  for (const step of steps) counts[step[2]] += 1;
  const boxes = ways.map(([id, title], index) => {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.value = id;
    box.addEventListener("change", () => {
      if (box.checked) off.delete(index);
      else off.add(index);
      said();
      changed(false);
    });
    const count = document.createElement("span");
    count.className = "n";
    count.textContent = counts[index].toLocaleString("en");
    label.append(box, ` ${title} `, count);
    byId("graph-ways").append(label);
    return box;
  });
  const said = () => {
    byId("graph-ways-state").textContent = off.size ? `${ways.length - off.size} of ${ways.length}` : `all ${ways.length}`;
  };
  const every = (checked) => {
    boxes.forEach((box, index) => {
      box.checked = checked;
      if (checked) off.delete(index);
      else off.add(index);
    });
    said();
    changed(true);
  };
  byId("graph-ways-all").addEventListener("click", () => every(true));
  byId("graph-ways-none").addEventListener("click", () => every(false));
  said();
};
