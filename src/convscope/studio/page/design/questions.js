// What is typed is asked about: at once, and while typing goes on, when it pauses.
//
// Only the newest text counts: an older question is given up, and its answer forgotten.

/** Milliseconds between two keys that are a pause. */
const PAUSE = 120;

export class Questions {
  #ask;
  #told;
  #asking = null;
  #timer = 0;
  #last = -PAUSE;

  /** ask(text, signal) promises a record; told(text, record, problem) hears one of the two. */
  constructor(ask, told) {
    this.#ask = ask;
    this.#told = told;
  }

  about(text) {
    this.stop();
    const now = performance.now();
    const paused = now - this.#last >= PAUSE;
    this.#last = now;
    if (paused) this.#send(text);
    else this.#timer = setTimeout(() => this.#send(text), PAUSE);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }

  async #send(text) {
    const own = new AbortController();
    this.#asking = own;
    const answered = (record, problem) => {
      if (this.#asking === own) this.#told(text, record, problem);
    };
    await this.#ask(text, own.signal).then((record) => answered(record, null), (problem) => answered(null, problem));
  }
}
