// The runs that there are, known to all parts of the page at once.

import * as api from "./api.js";
import { studio } from "./looking.js";
import { thousands } from "./parts/numbers.js";

const ALIVE = ["starting", "training", "stopping", "ending"];
const listeners = new Set();
const missed = new Set();
let known = [];
let reading = null;

export const runs = () => known;

export const runOf = (name) => known.find((run) => run.name === name) || null;

export const isAlive = (run) => ALIVE.includes(run?.state);

/** Acts whenever the list has been read anew. */
export const hearOfRuns = (act) => listeners.add(act);

/** How a run stands, in a word: the server calls stopped what can go on. */
export const wordOf = ({ state }) => ({ stopped: "paused", stopping: "saving", ending: "stopping" })[state] || state;

/** “stopped after 12 of 60 steps”, from a run's results; empty where it went to its end. */
export const earlyEnd = (results) => (results?.ended_early
  ? `stopped after ${thousands(results.steps)} of ${thousands(results.planned_steps)} steps` : "");

/** A text that is no name: the parser knows it by its arrows. */
export const isNotation = (source) => /->|→|\n| /.test(source);

/** Reads the list; whoever asks meanwhile gets the same answer. */
export function readRuns() {
  reading ??= api.get("runs").then((found) => {
    known = found.runs;
    for (const act of listeners) act();
  }).finally(() => { reading = null; });
  return reading;
}

/** Whether it may be a run that has begun since the list was read, in a terminal or another tab. */
export function isNews(source) {
  if (isNotation(source) || missed.has(source) || runOf(source) || studio().zoo.some((each) => each.name === source)) return false;
  missed.add(source);
  return true;
}
