// All maps of a layer, a page at a time; the chosen one large, each of its values a unit.

import * as api from "../api.js";
import { once, plane, seeing } from "../looking.js";
import { button, make, trouble } from "../parts/make.js";
import { thousands, value } from "../parts/numbers.js";
import { go, isOff } from "../state.js";

const PAGE = 64;
const SIDE = 64;

/** A page of a layer's maps; with a side, reduced to it. */
export const maps = (now, layer, start, count, side = null) => {
  const question = { ...seeing(now), layer, start, count, side };
  return once(["maps", question], () => api.arrays("inside/maps", question));
};

export class Maps {
  #title = make("h2");
  #kind = make("span.small");
  #grid = make("div.maps-grid", { role: "toolbar" });
  #large = make("heat-map", { interactive: true });
  #scale = make("colour-scale", { unit: "values" });
  #told = make("figcaption");
  #before = button("←", () => this.#turn(-1));
  #after = button("→", () => this.#turn(1));
  #which = make("span.small", { role: "status" });
  #said = make("div");
  #side = make("figure.large-map", {}, this.#told, this.#large, this.#scale);
  #buttons = [];
  #turned = 0;
  #layer = "";
  #start = 0;
  #channel = 0;
  #total = 0;
  #note = "";
  #pager = make("div.row.pager", {}, this.#before, this.#after, this.#which);

