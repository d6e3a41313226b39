// The network, always on top: the image, a card for each layer with its maps, the answer.
//
// A card opens its layer, an edge its derivation.  Maps are drawn when they come into view.

import { answer, picture, plane, strip, subject } from "./looking.js";
import { bars } from "./parts/answer.js";
import { button, make, rested } from "./parts/make.js";
import { one, percent } from "./parts/numbers.js";
import { renewed } from "./parts/renewed.js";
import { go, offOf, poolsOf, state } from "./state.js";

const SHOWN = 4;

export class Spine {
  #root;
  #list;
  #words = make("p.spine-words", { role: "status" });
  #before = button("", () => this.#scroll(-1), { className: "quiet", hidden: true });
  #after = button("", () => this.#scroll(1), { className: "quiet", hidden: true });
  #cards = new Map();
  #built = "";
  #asked = 0;
  #input = make("heat-map", { label: "the image" });
  #imageName = make("b", {}, "image");
  #result = make("li.card.result");
  #about;
  #now = {};
  #differing = new Set();
  #seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
    const card = this.#cards.get(entry.target.dataset.layer);
    if (!card) return;
    card.visible = entry.isIntersecting;
    if (card.visible) this.#draw(card);
  }), { rootMargin: "0px 400px" });
  /** Requests for maps wait until typing has paused; the first does not. */
  #later = rested((now, turn) => this.#fill(now, turn), 500);

  /** `about` is what the address says of its network, for a spine that is not the page's own. */
  constructor(root, { label = "layers, from the image to the answer", about = {} } = {}) {
    this.#root = root;
    this.#about = about;
    this.#list = make("ol.spine", { "aria-label": label });
    root.append(this.#list, make("div.spine-foot", {}, this.#before, this.#words, this.#after));
    this.#list.addEventListener("scroll", () => this.#count(), { passive: true });
    new ResizeObserver(() => this.#count()).observe(this.#list);
  }

  /** Is done when it is filled. */
  async show(now) {
    const turn = ++this.#asked;
    this.#now = now;
    this.#choose(now);
    let record;
    try {
      record = await subject(now);
    } catch (problem) {
      if (turn === this.#asked) this.#fail(problem);
      return;
    }
    if (turn !== this.#asked) return;
    const first = this.#built === "";
    const anew = this.#built !== record.canonical;
    if (anew) this.#build(record);
    this.#choose(now);
    if (anew && !first && now.lens === "design") {
      this.#later(now, turn);
      return;
    }
    this.#later.cancel();
    await this.#fill(now, turn);
  }

  /** Layers that another network does not have; told in words, too. */
  set differing(names) {
    this.#differing = new Set(names);
    this.#choose(this.#now);
  }

  #fail(problem) {
    this.#built = "";
    this.#root.removeAttribute("aria-busy");
    this.#list.replaceChildren();
    this.#words.replaceChildren(make("b", {}, problem.problem), problem.remedy ? `: ${problem.remedy}` : "");
  }

  // --- the cards ---

  #build(record) {
    this.#built = record.canonical;
    this.#seen.disconnect();
    this.#cards.clear();
    const input = record.explanation.input;
    const sides = `${input.height}×${input.width}×${input.channels}`;
    const open = make("button", { type: "button", onclick: () => this.#chooseImage() }, this.#input, this.#imageName, make("small.volume", {}, sides));
    renewed(this.#list,
      make("li.card.image", {}, open),
      ...record.spine.flatMap((card) => this.#items(card)),
      this.#result);
    for (const { item } of this.#cards.values()) this.#seen.observe(item);
    this.#count();
  }

  // --- what stands outside the strip ---

  /** From where to where the cards are seen: the answer may stand over them. */
  #shown() {
    const { left, right } = this.#list.getBoundingClientRect();
    const over = getComputedStyle(this.#result).position === "sticky" ? this.#result.getBoundingClientRect().left : right;
    return [left, Math.min(right, over)];
  }

  /** Says how many layers there are on either side, and leads there. */
  #count() {
    const [left, right] = this.#shown();
    const boxes = [...this.#cards.values()].map(({ open }) => open.getBoundingClientRect());
    const before = boxes.filter((box) => box.left < left - 1).length;
    const after = boxes.filter((box) => box.right > right + 1).length;
    const answer = !after && this.#result.getBoundingClientRect().right > this.#list.getBoundingClientRect().right + 24;
    const words = (count) => `${count} more ${count === 1 ? "layer" : "layers"}`;
    this.#before.hidden = !before;
    this.#after.hidden = !after && !answer;
    this.#before.textContent = `← ${words(before)}`;
    this.#after.textContent = `${answer ? "the answer" : words(after)} →`;
    this.#list.classList.toggle("cut", after > 0);
  }

  #scroll(way) {
    const [left, right] = this.#shown();
    this.#list.scrollBy({ left: way * Math.max(104, (right - left) - 104) });
  }

  #items(card) {
    const edge = this.#edge(card);
    if (!card.body.length) return [edge, this.#card(card)];
    const path = (cards, label) => make("li.path", {}, make("span.path-name", {}, label),
      make("ol", {}, cards.length ? cards.flatMap((each) => this.#items(each)) : make("li.identity", {}, "as it came")));
    const block = make("li.block", {}, make("ol.paths", {}, path(card.body, card.name), path(card.shortcut, "shortcut")));
    return [edge, block, make("li.edge.sum", { "aria-hidden": "true" }, "+"), this.#card(card)];
  }

  #edge(card) {
    const words = `how ${card.name} makes its volume, worked out`;
    return make("li.edge", {}, make("button", {
      type: "button", "aria-label": words, title: words,
      onclick: () => go({ ...this.#about, lens: "design", layer: card.name }),
    }, "→"));
  }

  #card(card) {
    const maps = make("span.miniatures");
    // Inside a block, which says its own name, what stands behind the last dot is enough.
    const open = make("button", { type: "button", title: card.name, onclick: () => this.#open(card) },
      maps, make("b", {}, card.name.split(".").at(-1)), make("small.volume", {}, card.output.text));
    const zero = make("span.zero", { hidden: true }, "all zero");
    open.prepend(zero);
    const item = make("li.card", {}, open);
    item.dataset.layer = card.name;
    this.#cards.set(card.name, { item, open, maps, zero, found: null, drawn: null, visible: false });
    return item;
  }

  #open(card) {
    const { lens } = state();
    go({ ...this.#about, layer: card.name, ...(lens === "design" ? {} : { lens: null }) });
  }

  #chooseImage() {
    go({ lens: null });
    requestAnimationFrame(() => document.querySelector("[data-choose-image]")?.focus());
  }

  #choose(now) {
    const [off, pools] = [offOf(now.off), poolsOf(now.pools)];
    for (const [name, { item, open }] of this.#cards) {
      const chosen = name === now.layer;
      if (chosen) {
        open.setAttribute("aria-current", "true");
        if (this.#asked && item.dataset.chosen !== "yes") this.#reveal(item);
      } else open.removeAttribute("aria-current");
      item.dataset.chosen = chosen ? "yes" : "no";
      item.classList.toggle("changed", name in off || name in pools);
      item.classList.toggle("differs", this.#differing.has(name));
    }
  }

  /** Into view within the strip, without moving the page. */
  #reveal(item) {
    const left = item.offsetLeft - this.#list.offsetLeft;
    const [from, to] = [this.#list.scrollLeft, this.#list.scrollLeft + this.#list.clientWidth];
    if (left < from || left + item.offsetWidth > to) this.#list.scrollLeft = left - this.#list.clientWidth / 3;
  }

  // --- what is alive in them ---

  async #fill(now, turn) {
    this.#root.setAttribute("aria-busy", "true");
    try {
      const [{ head, arrays }, said] = await Promise.all([strip(now), answer(now)]);
      if (turn !== this.#asked) return;
      this.#input.data = picture(arrays.image);
      const own = /^picture-/.test(now.image || "");
      this.#imageName.textContent = own ? "your picture" : "image";
      this.#input.setAttribute("label", own ? "your picture" : `the image: ${said.image.class || said.image.name}`);
      const known = new Map(head.layers.map((layer) => [layer.name, layer]));
      for (const [name, card] of this.#cards) {
        card.found = known.has(name) ? { ...known.get(name), maps: arrays[name] } : null;
        if (card.visible) this.#draw(card);
      }
      this.#result.replaceChildren(bars(said, 10));
      this.#count();
      this.#say(now, said);
    } catch (problem) {
      if (turn === this.#asked) this.#words.replaceChildren(make("b", {}, problem.problem), problem.remedy ? `: ${problem.remedy}` : "");
    } finally {
      if (turn === this.#asked) this.#root.removeAttribute("aria-busy");
    }
  }

  #say(now, said) {
    const best = said.probabilities.indexOf(Math.max(...said.probabilities));
    const parts = [];
    if (!now.layer && !now.lens) parts.push("Touch a layer to see what it makes of the image; touch an arrow to see how its numbers come about.");
    if (/^picture-/.test(now.image || "")) parts.push("What goes through it is your picture, brought to its size.");
    if (best >= 0 && said.image.class && said.image.class !== said.classes[best] && said.trained) parts.push(`It is ${one(said.image.class)}, and is taken for ${one(said.classes[best])}.`);
    if (said.note) parts.push(noted(now, said));
    const answer = best < 0 ? "" : make("b.narrow", {}, `${said.classes[best]}, ${percent(said.probabilities[best])}. `);
    this.#words.replaceChildren(answer, parts.join(" "));
  }

  #draw(card) {
    if (!card.found || card.drawn === card.found) return;
    card.drawn = card.found;
    const { maps, limit } = card.found;
    card.zero.hidden = limit !== 0;
    const spatial = maps.shape.length === 3;
    const count = spatial ? Math.min(SHOWN, maps.shape[0]) : 1;
    while (card.maps.childElementCount > count) card.maps.lastChild.remove();
    while (card.maps.childElementCount < count) card.maps.append(make("heat-map"));
    card.maps.classList.toggle("single", count === 1);
    [...card.maps.children].forEach((map, channel) => {
      map.data = spatial
        ? { values: plane(maps, channel), shape: maps.shape.slice(1), limit }
        : { values: maps.values, shape: [maps.values.length, 1], limit };
    });
  }
}

/** What is to be said of the network: that it is not trained, how it was changed. */
function noted(now, said) {
  const notes = said.note.split("; ").map((note) => (said.trained ? note : note.replace(/^.* is untrained: /, "Not trained: ")));
  const changed = now.off || now.pools ? notes.findIndex((note) => / switched off$|not trained again$/.test(note)) : -1;
  if (changed >= 0) notes[changed] = `Changed: ${notes[changed]}`;
  return `${notes.join("; ").replace("; Changed: ", ". Changed: ")}.`.replace("..", ".");
}
