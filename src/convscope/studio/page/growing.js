// The run that is shown while it grows, followed for all lenses: its newest moment is that of the
// whole page.
//
// The processor is the training's: one moment is looked at after another, none while the page is
// hidden, with a pause that is so many times what the last look took; but nobody waits for longer
// than a part of the training.  How it stands is told at once.

import { Following } from "./following.js";
import { forget, grow, momentOf } from "./looking.js";
import { readRuns, runOf } from "./runs.js";
import { state as current } from "./state.js";

const BETWEEN = 3000;
const TIMES = 40;
const PART = 1 / 8;

const listeners = new Set();
let following = null;
/** Draws all that shows the moment, and is done when all of it has come. */
let draw = async () => {};
let word = null;
/** Whether what was known of the run has been forgotten since it was drawn. */
let stale = false;
let [timer, busy, ended, took] = [0, false, 0, 0];

export function begin(drawing) {
  draw = drawing;
}

export const followed = () => following;

/** Told what the run's stream has told: "metrics", "snapshots", "state" or "lost". */
export function hearOfGrowth(act) {
  listeners.add(act);
  return () => listeners.delete(act);
}

/** From now on this run, or none. */
export function follow(name) {
  if ((following?.run ?? null) === name) return;
  following?.close();
  clearTimeout(timer);
  [word, stale, ended, took] = [null, false, 0, 0];
  grow(null, null);
  following = name === null ? null : new Following(name, heard);
}

function heard(kind, problem) {
  for (const act of listeners) act(kind, problem);
  if (kind === "metrics" || kind === "lost") return;
  const now = following.state?.state;
  const changed = kind === "state" && now !== word;
  if (changed) {
    if (word !== null) {
      forget();
      stale = true;
    }
    word = now;
    const listed = runOf(following.run);
    if (listed && listed.state !== now) readRuns().catch(() => {});
  }
  if (following.state) soon(changed);
}

/** The end where it has one; else the last weights that were kept. */
function newest() {
  if (following.state.state === "finished") return null;
  return following.steps[following.steps.length - 1] ?? null;
}

function pause() {
  return Math.max(BETWEEN, Math.min(TIMES * took, PART * following.whole));
}

/** The next look: at once where it is urgent or the first. */
function soon(urgent = false) {
  if (busy || document.hidden || !following?.state) return;
  clearTimeout(timer);
  const wait = urgent || !ended || !following.alive ? 0 : ended + pause() - performance.now();
  timer = setTimeout(look, Math.max(0, wait));
}

async function look() {
  if (busy || !following?.state) return;
  const { run } = following;
  const before = momentOf({}, run);
  grow(run, newest());
  if (momentOf({}, run) === before && !stale) return;
  [busy, stale] = [true, false];
  const began = performance.now();
  await draw(current());
  busy = false;
  [ended, took] = [performance.now(), performance.now() - began];
  if (stale || following?.run !== run || momentOf({}, run) !== newest()) soon(following?.run !== run);
}

document.addEventListener("visibilitychange", () => soon());
