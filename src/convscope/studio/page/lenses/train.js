// Train: a network learns in a process of its own; this page follows its folder.
//
// Which run is shown stands in the address: it is the source of all lenses as soon as it has
// weights; until then "run" names it.  Closing the page ends nothing.

import * as api from "../api.js";
import { followed, hearOfGrowth } from "../growing.js";
import { momentOf, sourceOf } from "../looking.js";
import { empty, make, trouble } from "../parts/make.js";
import { renewed } from "../parts/renewed.js";
import { hearOfRuns, isNews, readRuns, runOf, runs } from "../runs.js";
import { go, state as current } from "../state.js";
import { Beginning, runList } from "../train/beginning.js";
import { aside, head } from "../train/head.js";
import { Measures, confusion } from "../train/measures.js";

/** Milliseconds between two drawings of the curves: a part of the training, from the least to the most. */
const [DRAWN, LEAST, MOST] = [1 / 40, 1000, 2000];
const MOST_SCORES = 24;
/** Milliseconds within which an answer has not been worked out for this page. */
const KNOWN = 25;

let parts = null;
let following = null;
let scores = new Map();
/** The moment that was measured last, and when that is done. */
let [looked, looking] = ["", Promise.resolve()];
let [drawn, waiting] = [0, 0];
/** What was said last of how the run stands. */
let told = null;

function shownRun(now) {
  if (now.run) return now.run;
  const source = sourceOf(now);
  return runOf(source)?.task === "classification" ? source : null;
}

async function tryRuns() {
  try {
    await readRuns();
  } catch (problem) {
    if (!runs().length && problem.kind !== "Gone") parts?.list.replaceChildren(trouble(problem, tryRuns));
  }
}

function build(place) {
  following = null;
  parts = {
    beginning: new Beginning((run) => {
      window.scrollTo({ top: 0 }); // where it is told how it goes; a long form ends far below
      tryRuns().then(() => go({ run }));
    }),
    list: make("div"), head: make("div.run-head"), failed: make("div"), said: make("div", { role: "status" }), scrubber: make("time-scrubber", { label: "moment" }),
    curves: make("learning-curves"), measures: new Measures(), watched: make("div.watched"),
  };
  parts.scrubber.addEventListener("moment", (event) => moment(event.detail.step));
  parts.curves.addEventListener("moment", (event) => moment(nearest(event.detail.step)));
  parts.watched.replaceChildren(nothing());
  // On a narrow page it stands above what is watched, folded up.
  parts.fold = make("details.begin-fold", { open: true }, make("summary", {}, make("h2", {}, "Train it")), parts.beginning.root);
  place.replaceChildren(make("div.train", {}, make("div.train-side", {}, parts.fold, parts.list), parts.watched));
}

const NARROW = window.matchMedia("(max-width: 60em)");
const fold = () => {
  if (parts) parts.fold.open = !NARROW.matches || following === null;
};
NARROW.addEventListener("change", fold);

const nothing = () => empty("This network has not been trained. Start it with “Train it”, and watch it learn here; or look at a run that there is.");

function moment(step) {
  const now = current();
  go({ step, net: following?.run ?? now.net ?? null }, { replace: true });
}

function nearest(step) {
  const { steps } = following || { steps: [] };
  if (!steps.length) return null;
  const found = steps.reduce((best, each) => (Math.abs(each - step) < Math.abs(best - step) ? each : best));
  return found === steps[steps.length - 1] ? null : found;
}

// --- the run that is shown ---

function watch() {
  if (followed() === following) return;
  following = followed();
  scores = new Map();
  [looked, told] = ["", null];
  parts.said.replaceChildren();
  fold();
  if (following === null) {
    parts.watched.replaceChildren(nothing());
    return;
  }
  parts.head.replaceChildren();
  parts.curves.data = { steps: 1, moment: null, loss: { step: [], value: [] }, scores: [] };
  parts.watched.replaceChildren(parts.head, parts.failed, parts.said, parts.scrubber, parts.curves, parts.measures.root);
  parts.measures.root.hidden = true;
}

/** At once where something new is to be said; curves and pace of a training that goes on now and then. */
function drawSoon(urgent) {
  if (waiting && !urgent) return;
  clearTimeout(waiting);
  const between = Math.min(MOST, Math.max(LEAST, DRAWN * following.whole));
  waiting = setTimeout(draw, urgent ? 60 : Math.max(60, drawn + between - performance.now()));
}

function draw() {
  waiting = 0;
  drawn = performance.now();
  if (parts && following) showAll();
}

