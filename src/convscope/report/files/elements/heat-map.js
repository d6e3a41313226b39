// <heat-map>: one array of numbers as colours, zero in the middle of the scale.
//
// .data = { values | base64 + type, shape: [h, w] or [c, h, w], limit, kind }
//   kind "diverging" (default), "grey" or "colour" (uint8 pixels);
//   limit is the number at either end of the scale, by default the largest size.
// .margin = [top, right, bottom, left] cells of padding around it, drawn as hatching
// .boxes = [{ row, column, height, width, role }]; .cursor = [row, column] or null
// Attributes: label (for screen readers), interactive (arrow keys and pointer move the cursor
// and dispatch "cell"; before an arrow key does, "move" is dispatched and may be cancelled),
// numbers (values are written into cells that are large enough), source (a data block of
// the page, { images: [data, …] }, of which .image chooses one).
(() => {
  "use strict";
  const tables = new Map();
  const maps = new Set();

  /** Typed arrays as they are; base64 from a page's data block becomes one. */
  function unpack(packed) {
    if (!packed || packed.values) return packed;
    const bytes = Uint8Array.from(atob(packed.base64), (sign) => sign.charCodeAt(0));
    let values = bytes;
    if (packed.type === "float32") values = new Float32Array(bytes.buffer);
    if (packed.type === "int8") values = new Int8Array(bytes.buffer);
    if (packed.scale) values = Float32Array.from(values, (value) => value * packed.scale);
    return { ...packed, values };
  }

  /** The colours from −limit to limit as 511 RGB triples, from the page's own scale. */
  function shades(element) {
    const text = getComputedStyle(element).getPropertyValue("--diverging").trim();
    if (!tables.has(text)) {
      const anchors = text.split(/\s+/).map((colour) =>
        [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16)));
      const table = new Uint8ClampedArray(3 * 511);
      for (let step = 0; step < 511; step++) {
        const place = (step / 510) * (anchors.length - 1);
        const below = Math.min(Math.floor(place), anchors.length - 2);
        for (let channel = 0; channel < 3; channel++) {
          const [low, high] = [anchors[below][channel], anchors[below + 1][channel]];
          table[3 * step + channel] = low + (high - low) * (place - below);
        }
      }
      tables.set(text, table);
    }
    return tables.get(text);
  }

  /** A number as people read it, with a true minus sign. */
  function written(value, digits = 3) {
    if (!Number.isFinite(value)) return "not a number";
    const size = Math.abs(value);
    const large = size >= 100000 || (digits > 3 && size > 0 && size < 0.5 * 10 ** -digits);
    const text = large ? value.toExponential(2) : value.toFixed(digits);
    return text.replace(/-/g, "−").replace(/^−(0\.?0*)$/, "$1");
  }

  /** Black or white, whichever is read better on a colour (WCAG's relative luminance). */
  function ink(colour) {
    const [red, green, blue] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
  }

  const largest = (values) => {
    let limit = 0;
    for (const value of values) if (Math.abs(value) > limit) limit = Math.abs(value);
    return limit || 1;
  };

  class HeatMap extends HTMLElement {
    static observedAttributes = ["label"];
    static unpack = unpack;
    static shades = shades;
    static written = written;
    static largest = largest;
    static ink = ink;

    #data = null;
    #cursor = null;
    #boxes = [];
    #margin = [0, 0, 0, 0];
    #canvas = document.createElement("canvas");
    #picture = document.createElement("canvas");
    #waiting = false;
    #images = null;
    #table = null;
    #limit = 1;

    connectedCallback() {
      const source = this.getAttribute("source");
      if (source && !this.#images) {
        this.#images = JSON.parse(document.getElementById(source).textContent).images;
        this.image = 0;
      }
      const first = !this.#canvas.parentNode;
      if (first) this.append(this.#canvas);
      const alone = !this.closest("button");
      const role = this.hasAttribute("interactive") ? "application" : "img";
      this.#canvas.setAttribute(alone ? "role" : "aria-hidden", alone ? role : "true");
      this.#name();
      if (first && this.hasAttribute("interactive")) {
        this.#canvas.tabIndex = 0;
        this.#canvas.addEventListener("keydown", (event) => this.#key(event));
        this.#canvas.addEventListener("pointerdown", (event) => this.#point(event));
        this.#canvas.addEventListener("pointermove", (event) => {
          if (event.buttons & 1) this.#point(event);
        });
      }
      maps.add(this);
      sizes.observe(this);
      this.redraw();
    }

    disconnectedCallback() {
      maps.delete(this);
      sizes.unobserve(this);
    }

    attributeChangedCallback() {
      this.#name();
    }

    get data() { return this.#data; }

    set data(data) {
      this.#data = unpack(data);
      this.redraw();
    }

    /** Of a block of several arrays, the one that is shown. */
    set image(image) {
      if (this.#images) this.data = this.#images[Math.min(image, this.#images.length - 1)];
    }

    get cursor() { return this.#cursor; }

    set cursor(place) {
      this.#cursor = place;
      this.redraw();
    }

    set boxes(boxes) {
      this.#boxes = boxes;
      this.redraw();
    }

    set margin(margin) {
      this.#margin = margin;
      this.redraw();
    }

    /** [height, width] of the values, without the margin. */
    get sides() { return this.#data.shape.slice(-2); }

    valueAt(row, column) {
      const [, width] = this.sides;
      return this.#data.values[row * width + column];
    }

    redraw() {
      if (this.#waiting || !this.isConnected) return;
      this.#waiting = true;
      requestAnimationFrame(() => {
        this.#waiting = false;
        if (this.#data && this.isConnected) this.#draw();
      });
    }

    #name() {
      if (this.#canvas.getAttribute("role")) {
        this.#canvas.setAttribute("aria-label", this.getAttribute("label") || "a map of numbers");
      }
    }

    #draw() {
      const [height, width] = this.sides;
      const [top, right, bottom, left] = this.#margin;
      const [rows, columns] = [height + top + bottom, width + left + right];
      this.#canvas.style.aspectRatio = `${columns} / ${rows}`;
      const shown = this.#canvas.clientWidth;
      if (!shown) return;
      const ratio = window.devicePixelRatio || 1;
      this.#canvas.width = Math.round(shown * ratio);
      this.#canvas.height = Math.round((shown * ratio * rows) / columns);
      const cell = this.#canvas.width / columns;
      const pen = this.#canvas.getContext("2d");
      this.#paint();
      pen.imageSmoothingEnabled = false;
      if (top || right || bottom || left) this.#hatch(pen, cell);
      pen.drawImage(this.#picture, left * cell, top * cell, width * cell, height * cell);
      if (this.hasAttribute("numbers")) this.#write(pen, cell, ratio);
      pen.translate(left * cell, top * cell);
      for (const box of this.#boxes) this.#frame(pen, cell, ratio, box);
      if (this.#cursor) {
        const [row, column] = this.#cursor;
        this.#frame(pen, cell, ratio, { row, column, height: 1, width: 1, role: "cursor" });
      }
      pen.setTransform(1, 0, 0, 1, 0, 0);
    }

    /** The values as pixels, one each. */
    #paint() {
      const { values, kind = "diverging" } = this.#data;
      const [height, width] = this.sides;
      this.#picture.width = width;
      this.#picture.height = height;
      const pen = this.#picture.getContext("2d");
      const pixels = pen.createImageData(width, height);
      this.#table = kind === "diverging" ? shades(this) : null;
      this.#limit = this.#data.limit || (this.#table ? largest(values) : 255);
      for (let place = 0; place < height * width; place++) {
        pixels.data.set([...this.#shade(Math.floor(place / width), place % width), 255], 4 * place);
      }
      pen.putImageData(pixels, 0, 0);
    }

    /** The colour of one value. */
    #shade(row, column) {
      const { values, kind } = this.#data;
      const [height, width] = this.sides;
      const place = row * width + column;
      if (kind === "grey") return [values[place], values[place], values[place]];
      if (kind === "colour") return [0, 1, 2].map((channel) => values[channel * height * width + place]);
      const scaled = Math.max(-1, Math.min(1, values[place] / this.#limit));
      if (Number.isNaN(scaled)) return [128, 128, 128];
      const step = 3 * Math.round((scaled + 1) * 255);
      return this.#table.subarray(step, step + 3);
    }

    #hatch(pen, cell) {
      const step = Math.max(4, cell / 2);
      pen.strokeStyle = this.#colour("--rule");
      pen.lineWidth = 1;
      pen.beginPath();
      for (let x = -this.#canvas.height; x < this.#canvas.width; x += step) {
        pen.moveTo(x, this.#canvas.height);
        pen.lineTo(x + this.#canvas.height, 0);
      }
      pen.stroke();
    }

    #write(pen, cell, ratio) {
      if (cell < 22 * ratio) return;
      const [height, width] = this.sides;
      const bytes = this.#data.kind === "grey";
      pen.font = `${Math.min(cell * 0.4, 13 * ratio)}px system-ui, sans-serif`;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const value = this.valueAt(row, column);
          pen.fillStyle = ink(this.#shade(row, column));
          const x = (column + 0.5 + this.#margin[3]) * cell;
          const y = (row + 0.5 + this.#margin[0]) * cell;
          pen.fillText(bytes ? String(value) : written(value, 2), x, y);
        }
      }
    }

    /** A box of two lines, dark and light, so that it is seen on any colour. */
    #frame(pen, cell, ratio, box) {
      const thick = (box.role === "tap" ? 1 : 2) * ratio;
      const [x, y] = [box.column * cell, box.row * cell];
      const [across, down] = [box.width * cell, box.height * cell];
      pen.lineWidth = thick * 2;
      pen.strokeStyle = this.#colour("--paper");
      if (box.role !== "tap") pen.strokeRect(x, y, across, down);
      pen.lineWidth = thick;
      pen.strokeStyle = this.#colour(box.role === "second" ? "--accent" : "--ink");
      pen.strokeRect(x, y, across, down);
    }

    #colour(name) {
      return getComputedStyle(this).getPropertyValue(name).trim() || "#808080";
    }

    #key(event) {
      const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      const move = moves[event.key];
      if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const detail = { rows: move[0], columns: move[1] };
      if (!this.dispatchEvent(new CustomEvent("move", { detail, cancelable: true }))) return;
      const [height, width] = this.sides;
      const [row, column] = this.#cursor || [0, 0];
      this.#go(
        Math.max(0, Math.min(height - 1, row + move[0])),
        Math.max(0, Math.min(width - 1, column + move[1])),
      );
    }

    #point(event) {
      const area = this.#canvas.getBoundingClientRect();
      const [height, width] = this.sides;
      const [top, right, bottom, left] = this.#margin;
      const row = Math.floor(((event.clientY - area.top) / area.height) * (height + top + bottom));
      const column = Math.floor(((event.clientX - area.left) / area.width) * (width + left + right));
      this.#go(
        Math.max(0, Math.min(height - 1, row - top)),
        Math.max(0, Math.min(width - 1, column - left)),
      );
    }

    #go(row, column) {
      this.cursor = [row, column];
      this.dispatchEvent(new CustomEvent("cell", { detail: { row, column } }));
    }
  }

  const sizes = new ResizeObserver((entries) => {
    for (const entry of entries) entry.target.redraw();
  });
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    window.matchMedia(query).addEventListener("change", () => {
      for (const map of maps) map.redraw();
    });
  }
  customElements.define("heat-map", HeatMap);
})();
