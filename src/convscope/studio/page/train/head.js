// How a training stands: its state, its numbers, and what can be done with it.

import { button, make, trouble } from "../parts/make.js";
import { percent, significant, thousands } from "../parts/numbers.js";
import { earlyEnd } from "../runs.js";

const WORDS = {
  starting: "is starting", training: "is training", stopping: "is saving, and pauses then",
  ending: "is stopping, and is measured then", stopped: "is paused", failed: "has failed", finished: "is finished",
};
const VERBS = {
  training: [["pause", "stop", "it saves and ends; “resume” goes on, even after the studio was closed"]],
  stopped: [["resume", "resume", "it goes on where it was"]],
  failed: [["try again", "resume", "the same once more"]],
};

function clock(seconds) {
  const rest = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest % 60)}` : `${minutes}:${two(rest % 60)}`;
}

function facts({ state, lines, alive }) {
  const { pace, results } = state;
  const found = [];
  if (pace.steps) found.push(["step", `${thousands(pace.step)} of ${thousands(pace.steps)}`], ["epoch", pace.epoch.toFixed(2)]);
  const last = lines[lines.length - 1];
  if (last) found.push(["loss", last.loss === null || last.loss === undefined ? "not a number" : significant(last.loss)]);
  if (alive && pace.images_per_second) found.push(["images/s", thousands(pace.images_per_second)], ["left", clock(pace.remaining_seconds)]);
  else found.push(["trained for", clock(pace.seconds)]);
  if (results?.accuracy !== undefined) found.push([results.split === "test" ? "accuracy on the test images" : `accuracy, ${results.split}`, percent(results.accuracy, 2)]);
  return found;
}

/** The run of which it is asked whether it is to end for good, and where that stands. */
let [asked, place] = [null, null];

/** Ending it for good cannot be taken back, so that is asked once, in the place of its button. */
function stopping(run, act, redraw) {
  const ask = (next) => {
    asked = next;
    redraw();
    // To “no”: a key that was held too long must not end anything.
    place.querySelector("button:last-of-type").focus();
  };
  const title = "it ends for good where it is: this network becomes the result, and is measured";
  const yes = () => {
    ask(null);
    act("finish");
  };
  place = asked !== run ? make("span", {}, button("stop", () => ask(run), { title }))
    : make("span.asked", { role: "group", "aria-label": "end it for good?", onkeydown: (event) => event.key === "Escape" && ask(null) },
      "end it for good? ", button("yes", yes), button("no", () => ask(null)));
  return place;
}

/** What can be done with it now. */
function verbs({ state, run }, act, redraw) {
  const found = run === "example" ? [] : VERBS[state.state] || [];
  const stoppable = found.length && state.begun && state.state !== "failed";
  if (!stoppable) asked = null;
  return [...found.map(([text, verb, title]) => button(text, () => act(verb), { title })), stoppable ? stopping(run, act, redraw) : ""];
}

/** How it stands, in words. */
const standing = ({ state, results }) => (state === "finished" && earlyEnd(results) ? `was ${earlyEnd(results)}` : WORDS[state] || state);

/** What stands above the curves; act is told what is to be done, redraw draws it anew. */
export function head(following, act, redraw) {
  const { state, run, alive } = following;
  const { pace } = state;
  return [
    make("div.heading", {}, make("h2", {}, run), make(`span.run-state.${state.state}`, {}, standing(state)), ...verbs(following, act, redraw)),
    alive ? make("progress", { max: Math.max(1, pace.steps), value: pace.step, "aria-label": "how far the training is" }) : "",
    make("dl.facts", {}, facts(following).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))))];
}

/** Why it has failed; what it does before its first step. */
export function aside({ state, message, begun }) {
  if (state === "failed") {
    const remedy = begun ? "“try again” goes on from what was saved" : "change the network under Design, or what is asked for on the left, and start anew";
    return [trouble({ problem: message || "the training has failed", remedy })];
  }
  return state === "starting" && message ? [make("p.small", {}, message)] : [];
}
