// The networks that a claim compares: two spines, one above the other, with one image in both.

import { leaves, subject } from "../looking.js";
import { button, choice, make, trouble } from "../parts/make.js";
import { thousands } from "../parts/numbers.js";
import { renewed } from "../parts/renewed.js";
import { Spine } from "../spine.js";
import { go, poolsText } from "../state.js";

const SIDES = ["one", "other"];

/** What the address says where this network stands on top. */
const aboutOf = ({ source, step, pools }) => ({ net: source, step, off: null, pools: poolsText(pools) || null });

export class Beside {
  root = make("section.spines", { "aria-label": "the networks side by side" });
  #networks = [];
  #sides = [];
  #turn = 0;

  constructor(networks) {
    this.#networks = networks;
    this.root.hidden = networks.length < 2;
    if (this.root.hidden) return;
    this.root.append(make("h3", {}, "The networks"),
      make("p.small", {}, "The chosen image in both; ≠ marks what the other one does not have. Touch a layer to look inside."));
    for (const key of SIDES) {
      const side = { key, head: make("div.row"), place: make("div"), shown: null, spine: null };
      this.#sides.push(side);
      this.root.append(side.head, side.place);
    }
  }

  /** Two of them: those of the address, else the first and the last. */
  async show(now) {
    if (this.root.hidden) return;
    const turn = ++this.#turn;
    const defaults = [this.#networks[0], this.#networks[this.#networks.length - 1]];
    const pair = this.#sides.map(({ key }, place) => this.#networks.find((each) => each.name === now[key]) || defaults[place]);
    const looks = pair.map((network) => ({ ...addressed(aboutOf(network)), image: now.image, lens: "claims" }));
    this.#sides.forEach((side, place) => this.#place(side, pair[place]));
    this.#sides.forEach(({ spine }, place) => spine.show(looks[place]));
    try {
      const records = await Promise.all(looks.map((look) => subject(look)));
      if (turn !== this.#turn) return;
      this.#sides.forEach((side, place) => {
        side.spine.differing = onlyIn(records[place], records[1 - place]);
        const { parameters, multiply_adds: work } = records[place].explanation.totals;
        side.facts.textContent = `${thousands(parameters.value)} parameters, ${thousands(work.value)} multiply-adds`;
      });
    } catch (problem) {
      if (turn === this.#turn) this.#sides[1].place.append(trouble(problem));
    }
  }

  #place(side, network) {
    if (side.shown === network) return;
    side.shown = network;
    side.facts = make("span.small");
    const name = this.#networks.length > 2
      ? choice(side.key, this.#networks.map((each) => [each.name, each.name]), network.name, (chosen) => go({ [side.key]: chosen }))
      : make("b", {}, network.name);
    renewed(side.head, name, side.facts,
      button("put it on top", () => go(aboutOf(network)), { className: "quiet", "aria-label": `put it on top, for all lenses: ${network.name}` }));
    side.place.replaceChildren();
    side.spine = new Spine(side.place, { label: `layers of: ${network.name}`, about: aboutOf(network) });
  }
}

/** As the address would hold it: what is null is not there. */
const addressed = (about) => Object.fromEntries(Object.entries(about).filter(([, value]) => value !== null));

/** Names of the layers whose kind and numbers the other network has nowhere. */
function onlyIn(record, other) {
  const known = new Set([...leaves(other.spine)].map((card) => card.notation));
  return [...leaves(record.spine)].filter((card) => !known.has(card.notation)).map((card) => card.name);
}

/** What these spines add to the address, to be left out when another claim is chosen. */
export const FORGOTTEN = Object.fromEntries(SIDES.map((key) => [key, null]));
