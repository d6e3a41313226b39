// The image that goes in: from the data, a picture of one's own, or drawn.

import * as api from "../api.js";
import { images, picture, sourceOf } from "../looking.js";
import { button, make, trouble } from "../parts/make.js";
import { thousands } from "../parts/numbers.js";
import { go, state } from "../state.js";
import { Pad } from "./pad.js";

const PAGE = 18;

export class Picking {
  #choice = make("image-choice", { label: "an image of the data" });
  #said = make("div");
  #start = null;
  #key = "";
  #numbers = [];
  #before = button("←", () => this.#turn(-1), { "aria-label": "images before these" });
  #after = button("→", () => this.#turn(1), { "aria-label": "images after these" });
  #which = make("span.small", { role: "status" });
  #file = make("input.unseen", { type: "file", accept: "image/png,image/jpeg,image/webp,image/bmp", "aria-label": "a picture of yours", tabIndex: -1, onchange: () => this.#upload(this.#file.files[0]) });
  #pad = new Pad((blob) => this.#upload(blob));
  #draws = button("draw", () => this.#draw(), { "aria-expanded": "false" });

  constructor() {
    this.#choice.addEventListener("choose", ({ detail }) => go({ image: this.#numbers[detail.image] || null }));
    this.#pad.root.hidden = true;
    this.root = make("section.picking", { "aria-label": "choose an image" },
      make("div.row", {}, button("upload a picture", () => this.#file.click(), { "data-choose-image": true }), this.#file, this.#draws),
      this.#said, this.#pad.root, this.#choice,
      make("div.row.pager", {}, this.#before, this.#after, this.#which));
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#upload(event.dataTransfer.files[0]);
    });
  }

  async show(now) {
    const number = /^\d+$/.test(now.image || "0") ? Number(now.image || 0) : null;
    const source = sourceOf(now);
    if (this.#start === null || (number !== null && this.#key !== `${source} ${now.image}`)) {
      this.#start = PAGE * Math.floor((number ?? 0) / PAGE);
    }
    this.#key = `${source} ${now.image}`;
    await this.#fill(now);
  }

  async #fill(now) {
    const start = this.#start;
    let found;
    try {
      found = await images(now, start, PAGE);
    } catch (problem) {
      this.#said.replaceChildren(trouble(problem));
      return;
    }
    if (start !== this.#start) return;
    const { head, arrays } = found;
    const [count, ...sides] = arrays.images.shape;
    const size = sides.reduce((product, side) => product * side, 1);
    this.#numbers = Array.from({ length: count }, (_, place) => String(start + place));
    const key = `${sourceOf(now)} ${start} ${head.images_from}`;
    if (this.#choice.dataset.key !== key) {
      this.#choice.dataset.key = key;
      this.#choice.data = {
        images: this.#numbers.map((_, place) => picture({ values: arrays.images.values.subarray(place * size, (place + 1) * size), shape: sides })),
        captions: this.#numbers.map((number, place) => (head.labels ? head.classes[head.labels[place]] : number)),
      };
    }
    const chosen = this.#numbers.indexOf(now.image || "0");
    if (chosen >= 0) this.#choice.image = chosen;
    else for (const input of this.#choice.querySelectorAll("input")) input.checked = false;
    this.#before.disabled = start === 0;
    this.#after.disabled = start + count >= head.of;
    this.#which.textContent = `${thousands(start)} to ${thousands(start + count - 1)} of ${thousands(head.of)}, ${head.images_from}`;
  }

  #turn(by) {
    this.#start = Math.max(0, this.#start + by * PAGE);
    this.#fill(state());
  }

  #draw() {
    this.#pad.root.hidden = !this.#pad.root.hidden;
    this.#draws.setAttribute("aria-expanded", String(!this.#pad.root.hidden));
    if (!this.#pad.root.hidden) this.#pad.focus();
  }

  async #upload(blob) {
    if (!blob) return;
    this.#said.replaceChildren();
    try {
      const { id } = await api.upload(blob);
      go({ image: id });
    } catch (problem) {
      this.#said.replaceChildren(trouble(problem));
    }
    this.#file.value = "";
  }
}

/** The image itself, with the field of the unit on it; a click takes the unit above a pixel. */
export class Shown {
  #map = make("heat-map", { interactive: true });
  #words = make("figcaption", { "aria-live": "polite" });
  #field = null;

  constructor() {
    this.root = make("figure.shown-image", {}, this.#map, this.#words);
    this.#map.addEventListener("cell", ({ detail }) => this.#take(detail));
  }

  show(found, said, walk, cost) {
    const image = picture(found.arrays.image);
    const [, height, width] = image.shape;
    this.#map.data = image;
    const { field } = walk || {};
    this.#field = cost?.field && !cost.field.everything && walk?.shape.length === 3 ? { ...cost.field, walk } : null;
    const box = field ? { row: field.top, column: field.left, height: field.bottom - field.top, width: field.right - field.left } : null;
    this.#map.margin = box ? [-field.top, field.right - width, field.bottom - height, -field.left].map((by) => Math.max(0, Math.min(by, 12))) : [0, 0, 0, 0];
    this.#map.boxes = box ? [box] : [];
    const parts = [said.image.class || said.image.name];
    if (box) {
      const seen = `it sees ${box.height}×${box.width} pixels, rows ${Math.max(0, field.top)} to ${Math.min(height, field.bottom) - 1}, columns ${Math.max(0, field.left)} to ${Math.min(width, field.right) - 1}`;
      parts.push(seen + (field.top < 0 || field.left < 0 || field.bottom > height || field.right > width ? "; hatched is padding" : ""));
    }
    this.#words.textContent = `${parts.join(": ")}.`;
    this.#map.setAttribute("label", `the image, ${parts.join("; of the chosen unit: ")}; a click or arrow keys take the unit above a pixel`);
  }

  /** The field of another unit of the same layer. */
  mark([, row, column]) {
    if (!this.#field || row === undefined) return;
    const { height, width } = this.#field;
    const [top, left] = [[height, row], [width, column]].map(([span, place]) => span.start.value + span.jump.value * place);
    this.#map.boxes = [{ row: top, column: left, height: height.size.value, width: width.size.value }];
  }

  /** The unit whose field has this pixel in its middle. */
  #take({ row, column }) {
    this.#map.cursor = null;
    if (!this.#field) return;
    const { walk, height, width } = this.#field;
    const at = [[row, height, 1], [column, width, 2]].map(([pixel, span, axis]) => {
      const middle = span.start.value + (span.size.value - 1) / 2;
      return Math.max(0, Math.min(walk.shape[axis] - 1, Math.round((pixel - middle) / span.jump.value)));
    });
    go({ unit: [walk.at[0], ...at].join(",") }, { replace: true });
  }
}

