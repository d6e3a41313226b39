// <network-strip>: the network as a row of cards, from the image to the answer.
//
// .data = {
//   pictures: [uint8 C×H×W, …] (or the name of a data block that holds them as images),
//   volume, layers: [{ name, volume }], classes: [...],
//   images: [{ maps: [C×H×W of each layer], bars: [share of each class] }]
// }
// Each card has miniatures of its first four maps; choosing one dispatches "layer".
// .image chooses one.  Attribute source names a data block.  Needs heat-map.js.
(() => {
  "use strict";
  const element = (name, className = "", ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };

  /** The pictures themselves, or those of the block of the page that is named. */
  const picturesOf = ({ pictures }) => (typeof pictures === "string"
    ? JSON.parse(document.getElementById(pictures).textContent).images : pictures);

  /** What is above 0 never shows as 0, nor what is below 1 as 100. */
  function percent(share) {
    const text = (100 * share).toFixed(1);
    const shown = share > 0 && text === "0.0" ? "< 0.1" : share < 1 && text === "100.0" ? "> 99.9" : text;
    return `${shown}\u00a0%`;
  }

  class NetworkStrip extends HTMLElement {
    #data = null;
    #image = 0;
    #input = null;
    #cards = [];
    #bars = [];

    connectedCallback() {
      const source = this.getAttribute("source");
      if (source && !this.#data) this.data = JSON.parse(document.getElementById(source).textContent);
    }

    set data(given) {
      const data = { ...given, inputs: picturesOf(given) };
      this.#data = data;
      const list = element("ol", "strip");
      list.tabIndex = 0;
      list.setAttribute("aria-label", this.getAttribute("label") || "the network, layer by layer");
      this.#input = document.createElement("heat-map");
      this.#input.setAttribute("label", "the image");
      list.append(element("li", "card image", this.#input, element("b", "", "input"), element("small", "", data.volume)));
      this.#cards = data.layers.map((layer) => {
        const maps = element("span", "miniatures");
        const button = element("button", "", maps, element("b", "", layer.name), element("small", "", layer.volume));
        button.type = "button";
        button.addEventListener("click", () => this.dispatchEvent(
          new CustomEvent("layer", { bubbles: true, detail: { layer: layer.name } })));
        list.append(element("li", "card", button));
        return maps;
      });
      if (data.classes.length) list.append(this.#answer());
      this.replaceChildren(list);
      this.image = this.#image;
    }

    /** The likeliest classes, at most ten. */
    #answer() {
      this.#bars = answerRows(Math.min(10, this.#data.classes.length));
      const table = element("table", "answer", element("tbody", "", ...this.#bars.map((bar) => bar.row)));
      return element("li", "card result", table, element("b", "", "result"));
    }

    get image() { return this.#image; }

    set image(image) {
      this.#image = image;
      if (!this.#data) return;
      const HeatMap = customElements.get("heat-map");
      const chosen = this.#data.images[image];
      const input = HeatMap.unpack(this.#data.inputs[image]);
      this.#input.data = { ...input, kind: input.shape[0] === 3 ? "colour" : "grey" };
      this.#cards.forEach((card, place) => {
        const maps = HeatMap.unpack(chosen.maps[place]);
        const [channels, height, width] = maps.shape;
        const limit = HeatMap.largest(maps.values);
        const shown = Math.min(4, channels);
        while (card.childElementCount < shown) card.append(document.createElement("heat-map"));
        [...card.children].forEach((map, channel) => {
          const size = height * width;
          map.data = { values: maps.values.subarray(channel * size, (channel + 1) * size), shape: [height, width], limit };
        });
      });
      const order = chosen.bars.map((share, place) => [share, place]).sort((one, other) => other[0] - one[0]);
      this.#bars.forEach((bar, rank) => {
        const [share, place] = order[rank];
        bar.name.textContent = this.#data.classes[place];
        bar.number.textContent = percent(share);
        bar.fill.setAttribute("width", String(100 * share));
      });
    }
  }

  function answerRows(count) {
    const Svg = "http://www.w3.org/2000/svg";
    return Array.from({ length: count }, () => {
      const name = element("th");
      name.scope = "row";
      const number = element("td");
      const drawing = document.createElementNS(Svg, "svg");
      drawing.setAttribute("class", "bar");
      drawing.setAttribute("viewBox", "0 0 100 6");
      drawing.setAttribute("preserveAspectRatio", "none");
      drawing.setAttribute("aria-hidden", "true");
      const [track, fill] = ["track", "fill work"].map((role) => {
        const rect = document.createElementNS(Svg, "rect");
        rect.setAttribute("class", role);
        rect.setAttribute("width", "100");
        rect.setAttribute("height", "6");
        drawing.append(rect);
        return rect;
      });
      void track;
      return { name, number, fill, row: element("tr", "", name, number, element("td", "", drawing)) };
    });
  }
  customElements.define("network-strip", NetworkStrip);
})();
