// What a moment of a training looks like: confusion matrix, first kernels, health.
//
// While a training is under way they are asked for now and then, and only those that are in view:
// looking must not slow it down.

import * as api from "../api.js";
import { once, plane } from "../looking.js";
import { make, trouble } from "../parts/make.js";
import { one, percent, significant, thousands, written } from "../parts/numbers.js";

const MOST_KERNELS = 32;
const LIVE = 300;
const AFTERWARDS = 1000;
/** Pixels beside the window that count as in view. */
const NEAR = 50;

const address = (run, what) => `runs/${encodeURIComponent(run)}/${what}`;

const known = new Map();
const MOST_KNOWN = 200;

/** How well it tells the classes apart; a moment that has been measured does not change. */
export async function confusion(run, step, alive) {
  const query = { step, count: alive ? LIVE : AFTERWARDS };
  const key = JSON.stringify([run, query]);
  if (step === null || !known.has(key)) {
    const { classes, confusion: matrix, accuracy, count, split, data } = await api.get(address(run, "confusion"), query);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(key, { classes, confusion: matrix, accuracy, count, split, data });
  }
  return known.get(key);
}

export class Measures {
  root = make("div.measures");
  #matrix = make("confusion-matrix");
  #matrixWords = make("p.small");
  #kernels = make("div.kernels");
  #scale = make("colour-scale", { unit: "weight" });
  #kernelWords = make("p.small");
  #health = make("div");
  #parts = new Map();
  #wanted = null;
  #after = "";
  #work = null;

  constructor() {
    this.root.append(
      this.#part("section", "confusion", "What is taken for what", this.#showMatrix, this.#matrixWords, this.#matrix),
      this.#part("section", "kernels", "The first kernels", this.#showKernels, this.#kernelWords, this.#kernels, this.#scale),
      this.#part("section.health", "health", "Health", this.#showHealth, this.#health));
    const observer = new IntersectionObserver(() => this.#measure(), { rootMargin: `${NEAR}px` });
    for (const section of this.#parts.keys()) observer.observe(section);
  }

  #part(name, label, title, show, ...content) {
    const section = make(name, { "aria-label": label }, make("h2", {}, title), ...content);
    this.#parts.set(section, { show, shown: null });
    return section;
  }

  /** Is done when it has been measured; what is not in view is, while the training goes on, when it comes there. */
  show(run, step, alive, after) {
    this.#wanted = { run, step, alive };
    this.#after = `After ${thousands(after)} ${after === 1 ? "step" : "steps"}`;
    return this.#measure();
  }

  /** One part after another: the processor is the training's. */
  #measure() {
    this.#work ??= this.#measureAll().finally(() => { this.#work = null; });
    return this.#work;
  }

  async #measureAll() {
    const due = ([section, { shown }]) => this.#wanted && shown !== this.#wanted && (!this.#wanted.alive || inView(section));
    const next = () => [...this.#parts].find(due);
    for (let found = next(); found; found = next()) {
      const [section, part] = found;
      this.root.setAttribute("aria-busy", "true");
      const wanted = this.#wanted;
      part.shown = wanted;
      await part.show.call(this, wanted.run, wanted.step, wanted.alive, () => wanted === this.#wanted);
      section.classList.add("measured");
    }
    this.root.removeAttribute("aria-busy");
  }

  async #showMatrix(run, step, alive, current) {
    try {
      const found = await confusion(run, step, alive);
      if (!current()) return;
      this.#matrix.hidden = false;
      this.#matrix.data = { classes: found.classes, matrix: found.confusion };
      this.#matrixWords.textContent = `${this.#after}, ${percent(found.accuracy)} of ${thousands(found.count)} ${found.split === "train" ? "training" : found.split} images of ${found.data} are right. ${worst(found)}`;
    } catch (problem) {
      if (!current()) return;
      this.#matrix.hidden = true;
      this.#matrixWords.replaceChildren(...said(problem));
    }
  }

  async #showKernels(run, step, alive, current) {
    try {
      const query = { step, count: MOST_KERNELS, inputs: 1 };
      const { head, arrays } = await once(["kernels", run, query], () => api.getArrays(address(run, "kernels"), query));
      if (!current()) return;
      const { values, shape } = arrays.kernels;
      while (this.#kernels.childElementCount > shape[0]) this.#kernels.lastChild.remove();
      while (this.#kernels.childElementCount < shape[0]) this.#kernels.append(make("heat-map"));
      [...this.#kernels.children].forEach((map, kernel) => {
        map.setAttribute("label", `kernel ${kernel} of ${head.layer}`);
        map.data = { values: plane({ values, shape }, kernel), shape: shape.slice(2), limit: head.limit };
      });
      this.#scale.hidden = false;
      this.#scale.setAttribute("limit", String(head.limit));
      const slices = head.shape[1] > 1 ? `, the first of ${head.shape[1]} slices of each` : "";
      this.#kernelWords.textContent = `${this.#after}: ${shape[0]} of ${head.shape[0]} of ${head.layer}, ${shape[2]}×${shape[3]}${slices}`;
    } catch (problem) {
      if (!current()) return;
      this.#kernels.replaceChildren();
      this.#scale.hidden = true;
      this.#kernelWords.replaceChildren(...said(problem));
    }
  }

  async #showHealth(run, step, alive, current) {
    try {
      const found = await api.get(address(run, "health"), { step });
      if (current()) this.#health.replaceChildren(...health(found));
    } catch (problem) {
      if (current()) this.#health.replaceChildren(problem.kind === "RunError" ? make("p.missing", {}, problem.problem) : trouble(problem));
    }
  }
}

