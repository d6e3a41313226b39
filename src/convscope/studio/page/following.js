// One run as it grows: what its event stream has told so far.

import * as api from "./api.js";
import { isAlive } from "./runs.js";

export class Following {
  lines = [];
  steps = [];
  state = null;
  #end = null;
  #told;
  #waiting = 0;

  constructor(run, told) {
    this.run = run;
    this.#told = told;
    this.#open();
  }

  get alive() {
    return isAlive(this.state);
  }

  /** Milliseconds that the whole training takes, as far as that is known. */
  get whole() {
    const { pace } = this.state ?? {};
    return pace ? 1000 * (pace.seconds + (pace.remaining_seconds || 0)) : 0;
  }

  close() {
    this.#end?.();
    clearTimeout(this.#waiting);
    this.#told = () => {};
  }

  #open() {
    this.#end = api.follow(`runs/${encodeURIComponent(this.run)}/events`, {
      metrics: ({ from, lines }) => {
        this.lines.splice(from, Infinity, ...lines);
        this.#told("metrics");
      },
      snapshots: ({ steps }) => {
        this.steps = steps;
        this.#told("snapshots");
      },
      state: (state) => {
        this.state = state;
        // It comes last of what a look has found, and behind the end there is nothing to wait for.
        if (state.state === "finished") this.#end?.();
        this.#told("state");
      },
      gone: () => this.#again(),
    });
  }

  /** The server has refused the stream: it is asked why, and again later where it is away. */
  async #again() {
    this.#end?.();
    try {
      await api.get(`runs/${encodeURIComponent(this.run)}`);
    } catch (problem) {
      if (problem.kind !== "Gone") {
        this.#told("lost", problem);
        return;
      }
    }
    this.#waiting = setTimeout(() => this.#open(), 1500);
  }
}
