// <field-view>: what of the image one unit sees, layer by layer.
//
// .data = {
//   pictures: [uint8 C×H×W, …] (or the name of a data block that holds them as images),
//   layers: [{ name, size: [rows, columns], field: [h, w], start: [y, x], jump: [y, x],
//              effective: H×W or null, unit: [row, column] of that,
//              only: true where but that one unit is known, and size is [1, 1] }]
// }
// .image chooses one.  Attribute source names a data block.  Needs heat-map.js, colour-scale.js.
(() => {
  "use strict";
  /** The pictures themselves, or those of the block of the page that is named. */
  const picturesOf = ({ pictures }) => (typeof pictures === "string"
    ? JSON.parse(document.getElementById(pictures).textContent).images : pictures);

  class FieldView extends HTMLElement {
    #data = null;
    #image = 0;
    #layer = 0;
    #unit = [0, 0];
    #parts = null;

    connectedCallback() {
      const source = this.getAttribute("source");
      if (source && !this.#data) this.data = JSON.parse(document.getElementById(source).textContent);
      else this.#show();
    }

    set data(data) {
      const unpack = customElements.get("heat-map").unpack;
      this.#data = {
        images: picturesOf(data).map(unpack),
        layers: data.layers.map((layer) => ({ ...layer, effective: layer.effective && unpack(layer.effective) })),
      };
      this.#layer = Math.floor(data.layers.length / 2);
      this.#middle();
      this.#show();
    }

    get image() { return this.#image; }

    set image(image) {
      this.#image = image;
      this.#show();
    }

    #middle() {
      this.#unit = this.#data.layers[this.#layer].size.map((side) => Math.floor(side / 2));
    }

    #build() {
      const make = (name, className = "") => Object.assign(document.createElement(name), { className });
      const parts = (this.#parts = {
        picture: make("heat-map"), effective: make("heat-map"), scale: make("colour-scale"),
        told: make("p", "told"), select: make("select"), place: make("input"),
        name: make("figcaption"), other: make("figure", "effective"), note: make("figcaption"),
      });
      this.#data.layers.forEach((layer, place) => parts.select.append(new Option(layer.name, String(place))));
      parts.select.addEventListener("change", () => {
        this.#layer = Number(parts.select.value);
        this.#middle();
        this.#show();
      });
      Object.assign(parts.place, { type: "range", min: 0, step: 1 });
      parts.place.addEventListener("input", () => {
        const [, columns] = this.#data.layers[this.#layer].size;
        const place = Number(parts.place.value);
        this.#go(Math.floor(place / columns), place % columns);
      });
      parts.place.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
        if (!by || event.ctrlKey || event.altKey || event.metaKey) return;
        event.preventDefault();
        this.#go(this.#unit[0] + by[0], this.#unit[1] + by[1]);
      });
      parts.picture.setAttribute("interactive", "");
      parts.picture.addEventListener("move", (event) => {
        event.preventDefault();
        this.#go(this.#unit[0] + event.detail.rows, this.#unit[1] + event.detail.columns);
      });
      parts.picture.addEventListener("cell", ({ detail }) => {
        const { start, jump, field } = this.#data.layers[this.#layer];
        const at = (pixel, axis) => Math.round((pixel - start[axis] - (field[axis] - 1) / 2) / jump[axis]);
        this.#go(at(detail.row, 0), at(detail.column, 1));
      });
      parts.told.setAttribute("role", "status");
      parts.scale.setAttribute("unit", "mean size of the gradient, largest = 1");
      parts.scale.setAttribute("positive", "");
      const control = (text, input) => {
        const label = make("label", "control");
        const span = make("span");
        span.textContent = text;
        label.append(span, input);
        return label;
      };
      const controls = make("div", "controls");
      parts.row = control("unit", parts.place);
      controls.append(control("layer", parts.select), parts.row);
      const left = make("figure");
      left.append(parts.name, parts.picture);
      parts.other.append(parts.note, parts.effective, parts.scale);
      const maps = make("div", "slide-maps");
      maps.append(left, parts.other);
      this.replaceChildren(controls, parts.told, maps);
    }

    #go(row, column) {
      const { size } = this.#data.layers[this.#layer];
      this.#unit = [Math.max(0, Math.min(size[0] - 1, row)), Math.max(0, Math.min(size[1] - 1, column))];
      this.#show();
    }

    #show() {
      if (!this.#data || !this.isConnected) return;
      if (!this.#parts) this.#build();
      const parts = this.#parts;
      const layer = this.#data.layers[this.#layer];
      const image = this.#data.images[this.#image];
      const [channels, height, width] = image.shape;
      const [row, column] = this.#unit.map((unit, axis) => layer.start[axis] + unit * layer.jump[axis]);
      const margin = [0, 1].map((axis) => Math.min(Math.max(0, -layer.start[axis]), 12));
      const last = layer.size.map((side, axis) => layer.start[axis] + (side - 1) * layer.jump[axis] + layer.field[axis]);
      const beyond = [height, width].map((side, axis) => Math.min(Math.max(0, last[axis] - side), 12));
      parts.picture.margin = [margin[0], beyond[1], beyond[0], margin[1]];
      parts.picture.data = { values: image.values, shape: image.shape, kind: channels === 3 ? "colour" : "grey" };
      const box = { row, column, height: layer.field[0], width: layer.field[1] };
      parts.picture.boxes = [box];
      parts.select.value = String(this.#layer);
      parts.row.hidden = layer.size[0] * layer.size[1] < 2;
      parts.place.max = layer.size[0] * layer.size[1] - 1;
      parts.place.value = this.#unit[0] * layer.size[1] + this.#unit[1];
      const seen = [0, 1].map((axis) => {
        const first = [row, column][axis];
        const side = [height, width][axis];
        return [Math.max(0, first), Math.min(side, first + layer.field[axis]) - 1];
      });
      const cut = seen.some(([low, high], axis) => high - low + 1 < layer.field[axis]);
      parts.told.textContent = `Unit (${(layer.only ? layer.unit : this.#unit).join(", ")}) of ${layer.name} sees ${layer.field[0]}×${layer.field[1]} pixels: rows ${seen[0].join(" to ")}, columns ${seen[1].join(" to ")} of the image${cut ? "; the rest is padding" : ""}.`;
      parts.name.textContent = `its field on the image${cut ? " (hatched: padding)" : ""}`;
      parts.picture.setAttribute("label", parts.row.hidden ? parts.told.textContent : `${parts.told.textContent} Arrow keys move the unit.`);
      parts.other.hidden = !layer.effective;
      if (layer.effective) {
        parts.effective.data = { ...layer.effective, limit: 1 };
        parts.effective.boxes = [{
          row: layer.start[0] + (layer.only ? 0 : layer.unit[0] * layer.jump[0]),
          column: layer.start[1] + (layer.only ? 0 : layer.unit[1] * layer.jump[1]),
          height: layer.field[0], width: layer.field[1],
        }];
        parts.scale.setAttribute("limit", "1");
        parts.note.textContent = `how much unit (${layer.unit.join(", ")}) depends on each pixel`;
        parts.effective.setAttribute("label", `effective field of ${layer.name}`);
      }
    }
  }
  customElements.define("field-view", FieldView);
})();
