// What several parts of the page know about the network that is looked at: asked for once.

import * as api from "./api.js";
import { announce, offOf, poolsOf } from "./state.js";

const MOST = 24;
const kept = new Map();
let first = { source: "example" };

/** What /api/state said when the page began: version, zoo, data, recipes, limits. */
export const studio = () => first;

export async function begin() {
  first = await api.get("state");
  return first;
}

/** The answer to a question; the last few are kept. */
export function once(question, make) {
  const key = JSON.stringify(question);
  if (kept.has(key)) {
    const found = kept.get(key);
    kept.delete(key);
    kept.set(key, found);
    return found;
  }
  const made = make();
  kept.set(key, made);
  made.catch(() => kept.delete(key));
  while (kept.size > MOST) kept.delete(kept.keys().next().value);
  return made;
}

/** Forgets what may have changed: how a run stands, or a server that was started anew. */
export const forget = () => kept.clear();

/** The same, and all is shown again. */
export function renew() {
  forget();
  announce();
}

export const sourceOf = (state) => state.net || first.source;

/** The run that grows while it is shown, and how far: its newest moment is that of the page. */
let grown = { source: null, step: null };
export function grow(source, step) {
  grown = { source, step };
}

/** The step that is looked at: the one that was chosen, else the newest; null is the end. */
export function momentOf(state, source = sourceOf(state)) {
  if (state.step !== undefined) return Number(state.step);
  return source === grown.source ? grown.step : null;
}

/** The network as every request names it. */
export function sight(state, changed = true) {
  return {
    source: sourceOf(state),
    step: momentOf(state),
    ...(changed ? { off: offOf(state.off), pools: poolsOf(state.pools) } : {}),
  };
}

export const seeing = (state) => ({ ...sight(state), image: state.image || "0" });

/** What it is: spine, explanation, classes, snapshots; without torch. */
export const subject = (state) => {
  const source = sourceOf(state);
  return once(["subject", source], () => api.get("subject", { source }));
};

export const answer = (state) => once(["answer", seeing(state)], () => api.post("inside/answer", seeing(state)));

/** The image, and small maps of every layer. */
export const strip = (state) => once(["strip", seeing(state)], () => api.arrays("inside/strip", seeing(state)));

/** A page of samples, with labels and classes. */
export function images(state, start, count) {
  const query = { source: sourceOf(state), step: state.step, start, count };
  return once(["images", query], () => api.getArrays("images", query));
}

/** The cards of a spine in the order in which a value passes them, blocks after their parts. */
export function* leaves(cards) {
  for (const card of cards) {
    yield* leaves(card.body);
    yield* leaves(card.shortcut);
    yield card;
  }
}

/** A picture as heat-map takes it. */
export const picture = ({ values, shape }) => ({ values, shape, kind: shape[0] === 3 ? "colour" : "grey", type: "uint8" });

/** One of several planes that lie one after another. */
export function plane({ values, shape }, channel) {
  const [height, width] = shape.slice(-2);
  return values.subarray(channel * height * width, (channel + 1) * height * width);
}
