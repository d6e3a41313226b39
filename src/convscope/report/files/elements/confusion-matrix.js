// <confusion-matrix>: how many images of each class were taken for which.
//
// .data = { classes: [names], matrix: [[counts]] }   rows are true, columns predicted
// A cell's colour is its share of the row: right ones on one side of the scale, wrong ones on
// the other.  Needs heat-map.js.  Attribute label.
(() => {
  "use strict";
  const MOST = 40;
  const put = (name, text = "", given = {}) => Object.assign(document.createElement(name), { textContent: text }, given);

  class ConfusionMatrix extends HTMLElement {
    #data = null;
    #classes = "";
    #cells = [];

    connectedCallback() {
      dark.addEventListener("change", this.#again);
      if (this.#data) this.#fill();
    }

    disconnectedCallback() {
      dark.removeEventListener("change", this.#again);
    }

    set data(data) {
      this.#data = data;
      const classes = JSON.stringify(data.classes);
      if (classes !== this.#classes) {
        this.#classes = classes;
        this.#build();
      }
      this.#fill();
    }

    #again = () => this.#fill();

    #build() {
      const { classes } = this.#data;
      this.#cells = [];
      if (classes.length > MOST) {
        this.replaceChildren(put("heat-map"));
        return;
      }
      const table = put("table");
      table.setAttribute("aria-label", this.getAttribute("label") || "true classes in rows, predicted ones in columns");
      const head = put("tr");
      head.append(put("th", "true ↓  taken for →", { scope: "col", className: "corner" }));
      for (const name of classes) {
        const cell = put("th", "", { scope: "col", title: name });
        cell.append(put("span", name));
        head.append(cell);
      }
      head.append(put("th", "right", { scope: "col", className: "right" }));
      const body = put("tbody");
      classes.forEach((name) => {
        const row = put("tr");
        row.append(put("th", name, { scope: "row", title: name }));
        const own = classes.map(() => put("td"));
        own.push(put("td", "", { className: "right" }));
        row.append(...own);
        this.#cells.push(own);
        body.append(row);
      });
      const top = put("thead");
      top.append(head);
      table.append(top, body);
      const scroll = put("div", "", { className: "scroll", tabIndex: 0 });
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", "the confusion matrix");
      scroll.append(table);
      this.replaceChildren(scroll);
    }

    #fill() {
      const { classes, matrix } = this.#data;
      if (!this.isConnected) return;
      const shares = matrix.map((row) => {
        const sum = row.reduce((total, count) => total + count, 0);
        return row.map((count) => (sum ? count / sum : 0));
      });
      const signed = shares.map((row, true_) => row.map((share, taken) => (true_ === taken ? -share : share)));
      if (!this.#cells.length) {
        const map = this.firstElementChild;
        map.setAttribute("label", this.getAttribute("label") || "confusion matrix");
        map.data = { values: Float32Array.from(signed.flat()), shape: [classes.length, classes.length], limit: 1 };
        return;
      }
      const { shades, ink } = customElements.get("heat-map");
      const table = shades(this);
      this.#cells.forEach((row, true_) => row.forEach((cell, taken) => {
        if (taken === classes.length) {
          cell.textContent = matrix[true_].some(Boolean) ? `${Math.round(100 * shares[true_][true_])} %` : "–";
          return;
        }
        const count = matrix[true_][taken];
        // Few mistakes are to be seen as well: the scale is steeper near zero.
        const size = Math.sqrt(Math.abs(signed[true_][taken])) * Math.sign(signed[true_][taken]);
        const step = 3 * Math.round((size + 1) * 255);
        const colour = [...table.subarray(step, step + 3)];
        cell.textContent = count ? String(count) : "";
        cell.style.backgroundColor = count ? `rgb(${colour.join(" ")})` : "";
        cell.style.color = count ? ink(colour) : "";
      }));
    }
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  customElements.define("confusion-matrix", ConfusionMatrix);
})();