  constructor() {
    this.root = make("section.maps", { "aria-label": "maps" },
      make("div.heading", {}, this.#title, this.#kind), this.#said,
      make("div.layer-maps-body", {}, make("div", {}, this.#grid, this.#pager), this.#side));
    this.#grid.addEventListener("keydown", (event) => this.#key(event));
    this.#large.addEventListener("cell", ({ detail }) => this.#unit([this.#channel, detail.row, detail.column]));
  }

  /** The maps of a layer; at is the unit that is looked at. */
  async show(now, card, at) {
    const turn = ++this.#turned;
    const layer = card.name;
    if (layer !== this.#layer) this.#start = PAGE * Math.floor((at?.[0] ?? 0) / PAGE);
    this.#layer = layer;
    this.#channel = at?.[0] ?? 0;
    const flat = card.output.flat;
    if (!flat && (this.#channel < this.#start || this.#channel >= this.#start + PAGE)) this.#start = PAGE * Math.floor(this.#channel / PAGE);
    try {
      const found = await maps(now, layer, this.#start, PAGE, SIDE);
      const large = flat || Math.max(card.output.height, card.output.width) <= SIDE ? null : await maps(now, layer, this.#channel, 1);
      if (turn !== this.#turned) return;
      this.#said.replaceChildren();
      this.#total = found.head.shape[0];
      this.#title.textContent = layer;
      this.#kind.textContent = `${card.notation}, ${card.output.text}${found.head.limit === 0 ? ", all zero on this image" : ""}`;
      if (flat) this.#list(found, at);
      else this.#draw(now, found, large, at);
    } catch (problem) {
      if (turn === this.#turned) this.#said.replaceChildren(trouble(problem));
    }
  }

  #pages(count, what) {
    const last = this.#start + count - 1;
    this.#pager.hidden = this.#total <= PAGE;
    this.#before.disabled = this.#start === 0;
    this.#after.disabled = last + 1 >= this.#total;
    this.#before.setAttribute("aria-label", `${what} before these`);
    this.#after.setAttribute("aria-label", `${what} after these`);
    this.#which.textContent = `${what} ${thousands(this.#start)} to ${thousands(last)} of ${thousands(this.#total)}`;
  }

  #draw(now, { head, arrays }, large, at) {
    const { shape } = arrays.maps;
    this.#grid.className = "maps-grid";
    this.#grid.setAttribute("aria-label", `channels of ${head.layer}`);
    this.#side.hidden = false;
    if (this.#buttons.length !== shape[0]) {
      this.#buttons = Array.from({ length: shape[0] }, (_, place) =>
        button(make("heat-map"), () => this.#choose(this.#start + place)));
      this.#grid.replaceChildren(...this.#buttons);
    }
    this.#buttons.forEach((each, place) => {
      const channel = this.#start + place;
      each.firstChild.data = { values: plane(arrays.maps, place), shape: shape.slice(1), limit: head.limit };
      each.setAttribute("aria-label", `channel ${channel}${isOff(now, head.layer, channel) ? ", switched off" : ""}`);
      each.setAttribute("aria-pressed", String(channel === this.#channel));
      each.tabIndex = channel === this.#channel ? 0 : -1;
    });
    this.#pages(shape[0], "channels");
    this.#scale.setAttribute("limit", head.limit || 1);
    this.#scale.setAttribute("unit", `values of ${head.layer}`);
    const whole = large ? large.arrays.maps : { values: plane(arrays.maps, this.#channel - this.#start), shape };
    this.#large.data = { values: whole.values, shape: whole.shape.slice(-2), limit: head.limit };
    this.#note = isOff(now, head.layer, this.#channel) ? " switched off" : whole.values.some(Boolean) ? "" : " the whole map is 0";
    this.mark([this.#channel, at?.[1] ?? 0, at?.[2] ?? 0]);
    this.#large.setAttribute("label", `${head.layer}, channel ${this.#channel}, ${whole.shape.at(-2)} rows of ${whole.shape.at(-1)} values; arrow keys take another unit`);
  }

  /** The unit that is looked at, while nothing else changes. */
  mark([channel, row, column]) {
    if (channel !== this.#channel || row === undefined || this.#side.hidden) return;
    this.#large.cursor = [row, column];
    this.#told.replaceChildren(`channel ${channel}, row ${row}, column ${column}: `, value(this.#large.valueAt(row, column), 4),
      make("b.off", {}, this.#note), make("br"), "Each value is a unit: click one.");
  }

  /** A vector: its values in order, each a unit. */
  #list({ head, arrays }, at) {
    this.#buttons = [];
    this.#side.hidden = true;
    this.#grid.className = "units-list";
    this.#grid.setAttribute("aria-label", `units of ${head.layer}`);
    const { values } = arrays.maps;
    this.#buttons = Array.from(values, (number, place) => {
      const unit = this.#start + place;
      const swatch = make("heat-map");
      swatch.data = { values: [number], shape: [1, 1], limit: head.limit };
      const chosen = unit === (at?.[0] ?? 0);
      return make("button", { type: "button", tabIndex: chosen ? 0 : -1, "aria-pressed": String(chosen), onclick: () => this.#unit([unit]) },
        swatch, make("span", {}, head.channels[place]?.name || String(unit)), value(number, 4));
    });
    const focused = this.#grid.contains(document.activeElement);
    this.#grid.replaceChildren(...this.#buttons);
    if (focused) this.#grid.querySelector("[aria-pressed=true]")?.focus();
    this.#pages(values.length, "units");
  }

  #unit(unit) {
    go({ layer: this.#layer, unit: unit.join(",") }, { replace: true });
  }

  /** The same place in another channel. */
  #choose(channel) {
    const cursor = this.#large.cursor || [0, 0];
    go({ layer: this.#layer, unit: [channel, ...cursor].join(",") });
  }

  #turn(by) {
    const start = Math.max(0, this.#start + by * PAGE);
    if (this.#side.hidden) this.#unit([start]);
    else this.#choose(start);
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const now = this.#buttons.indexOf(document.activeElement);
    const across = getComputedStyle(this.#grid).gridTemplateColumns.split(" ").length;
    const last = this.#buttons.length - 1;
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, ArrowUp: now - across, ArrowDown: now + across, Home: 0, End: last }[event.key];
    if (now < 0 || to === undefined || to < 0 || to > last) return;
    event.preventDefault();
    this.#buttons[to].focus();
    this.#buttons[to].click();
  }
}
