// <kernel-slide>: a convolution's kernel at each of its true places, every term in sight.
//
// .data = {
//   layer, channels: [numbers of the kernels that are here], kernels: K×C×h×w,
//   biases: K or null, groups_of: [first input channel of each kernel],
//   stride, dilation: [y, x], padding: [top, right, bottom, left], size: [rows, columns],
//   input: { name, images: [C×H×W, …] }, start: { kernel, place: [row, column] },
//   after: [{ name, kind, … }] the batch norm, activation and pooling that follow,
//   limit: the end of the scale of all maps of the layer; without it that of the map that is shown
//   off: [places of kernels whose channel is switched off], also in each of after; may lack
// }
// .image chooses one of the images, .place = [row, column] where the kernel stands.  Where it is
// moved by hand or by itself, "place" is dispatched: { kernel, channel, row, column }.
// Attribute source names a data block of the page.
// Needs heat-map.js, colour-scale.js and kernel-terms.js, which adds up.
(() => {
  "use strict";
  const ARRAYS = ["mean", "variance", "scale", "shift", "weights"];

  function make(name, properties = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in element) element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  }

  /** All arrays of the data, out of whatever they are packed in. */
  function unpacked(data) {
    const unpack = customElements.get("heat-map").unpack;
    return {
      ...data,
      kernels: unpack(data.kernels),
      biases: data.biases && unpack(data.biases),
      input: { ...data.input, images: data.input.images.map(unpack) },
      after: data.after.map((step) => {
        const arrays = ARRAYS.filter((key) => step[key]).map((key) => [key, unpack(step[key])]);
        return { ...step, ...Object.fromEntries(arrays) };
      }),
    };
  }

  class KernelSlide extends HTMLElement {
    #data = null;
    #image = 0;
    #kernel = 0;
    #slice = 0;
    #place = [0, 0];
    #parts = null;
    #map = null;
    #timer = 0;
    #saying = 0;

    connectedCallback() {
      const source = this.getAttribute("source");
      if (source && !this.#data) this.data = JSON.parse(document.getElementById(source).textContent);
      else this.#show();
    }

    disconnectedCallback() {
      this.#stop();
    }

    get data() { return this.#data; }

    set data(data) {
      this.#data = unpacked(data);
      const middle = { kernel: 0, place: data.size.map((side) => Math.floor(side / 2)) };
      const start = data.start || middle;
      this.#kernel = start.kernel;
      this.#place = [...start.place];
      this.#parts = null;
      this.#map = null;
      this.#show();
    }

    get image() { return this.#image; }

    set image(image) {
      if (!this.#data) return;
      this.#image = image;
      this.#show();
    }

    get place() { return [...this.#place]; }

    set place(place) {
      const known = this.#place.every((each, axis) => each === place[axis]);
      this.#place = [...place];
      if (!known && !this.#timer) this.#show();
    }

    get #input() {
      const { images } = this.#data.input;
      return images[Math.min(this.#image, images.length - 1)];
    }

    get #shape() {
      const [, depth, height, width] = this.#data.kernels.shape;
      return { depth, height, width };
    }

    // --- what is drawn ---

    #build() {
      const { layer, input } = this.#data;
      const parts = (this.#parts = {});
      parts.input = make("heat-map", { interactive: "" });
      parts.output = make("heat-map", { interactive: "" });
      parts.inputScale = make("colour-scale", { unit: input.name });
      parts.outputScale = make("colour-scale", { unit: layer });
      parts.inputName = make("figcaption");
      parts.outputName = make("figcaption");
      parts.terms = make("kernel-terms");
      parts.terms.data = this.#data;
      parts.live = make("p", { className: "unseen", role: "status" });
      parts.terms.addEventListener("slice", ({ detail }) => {
        this.#slice = detail.slice;
        this.#show();
      });
      parts.input.addEventListener("move", (event) => {
        event.preventDefault();
        this.#go(this.#place[0] + event.detail.rows, this.#place[1] + event.detail.columns);
      });
      parts.input.addEventListener("cell", ({ detail }) => this.#overInput(detail));
      parts.output.addEventListener("cell", ({ detail }) => this.#go(detail.row, detail.column));
      this.replaceChildren(
        this.#controls(),
        make("div", { className: "slide-maps" },
          make("figure", {}, parts.inputName, parts.input, parts.inputScale),
          make("figure", {}, parts.outputName, parts.output, parts.outputScale)),
        parts.terms, parts.live);
      parts.terms.choose({ image: this.#data.input.images.indexOf(this.#input), kernel: this.#kernel });
      this.#slice = this.#loudest();
    }

    #controls() {
      const { channels, layer, size, input } = this.#data;
      const parts = this.#parts;
      const range = (key, label, count, act) => {
        const slider = make("input", { type: "range", min: 0, max: count - 1, step: 1, "aria-label": label });
        slider.addEventListener("input", () => act(Number(slider.value)));
        parts[key] = slider;
        parts[`${key}-shown`] = make("output", { "aria-hidden": "true" });
        const row = make("label", { className: "control" }, make("span", {}, label), slider, parts[`${key}-shown`]);
        row.hidden = count < 2;
        return row;
      };
      parts.play = make("button", { type: "button", className: "play" }, "slide");
      parts.play.addEventListener("click", () => (this.#timer ? this.#stop() : this.#play()));
      parts.speed = make("input", { type: "range", min: 1, max: 30, value: 6, "aria-label": "places a second" });
      const controls = make("div", { className: "controls" },
        range("place", "place", size[0] * size[1], (place) =>
          this.#go(Math.floor(place / size[1]), place % size[1])),
        range("kernel", `kernel of ${layer}`, channels.length, (kernel) => {
          this.#kernel = kernel;
          this.#show();
          this.#moved();
        }),
        range("slice", `channel of ${input.name}`, this.#shape.depth, (slice) => {
          this.#slice = slice;
          this.#show();
        }),
        make("div", { className: "control" }, make("span", {}, "by itself"), parts.play, parts.speed));
      parts.place.addEventListener("keydown", (event) => this.#key(event));
      return controls;
    }

    /** The input channel that adds most, to begin with. */
    #loudest() {
      const sums = Array.from({ length: this.#shape.depth }, (_, slice) =>
        Math.abs(this.#parts.terms.sum(slice, ...this.#place)));
      return sums.indexOf(Math.max(...sums));
    }

    #show() {
      if (!this.#data || !this.isConnected) return;
      if (!this.#parts) this.#build();
      this.#parts.terms.choose({
        image: this.#data.input.images.indexOf(this.#input),
        kernel: this.#kernel,
        slice: this.#slice,
        place: this.#place,
      });
      this.#showInput();
      this.#showOutput();
      this.#showControls();
      if (!this.#timer) this.#say();
    }

    #showInput() {
      const parts = this.#parts;
      const { input, padding, groups_of } = this.#data;
      const [channels, height, width] = this.#input.shape;
      const channel = groups_of[this.#kernel] + this.#slice;
      const size = height * width;
      const limit = customElements.get("heat-map").largest(this.#input.values);
      parts.input.margin = padding;
      parts.input.data = { values: this.#input.values.subarray(channel * size, (channel + 1) * size), shape: [height, width], limit };
      parts.input.boxes = this.#taps();
      parts.inputScale.setAttribute("limit", limit);
      parts.inputName.textContent = channels > 1 ? `${input.name}, channel ${channel}` : input.name;
      parts.input.setAttribute("label", `${parts.inputName.textContent}; the window stands at row ${this.#place[0]}, column ${this.#place[1]}; arrow keys move it`);
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
      const { size, layer, channels, after } = this.#data;
      const key = `${this.#kernel} ${this.#image}`;
      if (!this.#map || this.#map.key !== key) {
        const values = Float32Array.from({ length: size[0] * size[1] }, (_, place) =>
          parts.terms.value(Math.floor(place / size[1]), place % size[1]));
        this.#map = { key, values, shape: size, limit: this.#data.limit || customElements.get("heat-map").largest(values) };
        parts.output.data = this.#map;
        parts.outputScale.setAttribute("limit", this.#map.limit);
      }
      const pool = after.find((step) => step.kind === "pool");
      const window = pool && parts.terms.window(pool, ...this.#place);
      parts.output.cursor = [...this.#place];
      parts.output.boxes = window ? [{
        row: window.row.first, column: window.column.first,
        height: pool.kernel[0], width: pool.kernel[1], role: "second",
      }] : [];
      parts.outputName.textContent = `${layer}, channel ${channels[this.#kernel]}`;
      parts.output.setAttribute("label", `${parts.outputName.textContent}, ${size[0]} rows of ${size[1]} values; arrow keys move from one to the next`);
    }

    #showControls() {
      const parts = this.#parts;
      const { size, channels, groups_of } = this.#data;
      const [row, column] = this.#place;
      const channel = groups_of[this.#kernel] + this.#slice;
      for (const [key, value, text] of [
        ["place", row * size[1] + column, `row ${row}, column ${column} of ${this.#data.layer}`],
        ["kernel", this.#kernel, String(channels[this.#kernel])],
        ["slice", this.#slice, String(channel)],
      ]) {
        parts[key].value = value;
        parts[key].setAttribute("aria-valuetext", text);
        parts[`${key}-shown`].textContent = text;
      }
    }

    /** Told to those who listen, once the kernel rests. */
    #say() {
      clearTimeout(this.#saying);
      this.#saying = setTimeout(() => {
        const [row, column] = this.#place;
        const { said } = this.#parts.terms.result;
        this.#parts.live.textContent = `kernel ${this.#data.channels[this.#kernel]}, row ${row}, column ${column}: ${said}`;
      }, 400);
    }

    // --- how it is moved ---

    #go(row, column) {
      const [rows, columns] = this.#data.size;
      this.#place = [Math.max(0, Math.min(rows - 1, row)), Math.max(0, Math.min(columns - 1, column))];
      this.#show();
      this.#moved();
    }

    #moved() {
      const [row, column] = this.#place;
      const detail = { kernel: this.#kernel, channel: this.#data.channels[this.#kernel], row, column };
      this.dispatchEvent(new CustomEvent("place", { detail }));
    }

    /** On the slider, too, up and down go from row to row. */
    #key(event) {
      const [row, column] = this.#place;
      const to = { ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], Home: [row, 0], End: [row, this.#data.size[1] - 1] }[event.key];
      if (!to || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.#go(...to);
    }

    /** The place whose window has this pixel in its middle. */
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
      this.#show();
    }
  }
  customElements.define("kernel-slide", KernelSlide);
})();