/** What is hidden, or no longer on the page, has no height. */
function inView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > Math.max(top, -NEAR) && top < window.innerHeight + NEAR;
}

const said = (problem) => [make("b", {}, problem.problem), problem.remedy ? `: ${problem.remedy}` : ""];

/** The confusion that is most frequent. */
function worst({ classes, confusion: matrix }) {
  let found = [0, 0, 0];
  matrix.forEach((row, right) => row.forEach((count, taken) => {
    if (right !== taken && count > found[0]) found = [count, right, taken];
  }));
  return found[0] ? `Most often ${one(classes[found[1]])} is taken for ${one(classes[found[2]])}: ${found[0]} times.` : "";
}

function health(found) {
  const words = found.findings.length
    ? make("ul.findings-list", {}, found.findings.map((each) => make("li", {},
      make("b", {}, `${each.kind}, ${each.place}`), make("span", {}, each.evidence), make("span.remedy", {}, `Remedy: ${each.remedy}`))))
    : make("p", {}, make("b.trust.passed", {}, "healthy"), ": nothing was found.");
  const small = (value) => (value === null ? "–" : value !== 0 && Math.abs(value) < 0.001 ? significant(value) : written(value, 3));
  const table = (label, head, rows) => (rows.length ? make("div.scroll", { tabIndex: 0, role: "region", "aria-label": label }, make("table.numbers", {},
    make("thead", {}, make("tr", {}, head.map((each) => make("th", { scope: "col" }, each)))),
    make("tbody", {}, rows.map(([name, ...cells]) => make("tr", {}, make("th", { scope: "row" }, name), cells.map((each) => make("td", {}, each))))))) : "");
  return [
    words,
    table("weights", ["weights", "norm", "gradient", "change a step"], found.weights.map((each) => [each.name, small(each.weight), small(each.gradient), each.update === null ? "–" : percent(each.update, 3)])),
    table("activations", ["activations", "units", "dead", "saturated"], found.activations.map((each) => [each.name, thousands(each.units), String(each.dead.length), percent(each.saturated)])),
    make("p.small", {}, `after ${thousands(found.steps)} steps, on ${found.images} images of the training`),
  ];
}
