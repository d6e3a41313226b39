// <colour-scale limit="2.5" unit="activation">: the legend of heat maps, always beside them;
// with the attribute positive only from 0 on.
// Needs heat-map.js.  Properties limit and unit may change.
(() => {
  "use strict";
  class ColourScale extends HTMLElement {
    static observedAttributes = ["limit", "unit", "positive"];
    #low = document.createElement("span");
    #bar = document.createElement("heat-map");
    #high = document.createElement("span");
    #unit = document.createElement("span");

    connectedCallback() {
      if (!this.#bar.isConnected) {
        const from = this.hasAttribute("positive") ? 0 : -1;
        const steps = Float32Array.from({ length: 101 }, (_, place) => from + ((1 - from) * place) / 100);
        this.#bar.data = { values: steps, shape: [1, 101], limit: 1 };
        this.#unit.className = "unit";
        this.append(this.#low, this.#bar, this.#high, this.#unit);
      }
      this.attributeChangedCallback();
    }

    attributeChangedCallback() {
      const limit = Number(this.getAttribute("limit")) || 1;
      const digits = limit >= 100 ? 0 : limit >= 10 ? 1 : limit >= 1 ? 2 : 3;
      const text = customElements.get("heat-map").written(limit, digits);
      const positive = this.hasAttribute("positive");
      this.#low.textContent = positive ? "0" : `−${text}`;
      this.#high.textContent = text;
      this.#unit.textContent = this.getAttribute("unit") || "";
      const unit = this.getAttribute("unit") || "values";
      this.#bar.setAttribute("label", `colours of ${unit}: ${positive ? "from" : `from −${text}, blue, over`} 0, the colour of the page, to ${text}, orange`);
    }
  }
  customElements.define("colour-scale", ColourScale);
})();
