// What takes longer, and is asked for: attribution with its trust, exciting images, fields.

import * as api from "../api.js";
import { answer, images, once, picture, seeing, sight, strip } from "../looking.js";
import { button, choice, empty, make, trouble } from "../parts/make.js";
import { percent, written } from "../parts/numbers.js";
import { go, isOff } from "../state.js";

const METHODS = [
  ["integrated-gradients", "integrated gradients"], ["saliency", "saliency"], ["grad-cam", "Grad-CAM"],
  ["occlusion", "occlusion"], ["guided-backprop", "guided backpropagation"],
];

const boxOf = ({ top, left, bottom, right }) => ({ row: top, column: left, height: bottom - top, width: right - left });

/** A section that asks when it is opened, and again when what it is about has changed. */
class Section {
  #body = make("div", { role: "status" });
  #turned = 0;
  #key = "";
  #now = null;

  constructor(title, words) {
    this.tools = make("div.row");
    this.details = make("details", { ontoggle: () => this.refresh() },
      make("summary", {}, make("h2", {}, title), make("span.small", {}, words)), this.tools, this.#body);
    this.root = this.details;
  }

  about(now) {
    this.#now = now;
    return this.refresh();
  }

  async refresh() {
    if (!this.details.open || !this.#now) return;
    const key = JSON.stringify(this.question(this.#now));
    if (key === this.#key) return;
    this.#key = key;
    const turn = ++this.#turned;
    const waiting = setTimeout(() => this.#body.replaceChildren(make("p.small", {}, "working …")), 150);
    let made;
    try {
      made = await this.make(this.#now);
    } catch (problem) {
      if (turn === this.#turned) this.#key = "";
      made = [trouble(problem)];
    }
    clearTimeout(waiting);
    if (turn === this.#turned) this.#body.replaceChildren(...made);
  }
}

export class Attribution extends Section {
  #method = METHODS[0][0];
  #target = null;
  #tooled = "";

  constructor() {
    super("Which pixels count", "attribution, with a check of whether it may be trusted");
  }

  question(now) {
    return { ...seeing(now), method: this.#method, target: this.#target };
  }

  async make(now) {
    const question = this.question(now);
    const [found, said, parts] = await Promise.all([
      once(["attribution", question], () => api.post("inside/attribution", question)), answer(now), strip(now)]);
    this.#tools(said);
    const scale = make("colour-scale", { unit: found.signed ? "for and against" : "how much it counts" });
    const image = make("heat-map", { label: "the image" });
    image.data = picture(parts.arrays.image);
    const figures = [make("figure", {}, image, make("figcaption", {}, "the image"))];
    if (found.values) {
      const heat = make("heat-map", { label: `attribution: ${found.unit}` });
      const values = Float32Array.from(found.values.flat());
      heat.data = { values, shape: [found.values.length, found.values[0].length] };
      scale.setAttribute("limit", String(customElements.get("heat-map").largest(values)));
      figures.push(make("figure", {}, heat, make("figcaption", {}, found.unit), scale));
    }
    const { verdict, label, reasons } = found.trust;
    const words = make("div.trust-words", {},
      make("p", {}, `For ${found.target.name}, which it gives `, percent(found.probability), "."),
      make(`p.trust.${verdict}`, {}, label), make("ul.notes", {}, reasons.map((reason) => make("li", {}, reason))),
      found.explanation ? make("p.small", {}, found.explanation) : null, found.note ? make("p.small", {}, found.note) : null);
    return [make("div.map-row", {}, figures, words)];
  }

  #tools(said) {
    const key = said.classes.join();
    if (key === this.#tooled) return;
    this.#tooled = key;
    const classes = [["", "the likeliest class"], ...said.classes.map((name, place) => [String(place), name])];
    this.tools.replaceChildren(
      choice("method", METHODS, this.#method, (method) => { this.#method = method; this.refresh(); }),
      choice("for", classes, this.#target === null ? "" : String(this.#target), (target) => {
        this.#target = target === "" ? null : Number(target);
        this.refresh();
      }));
  }
}

export class Exciting extends Section {
  #layer = "";
  #channel = 0;
  #count = 1000;

  constructor() {
    super("What it looks for", "the images that excite this channel most");
  }

  of(now, layer, channel) {
    this.#layer = layer;
    this.#channel = channel;
    return this.about(now);
  }

  question(now) {
    return { ...sight(now), layer: this.#layer, channels: [this.#channel], count: 9, images: this.#count };
  }

  async make(now) {
    if (isOff(now, this.#layer, this.#channel)) return [empty(`Channel ${this.#channel} of ${this.#layer} is switched off: no image excites it.`)];
    const question = this.question(now);
    const found = await once(["exciting", question], () => api.post("inside/exciting", question));
    const { best, mean, active } = found.channels[0];
    const drawn = await Promise.all(best.map((each) => this.#figure(now, each)));
    return [
      make("p", {}, `Channel ${this.#channel} of ${found.layer}: of ${found.count} images, these excite it most; at its strongest place it is ${written(mean, 2)} on average, and above 0 in ${percent(active)} of the images.`),
      make("div.map-row.exciting", {}, drawn), make("p.small", {}, `${found.images_from}; the boxes are ${found.boxes}.`)];
  }

  async #figure(now, each) {
    const { arrays } = await images(now, each.image, 1);
    const map = make("heat-map", { label: `image ${each.image}` });
    map.data = picture({ values: arrays.images.values, shape: arrays.images.shape.slice(1) });
    if (each.box) map.boxes = [boxOf(each.box)];
    return make("figure", {}, map, make("figcaption", {},
      button(`${each.class || `image ${each.image}`}`, () => go({ image: String(each.image) }), { className: "quiet", "aria-label": `take image ${each.image}, ${each.class || ""}` }),
      make("span", {}, written(each.value, 2))));
  }
}

export class Field extends Section {
  #layer = "";
  #channel = 0;
  #at = null;

  constructor() {
    super("What it listens to", "the effective field: which pixels move its value, averaged over images");
  }

  of(now, layer, at) {
    this.#layer = layer;
    this.#channel = at[0];
    this.#at = at.length === 3 ? at.slice(1) : null;
    return this.about(now);
  }

  question(now) {
    return { ...seeing(now), layer: this.#layer, at: this.#at, channel: this.#channel };
  }

  async make(now) {
    const question = this.question(now);
    const found = await once(["field", question], () => api.post("inside/field", question));
    const { effective, geometric } = found;
    const map = make("heat-map", { label: `effective field of ${found.layer}` });
    const values = Float32Array.from(effective.heat.flat());
    const limit = customElements.get("heat-map").largest(values);
    map.data = { values, shape: [effective.heat.length, effective.heat[0].length], limit };
    const box = geometric.box;
    if (box) map.boxes = [{ row: box.top, column: box.left, height: box.height, width: box.width }];
    const silent = isOff(now, this.#layer, this.#channel) ? "no pixel: the channel is switched off, no gradient leads back from it" : "no pixel: its gradient is 0 on all of these images";
    const sides = ["height", "width"].map((axis) => geometric[axis]);
    return [make("div.map-row", {},
      make("figure", {}, map, make("figcaption", {}, "how much the value moves with each pixel"), effective.box ? make("colour-scale", { limit, positive: true, unit: "gradient" }) : ""),
      make("dl.terms", {},
        sides[0] ? [make("dt", {}, "it can see"), make("dd", {}, geometric.everything ? "the whole image" : `${sides[0].size}×${sides[1].size} pixels: ${sides[0].derivation}`)] : [],
        make("dt", {}, "it listens to"), make("dd", {}, effective.box ? `${effective.box.height}×${effective.box.width} pixels hold ${percent(effective.held)} of it` : silent),
        make("dt", {}, "from"), make("dd", {}, `${found.images.count} images, ${found.images.from}`)))];
  }
}
