// Look inside: an image, the maps of a layer, one unit of them, and what depends on it.

import { Changing, cardOf } from "../inside/changing.js";
import { Maps } from "../inside/maps.js";
import { Attribution, Exciting, Field } from "../inside/more.js";
import { Picking, Shown } from "../inside/picking.js";
import { Unit, walk } from "../inside/unit.js";
import { answer, leaves, strip, subject } from "../looking.js";
import { empty, make, trouble } from "../parts/make.js";
import { numbers } from "../state.js";

let parts = null;
let turned = 0;

function build(place) {
  parts = {
    shown: new Shown(), picking: new Picking(), maps: new Maps(), unit: new Unit(follow), changing: new Changing(),
    attribution: new Attribution(), exciting: new Exciting(), field: new Field(), said: make("div"),
  };
  place.replaceChildren(
    make("div.inside", {},
      make("div.inside-image", {}, parts.shown.root, parts.picking.root),
      make("div.inside-layer", {}, parts.said, parts.maps.root, parts.unit.root, parts.changing.root,
        parts.attribution.root, parts.exciting.root, parts.field.root)));
}

/** Where the kernel slides, at once; what it sees in words, and all else, when it rests. */
function follow(unit) {
  parts?.maps.mark(unit);
  parts?.shown.mark(unit);
}

/** The layer that is chosen, or the first that has maps. */
function layerOf(state, record) {
  const found = state.layer && cardOf(record, state.layer);
  return found || [...leaves(record.spine)].find((card) => !card.output.flat) || [...leaves(record.spine)][0] || null;
}

/** Is done when all of it has come. */
async function show(state, place) {
  const turn = ++turned;
  if (!parts || !place.contains(parts.unit.root)) build(place);
  const now = () => turn === turned;
  parts.picking.show(state);
  try {
    const record = await subject(state);
    const card = layerOf(state, record);
    if (!card) throw { problem: "this network has no layers", remedy: "write some under Design" };
    const found = await unitOf(state, card);
    if (!now()) return;
    parts.said.replaceChildren(state.layer && card.name !== state.layer ? empty(`This network has no layer ${state.layer}.`) : "");
    const cost = record.explanation.layers.find((layer) => layer.name === card.name);
    const at = found.at || [0];
    const all = [parts.maps.show(state, card, found.at)];
    if (found.problem) parts.unit.fail(found.problem, card.name);
    else all.push(parts.unit.show(state, found));
    all.push(parts.changing.show(state, record, card, at[0]), parts.attribution.about(state),
      parts.exciting.of(state, card.name, at[0]), parts.field.of(state, card.name, at));
    const [small, said] = await Promise.all([strip(state), answer(state)]);
    if (now()) parts.shown.show(small, said, found.problem ? null : found, cost);
    await Promise.all(all);
  } catch (problem) {
    if (now()) parts.said.replaceChildren(trouble(problem, () => show(state, place)));
  }
}

/** The unit that is named, or the most active; a problem where there is none such. */
async function unitOf(state, card) {
  const wanted = numbers(state.unit);
  try {
    return await walk(state, card.name, wanted);
  } catch (problem) {
    return { problem, at: wanted };
  }
}

export default {
  name: "inside",
  title: "Look inside",
  /** It shows what depends on the moment: drawn again as a training goes on. */
  live: true,
  show,
  hide() {
    turned += 1;
    parts = null;
  },
};
