// <kernel-slide>: a convolution's kernel at each of its true places, every term in sight.
//
// .data = {
//   layer, channels: [numbers of the kernels that are here], kernels: K×C×h×w,
//   biases: K or null, groups_of: [first input channel of each kernel],
//   stride, dilation: [y, x], padding: [top, right, bottom, left], size: [rows, columns],
//   input: { name, images: [C×H×W, …] },
//   after: [{ name, kind, … }] the batch norm, activation and pooling that follow
// }
// .image chooses one of the images.  Attribute source names a data block of the page.
// What is shown as a sum is the sum of the terms that are shown, added up here.
// Needs heat-map.js and colour-scale.js.
(() => {
  "use strict";
  const MathML = "http://www.w3.org/1998/Math/MathML";
  const written = (value, digits) => customElements.get("heat-map").written(value, digits);
  /** A number behind a sign: negative ones in brackets. */
  const after = (text) => (text.startsWith("−") ? `(${text})` : text);
  const activations = {
    relu: (x) => Math.max(0, x),
    leakyrelu: (x, step) => (x > 0 ? x : step.slope * x),
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    tanh: Math.tanh,
    silu: (x) => x / (1 + Math.exp(-x)),
  };

  function make(name, properties = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in element) element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  }

  function math(...parts) {
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
  const value = (number, digits = 5) =>
    make("data", { value: String(number) }, written(number, digits));

  class KernelSlide extends HTMLElement {
    #data = null;
    #image = 0;
    #kernel = 0;
    #slice = 0;
    #place = [0, 0];
    #parts = null;
    #timer = 0;
    #map = null;

    connectedCallback() {
      const source = this.getAttribute("source");
      if (source && !this.#data) this.data = JSON.parse(document.getElementById(source).textContent);
      else if (this.#data) this.#show();
    }

    disconnectedCallback() {
      this.#stop();
    }

    get data() { return this.#data; }

    set data(data) {
      const unpack = customElements.get("heat-map").unpack;
      this.#data = {
        ...data,
        kernels: unpack(data.kernels),
        biases: data.biases && unpack(data.biases),
        input: { ...data.input, images: data.input.images.map(unpack) },
        after: data.after.map((step) => {
          const own = { ...step };
          for (const key of ["mean", "variance", "scale", "shift", "weights"]) {
            if (own[key]) own[key] = unpack(own[key]);
          }
          return own;
        }),
      };
      this.#kernel = Math.min(this.#kernel, data.channels.length - 1);
      this.#kernel = data.start ? data.start.kernel : this.#kernel;
      this.#place = data.start ? [...data.start.place] : data.size.map((side) => Math.floor(side / 2));
      this.#parts = null;
      if (this.isConnected) this.#show();
    }

    get image() { return this.#image; }

    set image(image) {
      if (!this.#data) return;
      this.#image = Math.min(image, this.#data.input.images.length - 1);
      this.#show();
    }

    // --- what is computed: products of the numbers that are shown, and their sums ---

    get #input() { return this.#data.input.images[this.#image]; }

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
      if (y < 0 || x < 0 || y >= height || x >= width) return { value: 0, outside: true };
      const channel = this.#data.groups_of[this.#kernel] + slice;
      return { value: this.#input.values[(channel * height + y) * width + x], outside: false };
    }

    #weight(slice, i, j) {
      const { depth, height, width } = this.#shape;
      return this.#data.kernels.values[((this.#kernel * depth + slice) * height + i) * width + j];
    }

    /** The sum of one input channel's products. */
    #sum(slice, row, column) {
      const { height, width } = this.#shape;
      let sum = 0;
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          sum += this.#meets(slice, row, column, i, j).value * this.#weight(slice, i, j);
        }
      }
      return sum;
    }

    /** The input channel that adds most, to begin with. */
    #loudest() {
      const sums = Array.from({ length: this.#shape.depth }, (_, slice) => Math.abs(this.#sum(slice, ...this.#place)));
      return sums.indexOf(Math.max(...sums));
    }

    get #bias() { return this.#data.biases ? this.#data.biases.values[this.#kernel] : 0; }

    /** Sums per input channel and bias, added up. */
    #value(row, column) {
      let total = this.#bias;
      for (let slice = 0; slice < this.#shape.depth; slice++) total += this.#sum(slice, row, column);
      return total;
    }

    #step(step, x) {
      if (step.kind === "batchnorm") {
        const at = (values) => values.values[this.#kernel];
        const centred = (x - at(step.mean)) / Math.sqrt(at(step.variance) + step.epsilon);
        return centred * (step.scale ? at(step.scale) : 1) + (step.shift ? at(step.shift) : 0);
      }
      return activations[step.kind](x, step);
    }

    /** The pooling's window that holds a place, or null where none reads it. */
    #window(pool, row, column) {
      const at = [row, column].map((place, axis) => {
        const unit = Math.min(Math.floor((place + pool.padding[axis]) / pool.stride[axis]), pool.size[axis] - 1);
        const first = unit * pool.stride[axis] - pool.padding[axis];
        return place < first + pool.kernel[axis] ? { unit, first } : null;
      });
      return at.includes(null) ? null : { row: at[0], column: at[1] };
    }

    #pooled(pool, window, values) {
      if (pool.summary === "max") return Math.max(...values.map((each) => each.value));
      if (pool.summary === "l2") return Math.sqrt(values.reduce((sum, each) => sum + each.value ** 2, 0));
      const weight = (each) => (pool.weights
        ? pool.weights.values[each.i * pool.kernel[1] + each.j]
        : 1 / (pool.kernel[0] * pool.kernel[1]));
      return values.reduce((sum, each) => sum + each.value * weight(each), 0);
    }

    // --- what is drawn ---

    #build() {
      const { channels, layer, size, input, kernels } = this.#data;
      const { depth, height, width } = this.#shape;
      const parts = (this.#parts = {});
      const range = (key, label, count, act) => {
        const slider = make("input", { type: "range", min: 0, max: count - 1, step: 1, "aria-label": label });
        slider.addEventListener("input", () => act(Number(slider.value)));
        parts[key] = slider;
        parts[`${key}-shown`] = make("output", { "aria-hidden": "true" });
        const row = make("label", { className: "control" }, make("span", {}, label), slider, parts[`${key}-shown`]);
        row.hidden = count < 2;
        return row;
      };
      const grid = (key, title) => {
        parts[key] = make("table", { className: "terms-grid" });
        return make("figure", { className: "grid-of" }, make("figcaption", {}, title),
          make("div", { className: "scroll" }, parts[key]));
      };
      parts.input = make("heat-map", { interactive: "" });
      parts.output = make("heat-map", { interactive: "" });
      parts.inputScale = make("colour-scale", { unit: input.name });
      parts.outputScale = make("colour-scale", { unit: `${layer}` });
      parts.inputName = make("figcaption");
      parts.outputName = make("figcaption");
      parts.sums = make("ul", { className: "channel-sums" });
      parts.steps = make("ol", { className: "value-steps" });
      parts.live = make("p", { className: "unseen", role: "status" });
      parts.play = make("button", { type: "button", className: "play" }, "slide");
      parts.play.addEventListener("click", () => (this.#timer ? this.#stop() : this.#play()));
      parts.input.addEventListener("cell", ({ detail }) => this.#overInput(detail));
      parts.input.addEventListener("move", (event) => {
        event.preventDefault();
        this.#go(this.#place[0] + event.detail.rows, this.#place[1] + event.detail.columns);
      });
      parts.output.addEventListener("cell", ({ detail }) => this.#go(detail.row, detail.column));
      const controls = make("div", { className: "controls" },
        range("place", "place", size[0] * size[1], (place) =>
          this.#go(Math.floor(place / size[1]), place % size[1])),
        range("kernel", `kernel of ${layer}`, channels.length, (kernel) => {
          this.#kernel = kernel;
          this.#map = null;
          this.#show();
        }),
        range("slice", `channel of ${input.name}`, depth, (slice) => {
          this.#slice = slice;
          this.#show();
        }),
        make("div", { className: "control" }, make("span", {}, "by itself"), parts.play,
          (parts.speed = make("input", { type: "range", min: 1, max: 30, value: 6, "aria-label": "places a second" }))),
      );
      parts.place.addEventListener("keydown", (event) => this.#key(event));
      const terms = make("div", { className: "terms-row" },
        grid("patch", "what the window covers"),
        make("span", { className: "sign", "aria-hidden": "true" }, "×"),
        grid("weights", "the kernel’s weights"),
        make("span", { className: "sign", "aria-hidden": "true" }, "="),
        grid("products", "the products"));
      if (height * width > 25) terms.classList.add("tall");
      this.replaceChildren(
        controls,
        make("div", { className: "slide-maps" },
          make("figure", {}, parts.inputName, parts.input, parts.inputScale),
          make("figure", {}, parts.outputName, parts.output, parts.outputScale)),
        terms, make("div", { className: "sums-row" },
          make("div", { className: "sums-head" }, depth > 1
            ? `the sum of the products, for each of ${depth} channels of ${input.name}` : "the sum of the products"),
          parts.sums),
        parts.steps, parts.live);
      parts.limit = customElements.get("heat-map").largest(kernels.values);
    }

    #show() {
      if (!this.#data || !this.isConnected) return;
      if (!this.#parts) {
        this.#build();
        this.#slice = this.#loudest();
      }
      const parts = this.#parts;
      const { size, padding, input, layer, channels } = this.#data;
      const [row, column] = this.#place;
      const channel = this.#data.groups_of[this.#kernel] + this.#slice;
      const [, height, width] = this.#input.shape;
      const plane = this.#input.values.subarray(channel * height * width, (channel + 1) * height * width);
      const largest = customElements.get("heat-map").largest;
      const limit = largest(this.#input.values);
      parts.input.margin = padding;
      parts.input.data = { values: plane, shape: [height, width], limit };
      parts.input.boxes = this.#taps();
      parts.inputScale.setAttribute("limit", limit);
      parts.inputName.textContent = this.#shape.depth > 1 || this.#input.shape[0] > 1
        ? `${input.name}, channel ${channel}` : input.name;
      parts.input.setAttribute("label", `${parts.inputName.textContent}; the window stands at row ${row}, column ${column}; arrow keys move it`);
      this.#showOutput();
      parts.place.value = row * size[1] + column;
      parts.place.setAttribute("aria-valuetext", `row ${row}, column ${column}`);
      parts["place-shown"].textContent = `row ${row}, column ${column}`;
      parts.kernel.value = this.#kernel;
      parts.kernel.setAttribute("aria-valuetext", `kernel ${channels[this.#kernel]}`);
      parts["kernel-shown"].textContent = String(channels[this.#kernel]);
      parts.slice.value = this.#slice;
      parts.slice.setAttribute("aria-valuetext", `channel ${channel}`);
      parts["slice-shown"].textContent = String(channel);
      this.#showTerms(limit);
      this.#showSums(layer);
    }

    /** The kernel's outline on the input, tap by tap where it is dilated. */
    #taps() {
      const { stride, dilation, padding } = this.#data;
      const { height, width } = this.#shape;
      const row = this.#place[0] * stride[0] - padding[0];
      const column = this.#place[1] * stride[1] - padding[3];
      const boxes = [{ row, column, height: (height - 1) * dilation[0] + 1, width: (width - 1) * dilation[1] + 1 }];
      if (Math.max(...dilation) === 1) return boxes;
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          boxes.push({ row: row + i * dilation[0], column: column + j * dilation[1], height: 1, width: 1, role: "tap" });
        }
      }
      return boxes;
    }

    #showOutput() {
      const parts = this.#parts;
      const { size, layer, channels } = this.#data;
      const key = `${this.#kernel} ${this.#image}`;
      if (!this.#map || this.#map.key !== key) {
        const values = new Float32Array(size[0] * size[1]);
        for (let place = 0; place < values.length; place++) {
          values[place] = this.#value(Math.floor(place / size[1]), place % size[1]);
        }
        this.#map = { key, values, shape: size, limit: customElements.get("heat-map").largest(values) };
        parts.output.data = this.#map;
        parts.outputScale.setAttribute("limit", this.#map.limit);
      }
      parts.output.cursor = [...this.#place];
      const pool = this.#data.after.find((step) => step.kind === "pool");
      const window = pool && this.#window(pool, ...this.#place);
      parts.output.boxes = window ? [{
        row: window.row.first, column: window.column.first,
        height: pool.kernel[0], width: pool.kernel[1], role: "second",
      }] : [];
      parts.outputName.textContent = `${layer}, channel ${channels[this.#kernel]}`;
      parts.output.setAttribute("label", `${parts.outputName.textContent}, ${size[0]} rows of ${size[1]} values; arrow keys move from one to the next`);
    }

    #showTerms(limit) {
      const parts = this.#parts;
      const { height, width } = this.#shape;
      const [row, column] = this.#place;
      const largest = Math.max(limit * parts.limit * 0.5, 1e-30);
      const rows = { patch: [], weights: [], products: [] };
      for (let i = 0; i < height; i++) {
        const cells = { patch: [], weights: [], products: [] };
        for (let j = 0; j < width; j++) {
          const met = this.#meets(this.#slice, row, column, i, j);
          const weight = this.#weight(this.#slice, i, j);
          cells.patch.push(this.#cell(met.value, limit, met.outside ? "outside" : ""));
          cells.weights.push(this.#cell(weight, parts.limit));
          cells.products.push(this.#cell(met.value * weight, largest, met.outside ? "outside" : ""));
        }
        for (const key of Object.keys(rows)) rows[key].push(make("tr", {}, ...cells[key]));
      }
      for (const key of Object.keys(rows)) parts[key].replaceChildren(make("tbody", {}, ...rows[key]));
    }

    /** A number on its colour. */
    #cell(number, limit, role = "") {
      const digits = this.#shape.width > 7 ? 1 : 2;
      const cell = make("td", { className: role }, value(number, digits));
      const table = customElements.get("heat-map").shades(this);
      const step = Math.round((Math.max(-1, Math.min(1, number / limit)) + 1) * 255);
      const colour = [...table.subarray(3 * step, 3 * step + 3)];
      cell.style.backgroundColor = `rgb(${colour.join(" ")})`;
      cell.style.color = customElements.get("heat-map").ink(colour);
      return cell;
    }

    #showSums(layer) {
      const parts = this.#parts;
      const { depth, height, width } = this.#shape;
      const [row, column] = this.#place;
      const first = this.#data.groups_of[this.#kernel];
      let total = 0;
      const sums = [];
      for (let slice = 0; slice < depth; slice++) {
        const sum = this.#sum(slice, row, column);
        total += sum;
        const item = make("li", {}, make("span", { className: "which" }, depth > 1 ? String(first + slice) : ""), value(sum));
        if (slice === this.#slice && depth > 1) item.className = "chosen";
        item.addEventListener("click", () => {
          this.#slice = slice;
          this.#show();
        });
        sums.push(item);
      }
      parts.sums.replaceChildren(...sums);
      const steps = [];
      const many = depth > 1 ? `${depth} · ${height * width} products` : `${height * width} products`;
      steps.push(this.#line("sum", `sum of ${many}`, total));
      if (this.#data.biases) steps.push(this.#line("bias", "plus the bias", this.#bias));
      let now = total + this.#bias;
      steps.push(this.#line(layer, layer, now, [written(total, 5), "+", after(written(this.#bias, 5)), "="]));
      const told = [`${layer} ${written(now, 5)}`];
      for (const step of this.#data.after) {
        const before = now;
        if (step.kind === "pool") {
          const made = this.#poolLine(step, row, column);
          steps.push(made.line);
          if (made.value === null) break;
          now = made.value;
        } else {
          now = this.#step(step, before);
          steps.push(this.#line(step.name, step.name, now, this.#formula(step, before)));
        }
        told.push(`${step.name} ${written(now, 5)}`);
      }
      parts.steps.replaceChildren(...steps);
      if (!this.#timer) {
        clearTimeout(this.saying);
        this.saying = setTimeout(() => {
          parts.live.textContent = `kernel ${this.#data.channels[this.#kernel]}, row ${row}, column ${column}: sum ${written(total, 5)}, ${told.join(", ")}`;
        }, 400);
      }
    }

    #line(key, name, number, formula = null) {
      const shown = make("span", { className: "arithmetic" });
      if (formula) shown.append(math(...formula));
      const made = value(number);
      made.dataset.step = key;
      return make("li", {}, make("span", { className: "name" }, name), shown, made);
    }

    #formula(step, x) {
      if (step.kind === "batchnorm") {
        const at = (values) => written(values.values[this.#kernel], 5);
        const centred = { over: [written(x, 5), "−", after(at(step.mean))], under: [{ root: [at(step.variance), "+", String(step.epsilon)] }] };
        if (!step.scale) return [centred, "="];
        return [centred, "·", after(at(step.scale)), "+", after(at(step.shift)), "="];
      }
      if (step.kind === "relu") return ["max", "(", "0", ",", written(x, 5), ")", "="];
      return [step.kind, "(", written(x, 5), ")", "="];
    }

    /** The values that a pooling's window holds, and what it makes of them. */
    #poolLine(pool, row, column) {
      const window = this.#window(pool, row, column);
      if (!window) {
        const line = make("li", {}, make("span", { className: "name" }, pool.name), "no window reads this place");
        return { line, value: null };
      }
      const before = this.#data.after.slice(0, this.#data.after.indexOf(pool));
      const values = [];
      for (let i = 0; i < pool.kernel[0]; i++) {
        for (let j = 0; j < pool.kernel[1]; j++) {
          const [y, x] = [window.row.first + i, window.column.first + j];
          if (y < 0 || x < 0 || y >= this.#data.size[0] || x >= this.#data.size[1]) continue;
          const made = before.reduce((now, step) => this.#step(step, now), this.#value(y, x));
          values.push({ i, j, value: made, own: y === row && x === column });
        }
      }
      const result = this.#pooled(pool, window, values);
      const line = this.#line(pool.name, pool.name, result);
      const words = { max: "the largest of", average: "the mean of", l2: "the root of the sum of squares of", weighted: "the weighted mean of" };
      const shown = line.querySelector(".arithmetic");
      shown.append(`${words[pool.summary]} `);
      values.forEach((each, place) => {
        if (place) shown.append(", ");
        const number = value(each.value, 3);
        shown.append(each.own ? make("b", {}, number) : number);
      });
      shown.append(` (row ${window.row.unit}, column ${window.column.unit})`);
      return { line, value: result };
    }

    // --- how it is moved ---

    #go(row, column) {
      const [rows, columns] = this.#data.size;
      this.#place = [Math.max(0, Math.min(rows - 1, row)), Math.max(0, Math.min(columns - 1, column))];
      this.#show();
    }

    /** On the slider, too, up and down go from row to row. */
    #key(event) {
      const [row, column] = this.#place;
      const to = { ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], Home: [row, 0], End: [row, this.#data.size[1] - 1] }[event.key];
      if (!to || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.#go(...to);
    }

    /** The place whose window has this pixel in its middle; arrow keys go by one place. */
    #overInput({ row, column }) {
      const { stride, dilation, padding } = this.#data;
      const { height, width } = this.#shape;
      const at = (pixel, axis, before, kernel) => Math.round(
        (pixel + before - (dilation[axis] * (kernel - 1)) / 2) / stride[axis]);
      this.#parts.input.cursor = null;
      this.#go(at(row, 0, padding[0], height), at(column, 1, padding[3], width));
    }

    #play() {
      this.#parts.play.textContent = "stop";
      const step = () => {
        const [rows, columns] = this.#data.size;
        const place = (this.#place[0] * columns + this.#place[1] + 1) % (rows * columns);
        this.#go(Math.floor(place / columns), place % columns);
        this.#timer = setTimeout(step, 1000 / Number(this.#parts.speed.value));
      };
      this.#timer = setTimeout(step, 0);
    }

    #stop() {
      clearTimeout(this.#timer);
      this.#timer = 0;
      if (this.#parts) this.#parts.play.textContent = "slide";
      if (this.isConnected && this.#data) this.#show();
    }
  }
  customElements.define("kernel-slide", KernelSlide);
})();
