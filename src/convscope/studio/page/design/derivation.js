// One layer worked out: each number with its derivation, or first with one's own guess.

import { button, make } from "../parts/make.js";
import { derived, formula } from "../parts/formula.js";
import { percent } from "../parts/numbers.js";
import { renewed } from "../parts/renewed.js";
import { Editor } from "./editor.js";

const SUGGESTED = ["conv 16 3x3 pad 1", "conv 32 5x5 pad 2", "batchnorm", "relu", "maxpool 2", "avgpool 2", "globalavgpool", "dropout", "fc 10", "residual { conv 16 3x3 pad 1 -> relu }"];
const SIDE = "W_out = ⌊(W − F + 2·P)/S⌋ + 1";

/** What would give away what is to be guessed. */
const LATER = new Set(["training", "inference", "dense", "unshared", "saving", "jump"]);

/** What has been guessed and may be seen, by network, layer and quantity. */
const seen = new Set();
const keyOf = (canonical, layer, what) => `${canonical}|${layer}|${what}`;
export const isSeen = (canonical, layer, what) => seen.has(keyOf(canonical, layer, what));

export class Derivation {
  #head = make("div.heading");
  #tools = make("div.layer-tools");
  #terms = make("dl.terms");
  #edit;
  #key = "";

  /** edit(action, path, notation) changes one layer, and promises what is wrong with that, or null. */
  constructor(edit) {
    this.#edit = edit;
    this.root = make("section.derivation", { "aria-label": "the layer, worked out" }, this.#head, this.#tools, this.#terms);
  }

  show(record, cost, card, guessing, redraw) {
    const canonical = record.explanation.architecture;
    this.#head.replaceChildren(make("h2", {}, cost.name), make("span.small", {}, `${volume(cost.input)} → `, this.#guessed(canonical, cost, "side", guessing) ? "?" : volume(cost.output)));
    const key = `${canonical} ${cost.name}`;
    if (key !== this.#key) renewed(this.#tools, ...this.#toolsOf(card));
    this.#key = key;
    const all = [...this.#rows(cost)];
    const open = all.filter(([what, , count]) => count && this.#guessed(canonical, cost, what, guessing)).length;
    const rows = all.filter(([what]) => !open || !LATER.has(what)).map(([what, label, count, content]) => {
      if (count && this.#guessed(canonical, cost, what, guessing)) return [label, this.#guess(canonical, cost, what, count, label, redraw)];
      return [label, content()];
    });
    renewed(this.#terms, ...rows.flatMap(([label, content]) => [make("dt", {}, label), make("dd", {}, content)]));
  }

  #guessed(canonical, cost, what, guessing) {
    return guessing && !isSeen(canonical, cost.name, what);
  }

  /** [quantity, label, the Count that is guessed or null, what is shown] */
  * #rows(cost) {
    yield ["does", "does", null, () => cost.formula];
    if (cost.sides.length) {
      const [rows, columns] = cost.sides;
      const alike = JSON.stringify({ ...rows, axis: "" }) === JSON.stringify({ ...columns, axis: "" });
      yield ["general", "in general", null, () => formula(SIDE)];
      if (alike) yield ["side", "here", columns.output, () => [derived(columns.output, "", "W_out"), remark(columns, "rows and columns")]];
      else {
        yield ["side", "height", rows.output, () => [derived(rows.output, "", "H_out"), remark(rows, "rows")]];
        yield ["width", "width", columns.output, () => [derived(columns.output, "", "W_out"), remark(columns, "columns")]];
      }
    }
    if (cost.parameters.value) yield ["parameters", "parameters", cost.parameters, () => derived(cost.parameters)];
    if (cost.statistics.value) yield ["statistics", "stores", null, () => [derived(cost.statistics), ", not learnt"]];
    if (cost.multiply_adds.value) yield ["work", "work", cost.multiply_adds, () => [derived(cost.multiply_adds, "multiply-adds"), `; ${percent(cost.multiply_adds_share)} of all`]];
    yield* this.#field(cost.field);
    yield ["training", "training keeps", null, () => derived(cost.memory_training)];
    yield ["inference", "in use", null, () => derived(cost.memory_inference)];
    if (cost.dense && cost.unshared) {
      yield ["dense", "if dense", null, () => derived(cost.dense, "weights")];
      yield ["unshared", "if unshared", null, () => derived(cost.unshared, "weights")];
    }
    if (cost.saving) yield ["saving", "saves", null, () => [derived(cost.saving.values, "values"), cost.saving.multiply_adds.value ? ["; ", derived(cost.saving.multiply_adds, "multiply-adds after it")] : null].flat().filter(Boolean)];
  }

  * #field(field) {
    if (!field) return;
    const { height, width } = field;
    if (field.everything) {
      yield ["field", "sees", null, () => `all places of its input, and so ${height.size.value}×${width.size.value} pixels`];
      return;
    }
    const alike = height.size.value === width.size.value;
    yield ["field", "sees", width.size, () => (alike ? [derived(width.size), ` pixels a side`] : [derived(height.size), " rows, ", derived(width.size), " columns"])];
    if (width.jump) yield ["jump", "next unit", null, () => [derived(width.jump), width.jump.value === 1 ? " pixel further" : " pixels further"]];
  }

  /** A number that is hidden until one has been typed. */
  #guess(canonical, cost, what, count, label, redraw) {
    const told = make("span.small", { role: "status" });
    const input = make("input", { type: "text", inputMode: "numeric", size: 12, placeholder: "your guess", "aria-label": `your guess: ${label} of ${cost.name}` });
    const reveal = () => {
      seen.add(keyOf(canonical, cost.name, what));
      redraw();
    };
    const form = make("form.guess", {
      onsubmit: (event) => {
        event.preventDefault();
        const typed = Number(input.value.replace(/[ ,.'’]/g, ""));
        if (!input.value.trim() || Number.isNaN(typed)) told.textContent = "a number, please";
        else if (typed === count.value) reveal();
        else told.replaceChildren(typed > count.value ? "too large. " : "too small. ", button("show it", reveal, { className: "quiet" }));
      },
    }, input, make("button", { type: "submit" }, "check"), told);
    return form;
  }

  // --- the layer changed in its place ---

  #toolsOf(card) {
    if (!card) return [];
    const list = make("datalist", { id: "suggested-layers" }, SUGGESTED.map((value) => make("option", { value })));
    const own = new Editor(`notation of ${card.name}`);
    const other = new Editor("a layer to put in", { suggestions: list.id });
    own.text = card.notation;
    other.text = "relu";
    const act = async (field, action, notation) => {
      field.problem = behind(await this.#edit(action, card.path, notation), notation);
    };
    const form = (field, submit, ...verbs) => make("form", { onsubmit: (event) => { event.preventDefault(); submit(); } }, field.root, make("div.row", {}, ...verbs));
    const put = (action) => act(other, action, other.text);
    return [list,
      form(own, () => act(own, "replace", own.text), make("button", { type: "submit" }, "change"), button("take away", () => act(own, "remove", ""))),
      form(other, () => put("after"), make("span.small", {}, "put it"), button("before", () => put("before")), make("button", { type: "submit" }, "after")),
    ];
  }
}

/** A mistake elsewhere is told with the layer that it is about: its place is none in this text. */
function behind(problem, notation) {
  const about = problem?.notation && problem.notation !== notation && problem.notation.slice(problem.start, problem.end);
  return about ? { ...problem, problem: `then “${about}” does not fit: ${problem.problem}` } : problem;
}

export const volume = (sides) => (sides.flat ? String(sides.channels) : `${sides.height}×${sides.width}×${sides.channels}`);

/** What of the input no unit sees. */
function remark(side, many) {
  if (side.dropped) return `; the last ${side.dropped === 1 ? "" : `${side.dropped} `}${many} never seen`;
  return side.left_over ? `; the ${side.left_over} left over is padding` : "";
}
