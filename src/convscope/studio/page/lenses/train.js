// Train: a network learns in a process of its own; this page follows its folder.
//
// Which run is shown stands in the address: it is the source of all lenses as soon as it has
// weights; until then "run" names it.  Closing the page ends nothing.

import * as api from "../api.js";
import { renew, sourceOf, studio } from "../looking.js";
import { button, empty, make, trouble } from "../parts/make.js";
import { percent, thousands } from "../parts/numbers.js";
import { renewed } from "../parts/renewed.js";
import { go, state as current } from "../state.js";
import { Beginning, runList } from "../train/beginning.js";
import { Following } from "../train/following.js";
import { Measures, confusion } from "../train/measures.js";

/** Milliseconds between looks at a training that goes on, and so many times what the last one took:
 *  the processor is the training's.  A moment that was chosen comes at once. */
const BETWEEN = 4000;
const TIMES = 20;
/** Between two drawings of its curves. */
const DRAWN = 1000;
const MOST_SCORES = 24;
const WORDS = {
  starting: "is starting", training: "is training", stopping: "is saving, and stops then",
  stopped: "is paused", failed: "has failed", finished: "is finished",
};

let parts = null;
let following = null;
let runs = [];
let scores = new Map();
const UNSEEN = { at: 0, took: 0, key: "" };
let looked = UNSEEN;
let [drawn, waiting] = [0, 0];
let timer = 0;
/** What was said last of how the run stands. */
let told = null;

const shownRun = (now) => {
  if (now.run) return now.run;
  const source = sourceOf(now);
  if (following?.run === source) return source;
  return runs.find((run) => run.name === source && run.task === "classification")?.name || null;
};

/** Whether it may be a run that has begun since the list was read, in a terminal or another tab. */
const isNews = (source) => !/->|→|\n/.test(source) && !runs.some((run) => run.name === source) && !studio().zoo.some((each) => each.name === source);

async function readRuns() {
  try {
    runs = (await api.get("runs")).runs;
  } catch (problem) {
    if (!runs.length && problem.kind !== "Gone") parts?.list.replaceChildren(trouble(problem, readRuns));
  }
}

function build(place) {
  parts = {
    beginning: new Beginning((run) => {
      readRuns().then(() => go({ run }));
    }),
    list: make("div"), head: make("div.run-head"), failed: make("div"), said: make("div", { role: "status" }), scrubber: make("time-scrubber", { label: "moment" }),
    curves: make("learning-curves"), measures: new Measures(), watched: make("div.watched"),
  };
  parts.scrubber.addEventListener("moment", (event) => moment(event.detail.step));
  parts.curves.addEventListener("moment", (event) => moment(nearest(event.detail.step)));
  place.replaceChildren(make("div.train", {}, make("div.train-side", {}, parts.beginning.root, parts.list), parts.watched));
}

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

function follow(name) {
  if (following?.run === name) return;
  following?.close();
  following = null;
  scores = new Map();
  looked = UNSEEN;
  parts.said.replaceChildren();
  if (name === null) {
    parts.watched.replaceChildren(empty("This network has not been trained. Start on the left, and watch it learn here; or look at a run that there is."));
    return;
  }
  parts.head.replaceChildren();
  parts.curves.data = { steps: 1, moment: null, loss: { step: [], value: [] }, scores: [] };
  parts.watched.replaceChildren(parts.head, parts.failed, parts.said, parts.scrubber, parts.curves, parts.measures.root);
  parts.measures.root.hidden = true;
  following = new Following(name, heard);
}

/** At once where something new is to be said; curves and pace of a training that goes on now and then. */
function drawSoon(urgent) {
  if (waiting && !urgent) return;
  clearTimeout(waiting);
  waiting = setTimeout(draw, urgent ? 60 : Math.max(60, drawn + DRAWN - performance.now()));
}

function draw() {
  waiting = 0;
  drawn = performance.now();
  if (parts && following) showAll();
}

function heard(kind, problem) {
  if (!parts) return;
  if (kind === "lost") {
    parts.watched.replaceChildren(trouble(problem));
    return;
  }
  if (kind === "state") {
    const now = current();
    const { state } = following;
    if (now.run === following.run && state.begun && (following.steps.length || !following.alive)) {
      go({ net: following.run, run: null, step: null }, { replace: true });
    }
    const known = runs.find((run) => run.name === following.run);
    if (!known || known.state !== state.state) readRuns().then(() => parts && showList(current()));
  }
  const word = following.state?.state;
  drawSoon(kind === "snapshots" || word !== told || !following.alive);
  told = word;
}

async function act(verb) {
  try {
    await api.post(`runs/${encodeURIComponent(following.run)}/${verb}`, {});
    parts.said.replaceChildren();
  } catch (problem) {
    parts.said.replaceChildren(trouble(problem));
  }
}