hearOfGrowth((kind, problem) => {
  if (!parts) return;
  watch();
  if (kind === "lost") {
    parts.watched.replaceChildren(trouble(problem));
    return;
  }
  const { state, run, steps, alive } = following;
  if (kind === "state") {
    if (current().run === run && state.begun && (steps.length || !alive)) go({ net: run, run: null, step: null }, { replace: true });
    if (isNews(run)) tryRuns();
  }
  drawSoon(kind === "snapshots" || state?.state !== told || !alive);
  told = state?.state;
});

hearOfRuns(() => {
  if (!parts) return;
  parts.beginning.show(current());
  showList(current());
});

async function act(verb) {
  try {
    await api.post(`runs/${encodeURIComponent(following.run)}/${verb}`, {});
    parts.said.replaceChildren();
  } catch (problem) {
    parts.said.replaceChildren(trouble(problem));
  }
}

function showHead() {
  renewed(parts.head, ...head(following, act, showHead));
  parts.failed.replaceChildren(...aside(following.state));
}

function curves(now) {
  const { lines, state } = following;
  const names = new Set(lines.flatMap((line) => Object.keys(line.scores || {})));
  const series = [...names].map((name) => {
    const own = lines.filter((line) => line.scores && name in line.scores);
    return { name: `validation ${name}`, step: own.map((line) => line.step), value: own.map((line) => line.scores[name]) };
  });
  const byName = new Map();
  for (const [step, found] of [...scores].sort((one, other) => one[0] - other[0])) {
    const name = `${found.split === "train" ? "training" : found.split} images (${found.count})`;
    if (!byName.has(name)) byName.set(name, { name, step: [], value: [] });
    byName.get(name).step.push(step);
    byName.get(name).value.push(found.accuracy);
  }
  return {
    steps: state?.pace.steps || 1,
    moment: momentOf(now, following.run),
    loss: { step: lines.map((line) => line.step), value: lines.map((line) => line.loss ?? NaN) },
    scores: [...series.filter(({ name }) => name === "validation accuracy"), ...byName.values()],
  };
}

function showAll() {
  if (!following.state) return;
  const now = current();
  showHead();
  parts.scrubber.hidden = following.steps.length === 0;
  parts.scrubber.steps = following.steps;
  parts.scrubber.step = now.step === undefined ? null : Number(now.step);
  parts.curves.data = curves(now);
  parts.measures.root.hidden = !measurable();
  look(now);
}

/** Whether there are weights to be looked at. */
const measurable = () => following.steps.length > 0 || following.state.state === "finished";

/** The moment that is shown, measured. */
function look(now) {
  const { run, alive, state } = following;
  const step = momentOf(now, run);
  const ended = state.state === "finished";
  const key = `${step} ${ended} ${alive}`;
  if (key === looked || !measurable() || (step === null && !ended)) return;
  looked = key;
  looking = parts.measures.show(run, step, alive, step ?? state.pace.step).then(() => fill(run));
}

/** Accuracies of moments that went by, a few spread over the training, one after another. */
async function fill(run) {
  while (parts && following?.run === run && !document.hidden) {
    const { steps, alive, state } = following;
    const every = Math.max(1, Math.ceil(steps.length / MOST_SCORES));
    const spread = steps.filter((step, place) => place % every === 0 || place === steps.length - 1);
    const wanted = steps.length ? spread : [state.pace.step];
    const step = [...wanted].reverse().find((each) => !scores.has(each));
    if (step === undefined) return;
    const began = performance.now();
    try {
      const found = await confusion(run, steps.length ? step : null, true);
      if (following?.run !== run) return;
      scores.set(step, found);
      parts?.curves && (parts.curves.data = curves(current()));
    } catch {
      return;
    }
    if (alive && performance.now() - began > KNOWN) return;
  }
}

function showList(now) {
  renewed(parts.list, runList(runs(), shownRun(now), forget));
}

/** One that failed before it began leaves the list. */
async function forget(run) {
  try {
    await api.post(`runs/${encodeURIComponent(run)}/forget`, {});
  } catch (problem) {
    parts.said.replaceChildren(trouble(problem));
  }
  if (current().run === run) go({ run: null });
  tryRuns();
}

export default {
  name: "train",
  title: "Train",
  live: true,
  follows: shownRun,

  /** Is done when what it shows has been measured. */
  async show(now, place) {
    if (!parts || !place.contains(parts.watched)) {
      build(place);
      if (!runs().length) tryRuns();
    }
    parts.beginning.show(now);
    showList(now);
    watch();
    if (following) showAll();
    await looking;
  },

  hide() {
    clearTimeout(waiting);
    waiting = 0;
    following = null;
    parts = null;
  },
};
