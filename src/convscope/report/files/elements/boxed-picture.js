// <boxed-picture>: a picture, or a clip, with boxes, a mask, or what was looked at on it.
//
// .data = {
//   picture: { values, shape: [c, h, w] or [t, c, h, w] },
//   boxes: [{ box: [left, top, right, bottom], text, kind, truth }]   in pixels of the picture
//   mask: { values, shape: [h, w] }                                   0 and 255 are not coloured
//   heat: { values, shape: [rows, columns] }                          the rest is darkened
// }
// .frame is the picture of a clip that is shown; .chosen the number of a box that stands out.
// kind is the number of a class, whose colour colourOf(kind) gives.  Attribute label.
(() => {
  "use strict";
  const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#f0e442", "#8c510a", "#7b3294", "#b8e186"];
  const colourOf = (kind) => COLOURS[((kind % COLOURS.length) + COLOURS.length) % COLOURS.length];
  const parts = (colour) => [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));

  class BoxedPicture extends HTMLElement {
    static observedAttributes = ["label"];
    static colourOf = colourOf;

    #data = null;
    #frame = 0;
    #chosen = null;
    #waiting = false;
    #canvas = document.createElement("canvas");

    connectedCallback() {
      if (!this.#canvas.parentNode) this.append(this.#canvas);
      this.#canvas.setAttribute("role", "img");
      this.attributeChangedCallback();
      sizes.observe(this);
      this.redraw();
    }

    disconnectedCallback() {
      sizes.unobserve(this);
    }

    attributeChangedCallback() {
      this.#canvas.setAttribute("aria-label", this.getAttribute("label") || "a picture");
    }

    set data(data) {
      this.#data = data;
      this.redraw();
    }

    set frame(frame) {
      this.#frame = frame;
      this.redraw();
    }

    set chosen(chosen) {
      this.#chosen = chosen;
      this.redraw();
    }

    get frames() {
      const shape = this.#data?.picture.shape;
      return shape?.length === 4 ? shape[0] : 1;
    }

    redraw() {
      if (this.#waiting || !this.isConnected) return;
      this.#waiting = true;
      requestAnimationFrame(() => {
        this.#waiting = false;
        if (this.#data && this.isConnected) this.#draw();
      });
    }

    #draw() {
      const [height, width] = this.#data.picture.shape.slice(-2);
      this.#canvas.style.aspectRatio = `${width} / ${height}`;
      const across = this.#canvas.clientWidth;
      if (!across) return;
      const ratio = window.devicePixelRatio || 1;
      this.#canvas.width = Math.round(across * ratio);
      this.#canvas.height = Math.round((across * ratio * height) / width);
      const pen = this.#canvas.getContext("2d");
      const whole = [0, 0, this.#canvas.width, this.#canvas.height];
      pen.imageSmoothingEnabled = width > across * ratio;
      pen.drawImage(this.#pixels(), ...whole);
      if (this.#data.mask) pen.drawImage(this.#covered(), ...whole);
      pen.imageSmoothingEnabled = true;
      if (this.#data.heat) pen.drawImage(this.#darkened(), ...whole);
      const boxes = this.#data.boxes || [];
      const order = boxes.map((_, place) => place).sort((one, other) => (one === this.#chosen) - (other === this.#chosen));
      const cell = this.#canvas.width / width;
      for (const place of order) this.#frameOf(pen, boxes[place], place, cell, ratio);
      // The names lie over all frames, and the one that is chosen takes its place first.
      const taken = [];
      for (const place of order.reverse()) if (boxes[place].text) taken.push(this.#nameOf(pen, boxes[place], place, cell, ratio, taken));
    }

    #pixels() {
      const { values, shape } = this.#data.picture;
      const [channels, height, width] = shape.slice(-3);
      const size = height * width;
      const begin = Math.min(this.#frame, this.frames - 1) * channels * size;
      return painted(height, width, (place) => {
        const at = begin + place;
        return channels === 3 ? [values[at], values[at + size], values[at + 2 * size], 255] : [values[at], values[at], values[at], 255];
      });
    }

    #covered() {
      const { values, shape } = this.#data.mask;
      const [height, width] = shape;
      return painted(height, width, (place) => {
        const region = values[place];
        if (region === 0 || region === 255) return [0, 0, 0, 0];
        const edge = place % width === 0 || values[place - 1] !== region || values[place - width] !== region
          || values[place + 1] !== region || values[place + width] !== region;
        return [...parts(colourOf(region - 1)), edge ? 255 : 140];
      });
    }

    #darkened() {
      const { values, shape } = this.#data.heat;
      const most = Math.max(...values) || 1;
      return painted(shape[0], shape[1], (place) => [0, 0, 0, 200 * (1 - values[place] / most)]);
    }

    #frameOf(pen, { box, kind, truth }, place, cell, ratio) {
      const [left, top, right, bottom] = box.map((side) => side * cell);
      const colour = truth ? "#ffffff" : colourOf(kind);
      const thick = (place === this.#chosen ? 3 : 1.5) * ratio;
      pen.lineWidth = thick + 2 * ratio;
      pen.strokeStyle = "#000000";
      pen.setLineDash(truth ? [5 * ratio, 4 * ratio] : []);
      pen.strokeRect(left, top, right - left, bottom - top);
      pen.lineWidth = thick;
      pen.strokeStyle = colour;
      pen.strokeRect(left, top, right - left, bottom - top);
      pen.setLineDash([]);
    }

    /** Written at a corner of the box, or further away, where it covers least of the names that stand there already. */
    #nameOf(pen, { box, text, kind, truth }, place, cell, ratio, taken) {
      const [left, top, right, bottom] = box.map((side) => side * cell);
      const colour = truth ? "#ffffff" : colourOf(kind);
      pen.font = `${place === this.#chosen ? "600 " : ""}${12 * ratio}px system-ui, sans-serif`;
      const wide = pen.measureText(text).width + 8 * ratio;
      const tall = 17 * ratio;
      const inside = ([x, y]) => ({ x: Math.max(0, Math.min(x, this.#canvas.width - wide)), y: Math.max(0, Math.min(y, this.#canvas.height - tall)), wide, tall });
      const corners = [0, 1, 2, 3].map((away) => away * tall).flatMap((away) => [
        [left, top - tall - away], [right - wide, top - tall - away], [left, bottom + away], [right - wide, bottom + away],
        [left, top + away], [right - wide, bottom - tall - away]]).map(inside);
      const covered = (one) => taken.reduce((sum, other) => sum + shared(one, other), 0);
      const chosen = corners.reduce((best, each) => (covered(each) < covered(best) ? each : best));
      const { x, y } = chosen;
      pen.fillStyle = colour;
      pen.fillRect(x, y, wide, tall);
      pen.fillStyle = customElements.get("heat-map").ink(parts(colour));
      pen.textBaseline = "middle";
      pen.fillText(text, x + 4 * ratio, y + 9 * ratio);
      return chosen;
    }
  }

  /** The area that two names both cover. */
  function shared(one, other) {
    const across = Math.min(one.x + one.wide, other.x + other.wide) - Math.max(one.x, other.x);
    const down = Math.min(one.y + one.tall, other.y + other.tall) - Math.max(one.y, other.y);
    return Math.max(0, across) * Math.max(0, down);
  }

  /** A canvas of height × width pixels, each as colourAt says. */
  function painted(height, width, colourAt) {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    const pixels = pen.createImageData(width, height);
    for (let place = 0; place < height * width; place++) pixels.data.set(colourAt(place), 4 * place);
    pen.putImageData(pixels, 0, 0);
    return canvas;
  }

  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => entry.target.redraw()));
  customElements.define("boxed-picture", BoxedPicture);
})();
