// <learning-curves>: the loss and the accuracy of a training over its steps.
//
// .data = {
//   steps: how many there will be, moment: the step that is looked at, or null,
//   loss: { step: [...], value: [...] },
//   scores: [{ name, step: [...], value: [...] }]   shares of 1
// }
// A press on it dispatches "moment" with detail { step }, for whoever has no slider at hand.
(() => {
  "use strict";
  const Svg = "http://www.w3.org/2000/svg";
  const MOST = 500;
  const FAR = 20;
  const put = (name, attributes, ...children) => {
    const made = document.createElementNS(Svg, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    made.append(...children);
    return made;
  };
  const thousands = (value) => value.toLocaleString("en-US");
  const written = (value) => String(+value.toPrecision(3)).replace("-", "−");

  /** Round numbers between two bounds. */
  function ticks(low, high, wanted) {
    const rough = (high - low) / wanted || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
    const found = [];
    for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) found.push(+at.toPrecision(12));
    return found;
  }

  /** At most so many points: means over neighbours. */
  function thinned({ step, value }) {
    const width = Math.ceil(step.length / MOST);
    if (width <= 1) return { step, value };
    const found = { step: [], value: [] };
    for (let at = 0; at < step.length; at += width) {
      const part = value.slice(at, at + width).filter(Number.isFinite);
      found.step.push(step[Math.min(at + width, step.length) - 1]);
      found.value.push(part.reduce((sum, each) => sum + each, 0) / part.length);
    }
    return found;
  }

  /** How far values stick out over the top, in words. */
  function far(values, high) {
    const most = Math.max(...values.filter(Number.isFinite));
    return most > high ? `, at its highest ${written(most)}` : "";
  }

  /** What a line tends to: each value counts less the older it is. */
  function smoothed(values) {
    let mean = null;
    return values.map((value) => {
      if (Number.isFinite(value)) mean = mean === null ? value : 0.7 * mean + 0.3 * value;
      return mean;
    });
  }

  class LearningCurves extends HTMLElement {
    #data = null;
    #width = 0;
    #across = null;
    #drawing = document.createElement("div");
    #keys = document.createElement("ul");

    connectedCallback() {
      if (this.firstChild) return;
      this.#keys.className = "chart-keys";
      this.#drawing.className = "chart-drawing";
      this.append(this.#drawing, this.#keys);
      this.#drawing.addEventListener("click", (event) => this.#point(event));
      new ResizeObserver(() => {
        if (this.clientWidth && this.clientWidth !== this.#width) {
          this.#width = this.clientWidth;
          this.#draw();
        }
      }).observe(this);
    }

    set data(data) {
      this.#data = data;
      this.#draw();
    }

    #point(event) {
      if (!this.#across) return;
      const area = this.#drawing.getBoundingClientRect();
      const step = this.#across.invert(event.clientX - area.left);
      this.dispatchEvent(new CustomEvent("moment", { detail: { step } }));
    }

    #draw() {
      if (!this.#data || !this.#width) return;
      const two = this.#width >= 640;
      const gap = 40;
      const wide = two ? (this.#width - gap) / 2 : this.#width;
      const tall = Math.max(176, Math.min(272, wide * 0.5));
      const total = two ? tall : 2 * tall + 8;
      const drawing = put("svg", { viewBox: `0 0 ${this.#width} ${total}`, width: this.#width, height: total, role: "img", "aria-label": this.#words() });
      const { loss, scores } = this.#data;
      const thin = thinned(loss);
      const panels = [
        { label: "loss", lines: [{ ...thin, name: "raw" }, { step: thin.step, value: smoothed(thin.value) }], low: 0, high: this.#high(thin.value) },
        { label: "accuracy", lines: scores, low: 0, high: 1, dots: true },
      ];
      panels.forEach((panel, place) => {
        const corner = two ? [place * (wide + gap), 0] : [0, place * (tall + 8)];
        drawing.append(this.#panel(panel, corner, wide, tall));
      });
      this.#drawing.replaceChildren(drawing);
      this.#keys.replaceChildren(...scores.map(({ name }, place) => {
        const item = document.createElement("li");
        item.append(put("svg", { width: 28, height: 10, "aria-hidden": "true" },
          put("line", { x1: 1, x2: 27, y1: 5, y2: 5, class: `line series-${place % 6}` })), name);
        return item;
      }));
    }

    /** All of it is shown, the first steps, too; only what would flatten all others sticks out. */
    #high(values) {
      const finite = values.filter(Number.isFinite);
      if (!finite.length) return 1;
      const sorted = [...finite].sort((one, other) => one - other);
      const usual = sorted[Math.floor(0.97 * (sorted.length - 1))];
      return Math.max(1.05 * Math.min(sorted[sorted.length - 1], Math.max(FAR * usual, finite[0])), 1e-9);
    }

    #panel({ label, lines, low, high, dots }, [left, top], wide, tall) {
      const room = { left: 40, right: 10, top: 24, bottom: 38 };
      const end = Math.max(1, this.#data.steps);
      const [from, to] = [left + room.left, left + wide - room.right];
      const across = (step) => from + (step / end) * (to - from);
      const up = (value) => top + tall - room.bottom - ((Math.min(value, high) - low) / (high - low)) * (tall - room.top - room.bottom);
      this.#across = { invert: (x) => {
        const place = x >= left ? x : x + (this.#width - wide);
        return Math.round(Math.max(0, Math.min(1, (place - from) / (to - from))) * end);
      } };
      const group = put("g", {});
      for (const tick of ticks(low, high, 4)) {
        group.append(
          put("line", { x1: from, x2: to, y1: up(tick), y2: up(tick), class: "grid" }),
          put("text", { x: from - 6, y: up(tick) + 4, "text-anchor": "end" }, dots ? `${Math.round(100 * tick)}` : written(tick)));
      }
      for (const tick of ticks(0, end, Math.max(2, Math.floor(wide / 90)))) {
        group.append(put("text", { x: across(tick), y: top + tall - room.bottom + 17, "text-anchor": "middle" }, thousands(tick)));
      }
      group.append(
        put("text", { x: from - 6, y: top + 12, class: "label" }, dots ? `${label}, %` : label + far(lines[0].value, high)),
        put("text", { x: to, y: top + tall - 4, "text-anchor": "end", class: "label" }, "step"));
      if (this.#data.moment !== null) {
        group.append(put("line", { x1: across(this.#data.moment), x2: across(this.#data.moment), y1: top + room.top, y2: top + tall - room.bottom, class: "moment" }));
      }
      lines.forEach((line, place) => {
        const points = line.step.map((step, at) => [across(step), line.value[at]]).filter(([, value]) => Number.isFinite(value));
        const path = points.map(([x, value]) => `${x.toFixed(1)} ${up(value).toFixed(1)}`).join("L");
        const series = dots ? `series-${place % 6}` : "series-0";
        if (points.length > 1) group.append(put("path", { d: `M${path}`, class: line.name === "raw" ? "raw" : `line ${series}` }));
        if (dots) for (const [x, value] of points) group.append(put("circle", { cx: x, cy: up(value), r: 2.5, class: `dot ${series}` }));
      });
      return group;
    }

    #words() {
      const { loss, scores } = this.#data;
      const last = loss.value[loss.value.length - 1];
      const parts = loss.value.length ? [`loss from ${written(loss.value[0])} to ${written(last)}`] : ["no loss yet"];
      for (const { name, value } of scores) if (value.length) parts.push(`${name} ${written(100 * value[value.length - 1])} %`);
      return `learning curves: ${parts.join("; ")}`;
    }
  }
  customElements.define("learning-curves", LearningCurves);
})();
