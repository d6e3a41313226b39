// <activation-maps>: what each channel of each layer makes of an image.
//
// .data = {
//   layers: [{ name, kind, volume, shown, of }],
//   images: [{ maps: [C×H×W of each layer] }]
// }
// .image chooses one.  Each layer has a scale of its own.  A map that is chosen (click, or
// arrow keys among a layer's maps) stands large beside the others, and its values can be read.
// Attribute source names a data block.  Needs heat-map.js and colour-scale.js.
(() => {
  "use strict";
  class LayerMaps {
    constructor(layer, place) {
      this.layer = layer;
      this.chosen = null;
      this.root = document.createElement("section");
      this.root.className = "layer-maps";
      this.root.id = `maps-of-${place}`;
      const head = document.createElement("header");
      const name = document.createElement("h3");
      name.textContent = layer.name;
      const kind = document.createElement("span");
      kind.textContent = layer.volume;
      head.append(name, kind);
      if (layer.shown < layer.of) {
        const part = document.createElement("span");
        part.className = "part";
        part.textContent = `the first ${layer.shown} of ${layer.of} channels`;
        head.append(part);
      }
      this.grid = document.createElement("div");
      this.grid.className = "maps-grid";
      this.grid.setAttribute("role", "toolbar");
      this.grid.setAttribute("aria-label", `channels of ${layer.name}`);
      this.grid.addEventListener("keydown", (event) => this.key(event));
      this.large = document.createElement("heat-map");
      this.large.setAttribute("interactive", "");
      this.large.addEventListener("cell", () => this.tell());
      this.scale = document.createElement("colour-scale");
      this.scale.setAttribute("unit", `values of ${layer.name}`);
      this.told = document.createElement("figcaption");
      this.told.setAttribute("aria-live", "polite");
      const side = document.createElement("figure");
      side.className = "large-map";
      side.append(this.told, this.large, this.scale);
      const body = document.createElement("div");
      body.className = "layer-maps-body";
      body.append(this.grid, side);
      this.root.append(head, body);
      this.buttons = [];
    }

    show(packed) {
      const HeatMap = customElements.get("heat-map");
      this.maps = HeatMap.unpack(packed);
      const [channels, height, width] = this.maps.shape;
      this.limit = HeatMap.largest(this.maps.values);
      while (this.buttons.length < channels) this.add(this.buttons.length);
      this.buttons.forEach((button, channel) => {
        button.firstChild.data = this.plane(channel, height * width);
        button.setAttribute("aria-label", `channel ${channel}`);
      });
      this.scale.setAttribute("limit", this.limit);
      this.choose(this.chosen ?? this.loudest());
    }

    /** The channel that is most active, to begin with: the first may well be blank. */
    loudest() {
      const [channels, height, width] = this.maps.shape;
      const sizes = Array.from({ length: channels }, (_, channel) =>
        this.plane(channel, height * width).values.reduce((sum, value) => sum + Math.abs(value), 0));
      return sizes.indexOf(Math.max(...sizes));
    }

    plane(channel, size) {
      const values = this.maps.values.subarray(channel * size, (channel + 1) * size);
      return { values, shape: this.maps.shape.slice(1), limit: this.limit };
    }

    add(channel) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(document.createElement("heat-map"));
      button.addEventListener("click", () => this.choose(channel));
      this.grid.append(button);
      this.buttons.push(button);
    }

    choose(channel) {
      this.chosen = channel;
      const [, height, width] = this.maps.shape;
      this.buttons.forEach((button, place) => {
        button.tabIndex = place === channel ? 0 : -1;
        button.setAttribute("aria-pressed", String(place === channel));
      });
      this.large.data = this.plane(channel, height * width);
      this.large.cursor = this.large.cursor || [Math.floor(height / 2), Math.floor(width / 2)];
      this.large.setAttribute("label", `${this.layer.name}, channel ${channel}, ${height} rows of ${width} values; arrow keys read them`);
      this.tell();
    }

    tell() {
      const [row, column] = this.large.cursor;
      const value = customElements.get("heat-map").written(this.large.valueAt(row, column), 2);
      this.told.textContent = `channel ${this.chosen}, row ${row}, column ${column}: ${value}`;
    }

    key(event) {
      const last = this.buttons.length - 1;
      const across = getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
      const to = { ArrowLeft: this.chosen - 1, ArrowRight: this.chosen + 1, ArrowUp: this.chosen - across, ArrowDown: this.chosen + across, Home: 0, End: last }[event.key];
      if (to === undefined || to < 0 || to > last || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.choose(to);
      this.buttons[to].focus();
    }
  }

  class ActivationMaps extends HTMLElement {
    #data = null;
    #image = 0;
    #layers = [];

    connectedCallback() {
      const source = this.getAttribute("source");
      if (source && !this.#data) this.data = JSON.parse(document.getElementById(source).textContent);
    }

    set data(data) {
      this.#data = data;
      this.#layers = data.layers.map((layer, place) => new LayerMaps(layer, place));
      this.replaceChildren(...this.#layers.map((each) => each.root));
      this.image = this.#image;
    }

    get image() { return this.#image; }

    set image(image) {
      this.#image = image;
      if (!this.#data) return;
      const { maps } = this.#data.images[image];
      this.#layers.forEach((each, place) => each.show(maps[place]));
    }

    /** Brings a layer into view, by its name. */
    set layer(name) {
      const found = this.#layers.find((each) => each.layer.name === name);
      if (!found) return;
      const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      found.root.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
      found.buttons[found.chosen].focus({ preventScroll: true });
    }
  }
  customElements.define("activation-maps", ActivationMaps);
})();
