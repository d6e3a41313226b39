// <line-chart>: lines with their intervals, and the same numbers as a table.
//
// .data = {
//   title, x: { label }, y: { label, from, to },
//   series: [{ name, x: [...], y: [...], low: [...], high: [...] }]   low and high may lack
// }
// Attribute source names a data block.
(() => {
  "use strict";
  const Svg = "http://www.w3.org/2000/svg";
  const put = (name, attributes, ...children) => {
    const made = document.createElementNS(Svg, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    made.append(...children);
    return made;
  };
  const written = (value) => String(+value.toPrecision(3)).replace("-", "−");

  /** Round numbers between two bounds, four to eight of them. */
  function ticks(low, high) {
    const rough = (high - low) / 5 || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
    const found = [];
    for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) found.push(+at.toPrecision(12));
    return found;
  }

  class LineChart extends HTMLElement {
    #data = null;
    #width = 0;
    #drawing = document.createElement("div");

    connectedCallback() {
      const source = this.getAttribute("source");
      if (source && !this.#data) this.data = JSON.parse(document.getElementById(source).textContent);
    }

    set data(data) {
      this.#data = data;
      this.#drawing.className = "chart-drawing";
      this.replaceChildren(this.#drawing, this.#keys(), this.#table());
      new ResizeObserver(() => {
        const width = Math.min(this.clientWidth, 720);
        if (width && width !== this.#width) {
          this.#width = width;
          this.#draw();
        }
      }).observe(this);
    }

    #keys() {
      const list = document.createElement("ul");
      list.className = "chart-keys";
      this.#data.series.forEach((series, place) => {
        const item = document.createElement("li");
        const line = put("svg", { width: 28, height: 10, "aria-hidden": "true" },
          put("line", { x1: 1, x2: 27, y1: 5, y2: 5, class: `line series-${place % 6}` }));
        item.append(line, series.name);
        list.append(item);
      });
      list.hidden = this.#data.series.length < 2;
      return list;
    }

    #table() {
      const { series, x } = this.#data;
      const details = document.createElement("details");
      const summary = document.createElement("summary");
      summary.textContent = "the numbers";
      const table = document.createElement("table");
      table.className = "numbers";
      const row = (cells, kind) => {
        const made = document.createElement("tr");
        cells.forEach((text, place) => {
          const cell = document.createElement(kind === "head" || place === 0 ? "th" : "td");
          cell.scope = kind === "head" ? "col" : "row";
          if (cell.tagName === "TD") cell.removeAttribute("scope");
          cell.textContent = text;
          made.append(cell);
        });
        return made;
      };
      const places = [...new Set(series.flatMap((each) => each.x))].sort((one, other) => one - other);
      const head = document.createElement("thead");
      head.append(row([x.label, ...series.map((each) => each.name)], "head"));
      const body = document.createElement("tbody");
      for (const place of places) {
        body.append(row([written(place), ...series.map((each) => {
          const at = each.x.indexOf(place);
          if (at < 0) return "";
          const range = each.low ? ` (${written(each.low[at])} to ${written(each.high[at])})` : "";
          return written(each.y[at]) + range;
        })]));
      }
      const scroll = document.createElement("div");
      Object.assign(scroll, { className: "scroll", tabIndex: 0 });
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", `the numbers of: ${this.#data.title}`);
      table.append(head, body);
      scroll.append(table);
      details.append(summary, scroll);
      return details;
    }

    #draw() {
      const { series, x, y, title } = this.#data;
      const width = this.#width;
      const height = Math.max(200, Math.min(320, width * 0.5));
      const room = { left: 48, right: 12, top: 26, bottom: 40 };
      const xs = series.flatMap((each) => each.x);
      const ys = series.flatMap((each) => [...each.y, ...(each.low || []), ...(each.high || [])]);
      const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
      const [y0, y1] = [y.from ?? Math.min(...ys), y.to ?? Math.max(...ys)];
      const across = (value) => room.left + ((value - x0) / (x1 - x0 || 1)) * (width - room.left - room.right);
      const up = (value) => height - room.bottom - ((value - y0) / (y1 - y0 || 1)) * (height - room.top - room.bottom);
      const drawing = put("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${title}: a chart of ${y.label} over ${x.label}; the numbers stand in the table below it` });
      for (const tick of ticks(y0, y1)) {
        drawing.append(
          put("line", { x1: room.left, x2: width - room.right, y1: up(tick), y2: up(tick), class: "grid" }),
          put("text", { x: room.left - 6, y: up(tick) + 4, "text-anchor": "end" }, written(tick)));
      }
      for (const tick of ticks(x0, x1)) {
        drawing.append(put("text", { x: across(tick), y: height - room.bottom + 17, "text-anchor": "middle" }, written(tick)));
      }
      drawing.append(
        put("text", { x: room.left - 6, y: 12, "text-anchor": "start", class: "label" }, y.label),
        put("text", { x: width - room.right, y: height - 6, "text-anchor": "end", class: "label" }, x.label));
      series.forEach((each, place) => {
        const point = (value, at) => `${across(each.x[at]).toFixed(1)} ${up(value).toFixed(1)}`;
        if (each.low) {
          const outline = [...each.high.map(point), ...each.low.map((value, at) => point(value, at)).reverse()];
          drawing.append(put("path", { d: `M${outline.join("L")}Z`, class: `band series-${place % 6}` }));
        }
        drawing.append(put("path", { d: `M${each.y.map(point).join("L")}`, class: `line series-${place % 6}` }));
      });
      this.#drawing.replaceChildren(drawing);
    }
  }
  customElements.define("line-chart", LineChart);
})();
