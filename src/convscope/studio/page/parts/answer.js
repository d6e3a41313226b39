// The likeliest classes as bars.

import { make } from "./make.js";
import { percent } from "./numbers.js";

const SVG = "http://www.w3.org/2000/svg";

/** A bar as long as its share. */
export function bar(share, role = "work") {
  const drawing = document.createElementNS(SVG, "svg");
  for (const [key, value] of [["class", "bar"], ["viewBox", "0 0 100 6"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) drawing.setAttribute(key, value);
  for (const [kind, width] of [["track", 100], [`fill ${role}`, 100 * share]]) {
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("class", kind);
    rect.setAttribute("width", String(width));
    rect.setAttribute("height", "6");
    drawing.append(rect);
  }
  return drawing;
}

/** At most `most` classes, likeliest first. */
export function bars(record, most = 10) {
  const order = record.probabilities.map((share, place) => [share, place]).sort((one, other) => other[0] - one[0]);
  return make("table.answer", { "aria-label": "the answer" }, make("tbody", {}, order.slice(0, most).map(([share, place]) => {
    const number = make("td", {}, percent(share));
    number.dataset.value = String(share);
    return make("tr", {}, make("th", { scope: "row", title: record.classes[place] }, record.classes[place]), number, make("td", {}, bar(share)));
  })));
}
