// All layers in one table, and two networks side by side.

import { leaves } from "../looking.js";
import { bar } from "../parts/answer.js";
import { button, make } from "../parts/make.js";
import { bytes, percent, thousands } from "../parts/numbers.js";
import { isSeen, volume } from "./derivation.js";

const TOTALS = [
  ["parameters", "parameters", thousands], ["multiply_adds", "multiply-adds", thousands],
  ["memory_training", "memory, training", bytes], ["memory_inference", "memory, in use", bytes],
];

/** The layers and their sums; choose(name) is called for a row that is clicked. */
export function costTable(explanation, chosen, guessing, choose) {
  const { layers, totals, input, architecture } = explanation;
  const hide = (layer, what, text) => (guessing && !isSeen(architecture, layer.name, what) ? "?" : text);
  const heads = ["layer", "output", "parameters", "multiply-adds", "of all", "memory, training", "sees"];
  // A volume goes on through layers that keep it: it is known where the last that made it is.
  let volumeKnown = !guessing;
  const row = (layer) => {
    const { field } = layer;
    if (guessing && layer.sides.length) volumeKnown = isSeen(architecture, layer.name, "side");
    const has = (count) => count.value > 0;
    return make("tr", layer.name === chosen ? { "aria-current": "true" } : {},
      make("th", { scope: "row" }, button(layer.name, () => choose(layer.name), { className: "quiet" })),
      make("td", {}, volumeKnown || layer.output.flat ? volume(layer.output) : "?"),
      make("td", {}, has(layer.parameters) ? hide(layer, "parameters", thousands(layer.parameters.value)) : ""),
      make("td", {}, has(layer.multiply_adds) ? hide(layer, "work", thousands(layer.multiply_adds.value)) : ""),
      make("td", {}, has(layer.multiply_adds) && !guessing ? [bar(layer.multiply_adds_share), ` ${percent(layer.multiply_adds_share)}`] : ""),
      make("td", {}, !layer.memory_training.value ? "" : volumeKnown ? bytes(layer.memory_training.value) : "?"),
      make("td", {}, !field ? "" : field.everything ? "all" : hide(layer, "field", `${field.height.size.value}×${field.width.size.value}`)));
  };
  const sum = (key, shown) => make("td", {}, guessing ? "?" : shown(totals[key].value));
  return make("div.scroll", { tabIndex: 0, role: "region", "aria-label": "all layers in one table" }, make("table.numbers.costs", {},
    make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, make("tr", {}, make("th", { scope: "row" }, "image"), make("td", {}, volume(input)), [0, 1, 2].map(() => make("td")), make("td", {}, bytes(totals.memory_input.value)), make("td")), layers.map(row)),
    make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, "in all"), make("td"), sum("parameters", thousands), sum("multiply_adds", thousands), make("td"), sum("memory_training", bytes), make("td")))));
}

/** What two networks cost, and the layers that one of them has alone. */
export function comparison({ architectures: [first, second] }, names) {
  const ratio = (one, other) => (one && other ? `${(other / one).toFixed(other / one < 10 ? 2 : 0)} ×` : "");
  const differences = second.differences.map((line) => make(`li.${line.startsWith("+") ? "added" : "gone"}`, {}, make("code", {}, line)));
  return make("div.beside", {}, make("div.scroll", { tabIndex: 0, role: "region", "aria-label": "what both cost" },
    make("table.numbers", {},
      make("thead", {}, make("tr", {}, make("td"), names.map((name) => make("th", { scope: "col" }, name)), make("th", { scope: "col" }, "second / first"))),
      make("tbody", {}, TOTALS.map(([key, label, shown]) => make("tr", {}, make("th", { scope: "row" }, label),
        make("td", {}, shown(first[key])), make("td", {}, shown(second[key])), make("td", {}, ratio(first[key], second[key]))))))),
    differences.length ? make("div", {}, make("p.small", {}, "− only in the first, + only in the second"), make("ul.differences", {}, differences)) : make("p", {}, "They have the same layers."));
}

/** The layer that a place in the text belongs to. */
export const cardAt = (record, position) => [...leaves(record.spine)].find((card) => !card.body.length && card.start <= position && position <= card.end) || null;