function clock(seconds) {
  const rest = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest % 60)}` : `${minutes}:${two(rest % 60)}`;
}

function showHead() {
  const { state, run } = following;
  if (!state) return;
  const { pace } = state;
  const facts = [];
  if (pace.steps) facts.push(["step", `${thousands(pace.step)} of ${thousands(pace.steps)}`], ["epoch", pace.epoch.toFixed(2)]);
  const last = following.lines[following.lines.length - 1];
  if (last) facts.push(["loss", last.loss === null || last.loss === undefined ? "not a number" : last.loss.toFixed(3)]);
  if (following.alive && pace.images_per_second) facts.push(["images/s", thousands(pace.images_per_second)], ["left", clock(pace.remaining_seconds)]);
  else facts.push(["trained for", clock(pace.seconds)]);
  const { results } = state;
  if (results?.accuracy !== undefined) facts.push([results.split === "test" ? "accuracy on the test images" : `accuracy, ${results.split}`, percent(results.accuracy, 2)]);
  const bar = make("progress", { max: Math.max(1, pace.steps), value: pace.step, "aria-label": "how far the training is" });
  const verbs = {
    starting: [], training: [["pause", "stop", "it saves and ends; “resume” goes on, even after the studio was closed"]],
    stopping: [], stopped: [["resume", "resume", "it goes on where it was"]], failed: [["try again", "resume", "the same once more"]], finished: [],
  }[state.state] || [];
  const controls = run === "example" ? [] : verbs.map(([text, verb, title]) => button(text, () => act(verb), { title }));
  const focused = parts.head.contains(document.activeElement);
  parts.head.replaceChildren(
    make("div.heading", {}, make("h2", {}, run), make(`span.run-state.${state.state}`, {}, `${WORDS[state.state] || state.state}`), ...controls),
    following.alive ? bar : "",
    make("dl.facts", {}, facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))));
  if (focused) parts.head.querySelector("button")?.focus();
  parts.failed.replaceChildren(...aside(state));
}

/** Why it has failed; what it does before its first step. */
function aside({ state, message, begun }) {
  if (state === "failed") {
    const remedy = begun ? "“try again” goes on from what was saved" : "change what it asks for on the left, and start anew";
    return [trouble({ problem: message || "the training has failed", remedy })];
  }
  return state === "starting" && message ? [make("p.small", {}, message)] : [];
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
    moment: now.step === undefined ? null : Number(now.step),
    loss: { step: lines.map((line) => line.step), value: lines.map((line) => line.loss ?? NaN) },
    scores: [...series.filter(({ name }) => name === "validation accuracy"), ...byName.values()],
  };
}

function showAll() {
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
const measurable = () => following.steps.length > 0 || following.state?.state === "finished";

/** The moment that is shown, measured; of a training that goes on now and then. */
function look(now) {
  clearTimeout(timer);
  if (!following?.state || !measurable() || document.hidden) return;
  const newest = following.steps[following.steps.length - 1] ?? null;
  const step = now.step === undefined ? (following.alive ? newest : null) : Number(now.step);
  const key = `${step} ${following.state.state}`;
  if (key === looked.key) return;
  const chosen = now.step !== undefined || !following.alive;
  const wait = chosen ? 0 : looked.at + Math.max(BETWEEN, TIMES * looked.took) - performance.now();
  if (wait > 0) {
    timer = setTimeout(() => parts && look(current()), wait);
    return;
  }
  const [run, alive] = [following.run, following.alive];
  const own = { at: performance.now(), took: 0, key };
  looked = own;
  // The miniatures on top follow the newest weights, too.
  if (now.step === undefined && sourceOf(now) === run && alive) renew();
  parts.measures.show(run, step, alive).then(() => fill(run)).then(() => { own.took = performance.now() - own.at; });
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
    try {
      const found = await confusion(run, steps.length ? step : null, true);
      if (following?.run !== run) return;
      scores.set(step, found);
      parts?.curves && (parts.curves.data = curves(current()));
    } catch {
      return;
    }
    if (alive) return;
  }
}

function showList(now) {
  renewed(parts.list, runList(runs, shownRun(now)));
}

export default {
  name: "train",
  title: "Train",

  async show(now, place) {
    if (!parts || !place.contains(parts.watched)) {
      build(place);
      await readRuns();
    } else if (isNews(sourceOf(now))) await readRuns();
    if (!parts) return;
    const latest = current();
    parts.beginning.show(latest, runs);
    showList(latest);
    follow(shownRun(latest));
    if (following) drawSoon(true);
  },

  hide() {
    following?.close();
    following = null;
    clearTimeout(timer);
    clearTimeout(waiting);
    waiting = 0;
    parts = null;
  },
};

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && parts && following) drawSoon(true);
});
