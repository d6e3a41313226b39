// <time-scrubber>: the moments of a training, back and forth.
//
// .steps = [numbers]; .step = one of them, or null: the newest, whichever that is.
// Dispatches "moment" with detail { step }, null at the end.  Attribute label.
(() => {
  "use strict";
  const PAUSE = 700;

  class TimeScrubber extends HTMLElement {
    #steps = [];
    #step = null;
    #timer = 0;
    #slider = Object.assign(document.createElement("input"), { type: "range", min: 0, step: 1 });
    #said = document.createElement("output");
    #play = Object.assign(document.createElement("button"), { type: "button", className: "play", textContent: "play" });
    #newest = Object.assign(document.createElement("button"), { type: "button", textContent: "newest" });

    connectedCallback() {
      if (this.firstChild) return;
      const id = `scrubber-${Math.random().toString(36).slice(2)}`;
      const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: this.getAttribute("label") || "moment" });
      this.#slider.id = id;
      this.#slider.addEventListener("input", () => {
        const place = Number(this.#slider.value);  // resting shows the moment that is left
        this.#rest();
        this.#go(place);
      });
      this.#play.addEventListener("click", () => (this.#timer ? this.#rest() : this.#run()));
      this.#newest.addEventListener("click", () => {
        this.#rest();
        this.#go(this.#steps.length - 1);
      });
      this.append(label, this.#slider, this.#said, this.#play, this.#newest);
      this.#show();
    }

    disconnectedCallback() {
      this.#rest();
    }

    set steps(steps) {
      this.#steps = [...steps];
      this.#show();
    }

    set step(step) {
      this.#step = step;
      this.#show();
    }

    get #place() {
      const at = this.#step === null ? -1 : this.#steps.indexOf(this.#step);
      return at < 0 ? this.#steps.length - 1 : at;
    }

    #go(place) {
      this.#step = place === this.#steps.length - 1 ? null : this.#steps[place];
      this.#show();
      this.dispatchEvent(new CustomEvent("moment", { detail: { step: this.#step } }));
    }

    #run() {
      if (this.#place >= this.#steps.length - 1) this.#go(0);
      this.#timer = setInterval(() => {
        this.#go(Math.min(this.#place + 1, this.#steps.length - 1));
        if (this.#step === null) this.#rest();
      }, PAUSE);
      this.#show();
    }

    #rest() {
      clearInterval(this.#timer);
      this.#timer = 0;
      this.#show();
    }

    #show() {
      const last = this.#steps.length - 1;
      this.#slider.max = String(Math.max(0, last));
      this.#slider.value = String(Math.max(0, this.#place));
      this.#slider.disabled = this.#play.disabled = last < 1;
      this.#newest.disabled = this.#step === null;
      this.#play.textContent = this.#timer ? "pause" : "play";
      const step = this.#steps[this.#place];
      const text = last < 0 ? "none kept yet" : `after step ${step.toLocaleString("en-US")}`;
      this.#said.textContent = text;
      this.#slider.setAttribute("aria-valuetext", text);
    }
  }
  customElements.define("time-scrubber", TimeScrubber);
})();
