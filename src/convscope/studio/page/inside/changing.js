// The network with something changed: channels off, poolings swapped; what it does to the answer.

import * as api from "../api.js";
import { answer, leaves, once, sight, sourceOf } from "../looking.js";
import { bars } from "../parts/answer.js";
import { button, choice, make, trouble } from "../parts/make.js";
import { percent, signed, thousands } from "../parts/numbers.js";
import { renewed } from "../parts/renewed.js";
import { go, offOf, offText, poolsOf, poolsText } from "../state.js";

const IMAGES = 300;
const POOLS = [["max", "maximum"], ["avg", "average"], ["l2", "L2 norm"], ["distance", "weighted by distance"], ["none", "none: every second value"]];
const KINDS = { maxpool: "max", avgpool: "avg", l2pool: "l2", distancepool: "distance", weightedpool: "distance" };

export class Changing {
  #words = make("p.small");
  #tools = make("div.row");
  #list = make("ul.changes");
  #effect = make("div", { role: "status" });
  #ranked = make("div");
  #turned = 0;
  #key = "";
  #tooled = "";

  constructor() {
    this.root = make("section.changing", { "aria-label": "change the network" },
      make("h2", {}, "Without it"), this.#words,
      this.#tools, this.#list, this.#effect, this.#ranked);
  }

  show(now, record, card, channel) {
    const [off, pools] = [offOf(now.off), poolsOf(now.pools)];
    // Left alone where nothing has changed: a training that goes on takes no focus away.
    const tools = JSON.stringify([sourceOf(now), now.step, card.name, channel, off, pools]);
    if (tools !== this.#tooled) {
      this.#showTools(now, card, channel, off, pools);
      this.#showList(off, pools, record);
    }
    this.#tooled = tools;
    const key = JSON.stringify([sourceOf(now), now.step, card.name]);
    if (key !== this.#key) this.#ranked.replaceChildren();
    this.#key = key;
    return this.#measure(now, off, pools);
  }

  #showTools(now, card, channel, off, pools) {
    const known = off[card.name] || [];
    const without = known.includes(channel);
    const tools = [button(without ? `switch channel ${channel} of ${card.name} on again` : `switch channel ${channel} of ${card.name} off`, () => {
      const next = without ? known.filter((each) => each !== channel) : [...known, channel].sort((one, other) => one - other);
      go({ off: offText({ ...off, [card.name]: next }) });
    })];
    const own = KINDS[card.kind];
    this.#words.textContent = `Switch a channel off${own ? ", or put another pooling in" : ""}: the answer and the maps above follow at once.`;
    if (own) {
      tools.push(choice(`in the place of ${card.name}`, POOLS, pools[card.name] || own, (kind) => {
        const { [card.name]: _, ...others } = pools;
        go({ pools: poolsText(kind === own ? others : { ...others, [card.name]: kind }) });
      }));
    }
    if (card.output.channels > 1) tools.push(button(`which channels of ${card.name} matter?`, () => this.#rank(now, card)));
    renewed(this.#tools, ...tools);
  }

  #showList(off, pools) {
    const items = [];
    for (const [layer, channels] of Object.entries(off)) {
      for (const channel of channels) {
        items.push([`channel ${channel} of ${layer} is off`, () => go({ off: offText({ ...off, [layer]: channels.filter((each) => each !== channel) }) })]);
      }
    }
    for (const [layer, kind] of Object.entries(pools)) {
      const { [layer]: _, ...others } = pools;
      items.push([`${layer}: ${POOLS.find(([each]) => each === kind)?.[1] || kind}`, () => go({ pools: poolsText(others) })]);
    }
    renewed(this.#list, ...items.map(([words, undo]) => make("li", {}, words, " ", button("undo", undo, { className: "quiet", "aria-label": `undo: ${words}` }))));
    if (items.length > 1) this.#list.append(make("li", {}, button("undo all", () => go({ off: null, pools: null }), { className: "quiet" })));
  }

  async #measure(now, off, pools) {
    const turn = ++this.#turned;
    if (!now.off && !now.pools) {
      this.#effect.replaceChildren();
      return;
    }
    const question = { ...sight(now), count: IMAGES };
    try {
      const [before, after] = await Promise.all([answer({ ...now, off: undefined, pools: undefined }), answer(now)]);
      if (turn !== this.#turned) return;
      const sides = make("div.beside", {},
        make("figure", {}, make("figcaption", {}, "as it was trained"), bars(before, 5)),
        make("figure", {}, make("figcaption", {}, "changed"), bars(after, 5)));
      this.#effect.replaceChildren(sides, make("p.small", {}, `accuracy on ${IMAGES} images …`));
      const found = await once(["ablation", question], () => api.post("inside/ablation", question));
      if (turn === this.#turned) this.#effect.replaceChildren(sides, this.#accuracy(found));
    } catch (problem) {
      if (turn === this.#turned) this.#effect.replaceChildren(trouble(problem));
    }
  }

  #accuracy({ accuracy, whole, count, images_from: from, against }) {
    const number = (share) => Object.assign(make("data", { value: String(share) }), { textContent: percent(share) });
    const [low, high] = whole.interval || [null, null];
    const range = low === null ? "" : ` (95 % interval ${signed(percent(low))} to ${signed(percent(high))})`;
    const what = against === "labels" ? "Accuracy" : "Agreement with the network as it was";
    return make("p.accuracy", {}, `${what} on ${count} images: `, number(accuracy.value), " → ", number(whole.accuracy),
      `, ${signed(percent(whole.difference))}${range}. `, make("span.small", {}, `${whole.lost} answers lost, ${whole.gained} gained; ${from}.`));
  }

  async #rank(now, card) {
    this.#ranked.replaceChildren(make("p.small", { role: "status" }, "each channel is switched off in turn …"));
    const question = { source: sourceOf(now), step: sight(now).step, layer: card.name, count: IMAGES, channels: card.output.channels > 64 ? Array.from({ length: 64 }, (_, channel) => channel) : null };
    try {
      const found = await once(["ranking", question], () => api.post("inside/ranking", question));
      const most = found.ranking.slice(0, 8).map((each) => (typeof each === "number" ? found.effects.find((effect) => effect.channel === each) : each));
      const after = question.step === null ? "" : `, after ${thousands(question.step)} steps`;
      this.#ranked.replaceChildren(
        make("h3", {}, `The ${most.length} channels of ${card.name} without which the most is lost${after}`),
        make("ol.ranking", {}, most.map((effect) => make("li", {},
          button(`channel ${effect.channel}`, () => go({ unit: card.output.flat ? String(effect.channel) : `${effect.channel},0,0` }), { className: "quiet" }),
          ` ${signed(percent(effect.difference))}`))));
    } catch (problem) {
      this.#ranked.replaceChildren(trouble(problem));
    }
  }
}

/** The layer of a name, among a network's cards. */
export const cardOf = (record, name) => [...leaves(record.spine)].find((card) => card.name === name) || null;
