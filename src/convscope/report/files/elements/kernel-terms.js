// <kernel-terms>: one value of a convolution: every product, the sums, and what follows.
//
// .data is that of <kernel-slide>, which holds one of these, its arrays unpacked;
// .choose({ image, kernel, slice, place }) says what is worked out: slice is the input channel
// whose products are shown, place is [row, column].
// A click on a channel's sum dispatches "slice".  What is shown as a sum is the sum of the
// terms that are shown, added up here.  Needs heat-map.js.
(() => {
  "use strict";
  const MathML = "http://www.w3.org/1998/Math/MathML";
  const written = (value, digits) => customElements.get("heat-map").written(value, digits);
  /** A number behind a sign: negative ones in brackets. */
  const behind = (text) => (text.startsWith("−") ? `(${text})` : text);
  const activations = {
    relu: (x) => Math.max(0, x),
    leakyrelu: (x, step) => (x > 0 ? x : step.slope * x),
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    tanh: Math.tanh,
    silu: (x) => x / (1 + Math.exp(-x)),
  };
  const summaries = {
    max: "the largest of",
    average: "the mean of",
    l2: "the root of the sum of squares of",
    weighted: "the weighted mean of",
  };

  function make(name, className = "", ...children) {
    const element = document.createElement(name);
    element.className = className;
    element.append(...children);
    return element;
  }

  function math(parts) {
    const put = (name, ...children) => {
      const element = document.createElementNS(MathML, name);
      element.append(...children);
      return element;
    };
    const set = (part) => {
      if (part.over) return put("mfrac", put("mrow", ...part.over.map(set)), put("mrow", ...part.under.map(set)));
      if (part.root) return put("msqrt", ...part.root.map(set));
      return put(/\d/.test(part) ? "mn" : "mo", part);
    };
    const element = put("math", ...parts.map(set));
    element.setAttribute("displaystyle", "true");
    return element;
  }

  /** The number itself in an attribute, what people read inside. */
  function value(number, digits = 5) {
    const element = make("data", "", written(number, digits));
    element.value = String(number);
    return element;
  }

  class KernelTerms extends HTMLElement {
    #data = null;
    #parts = null;
    #chosen = { image: 0, kernel: 0, slice: 0, place: [0, 0] };

    #theme = window.matchMedia("(prefers-color-scheme: dark)");
    #redraw = () => this.#data && this.#show();

    connectedCallback() {
      this.#theme.addEventListener("change", this.#redraw);
    }

    disconnectedCallback() {
      this.#theme.removeEventListener("change", this.#redraw);
    }

    set data(data) {
      this.#data = data;
      this.#parts = null;
    }

    /** Any of image, kernel, slice and place; shows what comes of it. */
    choose(chosen) {
      Object.assign(this.#chosen, chosen);
      this.#show();
    }

    /** { total, bias, value, said } of what is chosen. */
    get result() { return this.#result; }

    #result = null;

    // --- what is computed: products of the numbers that are shown, and their sums ---

    get #input() { return this.#data.input.images[this.#chosen.image]; }

    get #shape() {
      const [, depth, height, width] = this.#data.kernels.shape;
      return { depth, height, width };
    }

    /** The number that tap (i, j) meets in the input at a place: 0 in the padding. */
    #meets(slice, row, column, i, j) {
      const { stride, dilation, padding } = this.#data;
      const [, height, width] = this.#input.shape;
      const y = row * stride[0] - padding[0] + i * dilation[0];
      const x = column * stride[1] - padding[3] + j * dilation[1];
      if (y < 0 || x < 0 || y >= height || x >= width) return { number: 0, outside: true };
      const channel = this.#data.groups_of[this.#chosen.kernel] + slice;
      return { number: this.#input.values[(channel * height + y) * width + x], outside: false };
    }

    #weight(slice, i, j) {
      const { depth, height, width } = this.#shape;
      return this.#data.kernels.values[((this.#chosen.kernel * depth + slice) * height + i) * width + j];
    }

    /** The sum of one input channel's products. */
    sum(slice, row, column) {
      const { height, width } = this.#shape;
      let sum = 0;
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          sum += this.#meets(slice, row, column, i, j).number * this.#weight(slice, i, j);
        }
      }
      return sum;
    }

    get #bias() { return this.#data.biases ? this.#data.biases.values[this.#chosen.kernel] : 0; }

    /** Whether the kernel's channel is switched off in the convolution, or in a step behind it. */
    #silent(part) { return (part.off || []).includes(this.#chosen.kernel); }

    /** Sums per input channel and bias, added up; 0 where the channel is switched off. */
    value(row, column) {
      if (this.#silent(this.#data)) return 0;
      let total = 0;
      for (let slice = 0; slice < this.#shape.depth; slice++) total += this.sum(slice, row, column);
      return total + this.#bias;
    }

    #step(step, x) {
      return this.#silent(step) ? 0 : this.#computed(step, x);
    }

    #computed(step, x) {
      if (step.kind !== "batchnorm") return activations[step.kind](x, step);
      const at = (values) => values.values[this.#chosen.kernel];
      const centred = (x - at(step.mean)) / Math.sqrt(at(step.variance) + step.epsilon);
      return centred * (step.scale ? at(step.scale) : 1) + (step.shift ? at(step.shift) : 0);
    }

    /** The pooling's window that holds a place, or null where none reads it. */
    window(pool, row, column) {
      const at = [row, column].map((place, axis) => {
        const unit = Math.min(Math.floor((place + pool.padding[axis]) / pool.stride[axis]), pool.size[axis] - 1);
        const first = unit * pool.stride[axis] - pool.padding[axis];
        return place < first + pool.kernel[axis] ? { unit, first } : null;
      });
      return at.includes(null) ? null : { row: at[0], column: at[1] };
    }

    /** The numbers in a pooling's window, each worked out from its own terms. */
    #pooled(pool, window) {
      const before = this.#data.after.slice(0, this.#data.after.indexOf(pool));
      const found = [];
      for (let i = 0; i < pool.kernel[0]; i++) {
        for (let j = 0; j < pool.kernel[1]; j++) {
          const [row, column] = [window.row.first + i, window.column.first + j];
          if (row < 0 || column < 0 || row >= this.#data.size[0] || column >= this.#data.size[1]) continue;
          const number = before.reduce((now, step) => this.#step(step, now), this.value(row, column));
          found.push({ i, j, row, column, number });
        }
      }
      return found;
    }

    #summary(pool, found) {
      if (pool.summary === "max") return Math.max(...found.map((each) => each.number));
      if (pool.summary === "l2") return Math.sqrt(found.reduce((sum, each) => sum + each.number ** 2, 0));
      const even = 1 / (pool.kernel[0] * pool.kernel[1]);
      const weight = ({ i, j }) => (pool.weights ? pool.weights.values[i * pool.kernel[1] + j] : even);
      return found.reduce((sum, each) => sum + each.number * weight(each), 0);
    }

    // --- what is drawn ---

    #build() {
      const { depth, height, width } = this.#shape;
      const parts = (this.#parts = {});
      const grid = (key, title) => {
        parts[key] = make("table", "terms-grid");
        return make("figure", "grid-of", make("figcaption", "", title), make("div", "scroll", parts[key]));
      };
      const sign = (text) => {
        const element = make("span", "sign", text);
        element.setAttribute("aria-hidden", "true");
        return element;
      };
      const row = make("div", "terms-row",
        grid("patch", "what the window covers"), sign("×"),
        grid("weights", "the kernel’s weights"), sign("="), grid("products", "the products"));
      if (height * width > 25) row.classList.add("tall");
      parts.sums = make("ul", "channel-sums");
      parts.steps = make("ol", "value-steps");
      const head = depth > 1
        ? `the sum of the products, for each of ${depth} channels of ${this.#data.input.name}`
        : "the sum of the products";
      this.replaceChildren(row, make("div", "sums-row", make("div", "sums-head", head), parts.sums), parts.steps);
      parts.limit = customElements.get("heat-map").largest(this.#data.kernels.values);
    }

    #show() {
      if (!this.#parts) this.#build();
      const [row, column] = this.#chosen.place;
      this.#showTerms(row, column);
      this.#showSums(row, column);
      this.#showSteps(row, column);
    }

    #showTerms(row, column) {
      const { height, width } = this.#shape;
      const { slice } = this.#chosen;
      const limit = customElements.get("heat-map").largest(this.#input.values);
      const limits = { patch: limit, weights: this.#parts.limit, products: (limit * this.#parts.limit) / 2 };
      const rows = { patch: [], weights: [], products: [] };
      for (let i = 0; i < height; i++) {
        const cells = { patch: [], weights: [], products: [] };
        for (let j = 0; j < width; j++) {
          const met = this.#meets(slice, row, column, i, j);
          const weight = this.#weight(slice, i, j);
          cells.patch.push(this.#cell(met.number, limits.patch, met.outside));
          cells.weights.push(this.#cell(weight, limits.weights, false));
          cells.products.push(this.#cell(met.number * weight, limits.products, met.outside));
        }
        for (const key of Object.keys(rows)) rows[key].push(make("tr", "", ...cells[key]));
      }
      for (const key of Object.keys(rows)) this.#parts[key].replaceChildren(make("tbody", "", ...rows[key]));
    }

    /** A number on its colour. */
    #cell(number, limit, outside) {
      const cell = make("td", outside ? "outside" : "", value(number, this.#shape.width > 7 ? 1 : 2));
      const HeatMap = customElements.get("heat-map");
      const place = 3 * Math.round((Math.max(-1, Math.min(1, number / limit)) + 1) * 255);
      const colour = [...HeatMap.shades(this).subarray(place, place + 3)];
      cell.style.backgroundColor = `rgb(${colour.join(" ")})`;
      cell.style.color = HeatMap.ink(colour);
      return cell;
    }

    #showSums(row, column) {
      const { depth } = this.#shape;
      const first = this.#data.groups_of[this.#chosen.kernel];
      const items = [];
      let total = 0;
      for (let slice = 0; slice < depth; slice++) {
        const sum = this.sum(slice, row, column);
        total += sum;
        const item = make("li", "", make("span", "which", depth > 1 ? String(first + slice) : ""), value(sum));
        if (slice === this.#chosen.slice && depth > 1) item.className = "chosen";
        item.addEventListener("click", () => this.dispatchEvent(new CustomEvent("slice", { detail: { slice } })));
        items.push(item);
      }
      this.#parts.sums.replaceChildren(...items);
      const instead = total + this.#bias;
      this.#result = { total, bias: this.#bias, instead, value: this.#silent(this.#data) ? 0 : instead, said: "" };
    }

    #showSteps(row, column) {
      const { depth, height, width } = this.#shape;
      const { total, bias, instead } = this.#result;
      const { layer } = this.#data;
      const many = `${depth > 1 ? `${depth} · ` : ""}${height * width} products`;
      let now = this.#result.value;
      const lines = [this.#line("sum", `sum of ${many}`, total)];
      if (this.#data.biases) lines.push(this.#line("bias", "plus the bias", bias));
      const added = this.#data.biases ? [written(total, 5), "+", behind(written(bias, 5)), "="] : null;
      lines.push(this.#line(layer, layer, now, added, this.#silent(this.#data) ? instead : null));
      const said = [`${layer} ${written(now, 5)}`];
      for (const step of this.#data.after) {
        if (step.kind === "pool") {
          const window = this.window(step, row, column);
          if (!window) {
            lines.push(make("li", "", make("span", "name", step.name), "no window reads this place"));
            break;
          }
          const found = this.#pooled(step, window);
          const made = this.#summary(step, found);
          now = this.#silent(step) ? 0 : made;
          lines.push(this.#poolLine(step, window, found, now, made));
        } else {
          const before = now;
          now = this.#step(step, before);
          lines.push(this.#line(step.name, step.name, now, this.#formula(step, before), this.#silent(step) ? this.#computed(step, before) : null));
        }
        said.push(`${step.name} ${written(now, 5)}`);
      }
      this.#parts.steps.replaceChildren(...lines);
      this.#result.said = `sum ${written(total, 5)}, ${said.join(", ")}`;
    }

    /** `instead` is what a channel that is switched off would hand on. */
    #line(key, name, number, formula = null, instead = null) {
      const shown = make("span", "arithmetic");
      if (instead !== null) shown.append(math([...(formula || []), written(instead, 5)]), make("b", "off", " switched off"));
      else if (formula) shown.append(math(formula));
      const made = value(number);
      made.dataset.step = key;
      return make("li", "", make("span", "name", name), shown, made);
    }

    #formula(step, x) {
      if (step.kind === "relu") return ["max", "(", "0", ",", written(x, 5), ")", "="];
      if (step.kind !== "batchnorm") return [step.kind, "(", written(x, 5), ")", "="];
      const at = (values) => written(values.values[this.#chosen.kernel], 5);
      const centred = {
        over: [written(x, 5), "−", behind(at(step.mean))],
        under: [{ root: [at(step.variance), "+", String(step.epsilon)] }],
      };
      if (!step.scale) return [centred, "="];
      return [centred, "·", behind(at(step.scale)), "+", behind(at(step.shift)), "="];
    }

    /** The values that a pooling's window holds, and what it makes of them. */
    #poolLine(pool, window, found, result, made) {
      const line = this.#line(pool.name, pool.name, result);
      const shown = line.querySelector(".arithmetic");
      const [row, column] = this.#chosen.place;
      shown.append(`${summaries[pool.summary]} `);
      found.forEach((each, place) => {
        const number = value(each.number, 3);
        const own = each.row === row && each.column === column;
        shown.append(place ? ", " : "", own ? make("b", "", number) : number);
      });
      shown.append(` (row ${window.row.unit}, column ${window.column.unit})`);
      if (this.#silent(pool)) shown.append(` = ${written(made, 5)}`, make("b", "off", " switched off"));
      return line;
    }
  }
  customElements.define("kernel-terms", KernelTerms);
})();
