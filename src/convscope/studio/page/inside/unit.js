// One unit: how its value comes about, term by term, and the kernel that slides.

import * as api from "../api.js";
import { once, seeing } from "../looking.js";
import { make, rested, trouble } from "../parts/make.js";
import { thousands, value, written } from "../parts/numbers.js";
import { go, state } from "../state.js";

const LARGEST = 11;

/** A unit's way: convscope.walk/1; without a unit the most active. */
export const walk = (now, layer, unit) => {
  const question = { ...seeing(now), layer, unit };
  return once(["walk", question], () => api.post("inside/unit", question));
};

const slide = (now, layer, channel) => {
  const question = { ...seeing(now), layer, channels: [channel] };
  return once(["slide", question], () => api.arrays("inside/slide", question));
};

/** The answer of inside/slide as <kernel-slide> takes it. */
function slideData({ head, arrays }, place) {
  const after = head.after.map(({ arrays: keys, ...step }) => ({
    ...step, ...Object.fromEntries(keys.map((key) => [key, arrays[`${step.name}/${key}`]])),
  }));
  return { ...head, kernels: arrays.kernels, biases: arrays.biases || null, input: { name: head.source, images: [arrays.input] }, after, start: { kernel: 0, place } };
}

/** A fully connected layer as a kernel that stands at its only place. */
function termsData(stage) {
  const [depth, height, width] = [stage.patch.length, stage.patch[0].length, stage.patch[0][0].length];
  const flat = (nested) => Float32Array.from(nested.flat(2));
  return {
    layer: stage.layer, channels: [stage.at[0]], kernels: { values: flat(stage.kernel), shape: [1, depth, height, width] },
    biases: stage.bias === null ? null : { values: [stage.bias] }, groups_of: [0], stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0],
    size: [1, 1], input: { name: stage.source, images: [{ values: flat(stage.patch), shape: [depth, height, width] }] }, after: [],
  };
}

