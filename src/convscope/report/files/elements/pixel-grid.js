// <pixel-grid>: a picture beside its own numbers; what does not fit is a window that moves.
//
// .data = { images: [uint8 C×H×W, …], names: ["red", …] of the channels }
// .image chooses one.  Attribute source names a data block.  Needs heat-map.js.
(() => {
  "use strict";
  const CELL = 26;

  class PixelGrid extends HTMLElement {
    #data = null;
    #image = 0;
    #channel = 0;
    #cursor = [0, 0];
    #picture = document.createElement("heat-map");
    #numbers = document.createElement("heat-map");
    #told = document.createElement("p");
    #corner = null;
    #window = [0, 0];

    connectedCallback() {
      if (!this.#picture.isConnected) {
        this.#picture.setAttribute("interactive", "");
        this.#numbers.setAttribute("interactive", "");
        this.#numbers.setAttribute("numbers", "");
        this.#told.className = "told";
        this.#told.setAttribute("role", "status");
        const left = document.createElement("figure");
        left.append(this.#picture, this.#told);
        left.className = "whole-picture";
        const right = document.createElement("figure");
        right.className = "picture-numbers";
        right.append(this.#numbers);
        this.replaceChildren(left, right);
        this.#picture.addEventListener("cell", ({ detail }) => this.#go(detail.row, detail.column));
        this.#numbers.addEventListener("cell", ({ detail }) =>
          this.#go(detail.row + this.#corner[0], detail.column + this.#corner[1]));
        this.#numbers.addEventListener("move", (event) => {
          event.preventDefault();
          this.#go(this.#cursor[0] + event.detail.rows, this.#cursor[1] + event.detail.columns);
        });
        new ResizeObserver(() => this.#show()).observe(right);
      }
      const source = this.getAttribute("source");
      if (source && !this.#data) this.data = JSON.parse(document.getElementById(source).textContent);
    }

    set data(data) {
      this.#data = { ...data, images: data.images.map(customElements.get("heat-map").unpack) };
      const [, height, width] = this.#data.images[0].shape;
      this.#cursor = [Math.floor(height / 2), Math.floor(width / 2)];
      this.#show();
    }

    get image() { return this.#image; }

    set image(image) {
      this.#image = image;
      this.#show();
    }

    #go(row, column) {
      const [, height, width] = this.#data.images[this.#image].shape;
      this.#cursor = [Math.max(0, Math.min(height - 1, row)), Math.max(0, Math.min(width - 1, column))];
      this.#show();
    }

    /** As many cells as there is room for, around the cursor. */
    #place(height, width) {
      const room = this.#numbers.parentElement.clientWidth;
      const fit = Math.max(6, Math.floor(room / CELL));
      const sides = [Math.min(height, Math.min(fit, 28)), Math.min(width, Math.min(fit, 28))];
      const whole = [height, width];
      this.#window = sides;
      const moved = sides.map((side, axis) => {
        const now = this.#cursor[axis];
        const low = this.#corner ? this.#corner[axis] : now - Math.floor(side / 2);
        const first = now < low ? now : now >= low + side ? now - side + 1 : low;
        return Math.max(0, Math.min(whole[axis] - side, first));
      });
      // Before the page is laid out there is no room, and no window to remember.
      this.#corner = moved;
      if (!room) this.#corner = null;
      return moved;
    }

    #show() {
      if (!this.#data || !this.isConnected) return;
      const image = this.#data.images[this.#image];
      const [channels, height, width] = image.shape;
      const [top, left] = this.#place(height, width);
      const [rows, columns] = this.#window;
      const plane = image.values.subarray(this.#channel * height * width, (this.#channel + 1) * height * width);
      const part = new Uint8Array(rows * columns);
      for (let row = 0; row < rows; row++) {
        part.set(plane.subarray((row + top) * width + left, (row + top) * width + left + columns), row * columns);
      }
      this.#picture.data = { values: image.values, shape: image.shape, kind: channels === 3 ? "colour" : "grey" };
      this.#picture.cursor = this.#cursor;
      this.#picture.boxes = rows < height || columns < width
        ? [{ row: top, column: left, height: rows, width: columns, role: "second" }] : [];
      this.#numbers.data = { values: part, shape: [rows, columns], kind: "grey" };
      this.#numbers.cursor = [this.#cursor[0] - top, this.#cursor[1] - left];
      const [row, column] = this.#cursor;
      const values = Array.from({ length: channels }, (_, channel) =>
        image.values[(channel * height + row) * width + column]);
      const names = channels === 3 ? ["red", "green", "blue"] : [""];
      this.#told.textContent = `row ${row}, column ${column}: ${values.map((value, channel) => `${names[channel]} ${value}`.trim()).join(", ")}`;
      this.#picture.setAttribute("label", `the picture, ${height} rows of ${width} pixels; arrow keys move over it`);
      this.#numbers.setAttribute("label", `the numbers of rows ${top} to ${top + rows - 1}, columns ${left} to ${left + columns - 1}`);
    }
  }
  customElements.define("pixel-grid", PixelGrid);
})();
