// What is looked at stands in the address, so that a view can be shared and the back button works.
//
// lens, net (a run, a name of the zoo or a notation), step (null is the end), image (a sample's
// number or a picture's id), layer, unit ("channel,row,column", or "number" of a vector),
// off ("relu1:0,3;conv2:4") and pools ("pool1:avg"); lenses add what is theirs alone.

const listeners = new Set();
/** What holds only as long as something else does not change. */
const DEPENDENT = { net: ["run", "step", "layer", "unit", "page", "off", "pools"], layer: ["unit", "page"] };
let known = read();

function read() {
  return Object.freeze(Object.fromEntries(new URLSearchParams(window.location.search)));
}

export const state = () => known;

/** Acts now and then whenever something has changed; returns what ends it. */
export function listen(act) {
  listeners.add(act);
  return () => listeners.delete(act);
}

/** Tells everybody again, for what has changed elsewhere. */
export const announce = () => listeners.forEach((act) => act(known));

/** The address with some things changed; null takes one out. */
export function address(patch) {
  const next = { ...known };
  for (const [cause, effects] of Object.entries(DEPENDENT)) {
    if (cause in patch && patch[cause] !== (known[cause] ?? null)) for (const effect of effects) delete next[effect];
  }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined || value === "") delete next[key];
    else next[key] = String(value);
  }
  const query = new URLSearchParams(next).toString();
  return query ? `?${query}` : window.location.pathname;
}

/** Changes what is looked at; with replace the back button skips what was before. */
export function go(patch, { replace = false } = {}) {
  const next = address(patch);
  if (next === (window.location.search || window.location.pathname)) return;
  window.history[replace ? "replaceState" : "pushState"](null, "", next);
  known = read();
  announce();
}

window.addEventListener("popstate", () => {
  known = read();
  announce();
});

/** "3,5,6" as numbers; null where it is none. */
export function numbers(text) {
  if (!text) return null;
  const found = text.split(",").map(Number);
  return found.every((each) => Number.isInteger(each) && each >= 0) ? found : null;
}

/** { layer: [channels] } of "relu1:0,3;conv2:4" */
export function offOf(text) {
  const parts = (text || "").split(";").filter(Boolean).map((part) => part.split(":"));
  return Object.fromEntries(parts.map(([layer, channels]) => [layer, numbers(channels) || []]));
}

/** Whether a channel is switched off. */
export const isOff = (state, layer, channel) => Boolean(offOf(state.off)[layer]?.includes(channel));

export const offText = (off) =>
  Object.entries(off).filter(([, channels]) => channels.length).map(([layer, channels]) => `${layer}:${channels.join(",")}`).join(";");

/** { layer: kind } of "pool1:avg;pool2:l2" */
export const poolsOf = (text) => Object.fromEntries((text || "").split(";").filter(Boolean).map((part) => part.split(":")));

export const poolsText = (pools) => Object.entries(pools).map((part) => part.join(":")).join(";");