export class Unit {
  #title = make("h2");
  #value = make("p.unit-value", { role: "status" });
  #body = make("div");
  #turned = 0;
  #key = "";
  #slide = null;
  #sent = "";
  #slid = rested((unit) => {
    this.#sent = unit;
    go({ unit }, { replace: true });
  }, 250);

  #told;

  /** told(unit) hears where the kernel is while it slides. */
  constructor(told) {
    this.#told = told;
    this.root = make("section.one-unit", { "aria-label": "one unit" }, this.#title, this.#value, this.#body);
  }

  async show(now, found) {
    const turn = ++this.#turned;
    this.#name(found);
    const first = found.stages[0];
    try {
      const wide = (first.instead?.kind ?? first.kind) === "conv" && first.at.length === 3;
      const data = wide ? await slide(now, first.layer, first.at[0]) : null;
      if (turn !== this.#turned) return;
      if (data) this.#slides(now, found, data);
      else this.#terms(found);
    } catch (problem) {
      if (turn === this.#turned) this.#body.replaceChildren(trouble(problem), this.#steps(found.stages));
    }
  }

  fail(problem, layer) {
    this.#turned += 1;
    this.#key = "";
    this.#title.textContent = `One unit of ${layer}`;
    this.#value.replaceChildren();
    this.#body.replaceChildren(trouble(problem));
  }

  #name(found) {
    this.#head(found.layer, found.at, found.means);
    const last = found.stages.at(-1);
    const shown = this.#number(found.value);
    if (last.kind === "off") {
      this.#value.replaceChildren(make("b.off", {}, "switched off: "), shown, last.instead ? `, in the place of ${written(last.instead.value, 5)}` : "");
    } else this.#value.replaceChildren(`${last.formula} = `, last.derivation === written(found.value, 4) ? "" : `${last.derivation} = `, shown);
    if (found.field_note) this.#value.append(` (${found.field_note})`);
  }

  #head(layer, [channel, row, column], means = "") {
    const place = row === undefined ? `unit ${channel}` : `channel ${channel}, row ${row}, column ${column}`;
    this.#title.textContent = `One unit of ${layer}: ${means || place}`;
  }

  #number(number) {
    const shown = value(number, 5);
    shown.dataset.step = "unit";
    return shown;
  }

  // --- a convolution first: its kernel slides ---

  #slides(now, found, data) {
    const [channel, row, column] = found.stages[0].at;
    const key = JSON.stringify([seeing(now), data.head.layer, channel]);
    if (key !== this.#key || !this.#slide) {
      this.#slide ??= make("kernel-slide");
      this.#slide.addEventListener("place", this.#moved);
      const focused = this.#slide.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
      this.#slide.data = slideData(data, [row, column]);
      // A training that goes on brings other numbers: whoever moves the kernel goes on, too.
      if (focused) [...this.#slide.querySelectorAll("[aria-label]")].find((each) => each.getAttribute("aria-label") === focused)?.focus();
    } else if (this.#sent !== now.unit) this.#slide.place = [row, column];
    this.#sent = "";
    this.#key = key;
    const pool = data.head.after.find((step) => step.kind === "pool" && step.name === found.layer) || null;
    const same = found.stages[0].shape.join() === found.shape.join();
    this.#slide.followed = same || pool ? { layer: found.layer, pool } : null;
    const rest = found.stages.slice(1 + data.head.after.length);
    const wanted = rest.length ? [this.#slide, this.#steps(rest)] : [this.#slide];
    if (this.#body.firstChild !== this.#slide || this.#body.childElementCount !== wanted.length || rest.length) this.#body.replaceChildren(...wanted);
  }

  /** The kernel was moved: the unit goes with it, that of a pooling where its window holds the place. */
  #moved = ({ detail: { channel, row, column } }) => {
    const { followed } = this.#slide;
    if (!followed || (state().layer || followed.layer) !== followed.layer) return;
    const window = followed.pool && this.#slide.querySelector("kernel-terms").window(followed.pool, row, column);
    if (followed.pool && !window) return;
    const at = window ? [channel, window.row.unit, window.column.unit] : [channel, row, column];
    // At once what the slide knows, too; all of it when the kernel rests.
    const known = this.#slide.querySelector(`[data-step="${CSS.escape(followed.layer)}"]`);
    this.#head(followed.layer, at);
    this.#told(at);
    if (known) this.#value.replaceChildren(this.#number(Number(known.value)));
    this.#slid(at.join(","));
  };

  // --- anything else: terms and steps ---

  #terms(found) {
    this.#key = "";
    const [first, ...rest] = found.stages;
    const made = [];
    if (first.kernel) {
      const small = Math.max(first.patch[0].length, first.patch[0][0].length) <= LARGEST;
      made.push(small ? this.#exact(first) : this.#pictured(first));
      if (rest.length) made.push(this.#steps(rest));
    } else made.push(this.#steps(found.stages));
    this.#body.replaceChildren(...made);
  }

  /** Every product of the channel that is chosen, and the sums of all. */
  #exact(stage) {
    const terms = make("kernel-terms");
    terms.data = termsData(stage);
    const sizes = stage.sums.map(Math.abs);
    requestAnimationFrame(() => terms.choose({ image: 0, kernel: 0, slice: sizes.indexOf(Math.max(...sizes)), place: [0, 0] }));
    terms.addEventListener("slice", ({ detail }) => terms.choose({ slice: detail.slice }));
    return terms;
  }

  /** Too many for a table: three maps, whose values can be read, and the sum. */
  #pictured(stage) {
    const told = make("p.told", { role: "status" });
    const [height, width] = [stage.patch[0].length, stage.patch[0][0].length];
    const drawn = [["what it sees", stage.patch], ["its weights", stage.kernel], ["the products", stage.products]].map(([name, values]) => {
      const map = make("heat-map", { interactive: true, label: `${name}; arrow keys read them` });
      const plane = Float32Array.from(values[0].flat());
      const limit = customElements.get("heat-map").largest(plane);
      map.data = { values: plane, shape: [height, width], limit };
      return { name, map, scale: make("colour-scale", { limit, unit: "" }) };
    });
    const read = ({ detail: { row, column } }) => {
      drawn.forEach(({ map }) => { map.cursor = [row, column]; });
      const [seen, weight, product] = drawn.map(({ map }) => written(map.valueAt(row, column), 4));
      told.textContent = `row ${row}, column ${column}: ${seen} · ${weight} = ${product}`;
    };
    drawn.forEach(({ map }) => map.addEventListener("cell", read));
    const many = stage.patch.length > 1 ? ` (channel 0 of ${stage.patch.length})` : "";
    return make("div", {}, make("div.map-row", {}, drawn.map(({ name, map, scale }) => make("figure", {}, make("figcaption", {}, name + many), map, scale))), told, this.#steps([stage]));
  }

  #steps(stages) {
    return make("ol.value-steps", {}, stages.map((stage) => {
      const number = value(stage.value, 5);
      number.dataset.step = stage.layer;
      const off = stage.kind === "off" ? make("b.off", {}, " switched off") : "";
      const sum = stage.kind !== "off" ? `${stage.derivation} =` : stage.instead ? `${stage.instead.derivation} = ${written(stage.instead.value, 5)}` : "";
      const terms = stage.patch ? `${thousands(stage.patch.length * stage.patch[0].length * stage.patch[0][0].length)} products: ` : "";
      return make("li", {}, make("span.name", {}, stage.layer), make("span.arithmetic", {}, `${terms}${sum}`, off), number);
    }));
  }
}
