// The network drawn to scale, in the page's own colours; a volume opens its layer.

import * as api from "../api.js";
import { once } from "../looking.js";
import { make, trouble } from "../parts/make.js";

export class Drawing {
  root = make("figure.network");
  #turned = 0;
  #key = "";

  /** choose(name) is called for the volume that was clicked. */
  constructor(choose) {
    this.root.addEventListener("click", (event) => {
      const name = this.#nearest(event);
      if (name) choose(name);
    });
  }

  async show(text, again = false) {
    const width = Math.max(280, Math.min(1400, Math.round(this.root.clientWidth / 40) * 40 || 960));
    const key = `${width} ${text}`;
    if (key === this.#key && !again) return;
    this.#key = key;
    const turn = ++this.#turned;
    try {
      const drawn = await once(["drawing", text, width], () => api.getText("design/drawing.svg", { text, width, page: true }));
      if (turn !== this.#turned) return;
      const parsed = new DOMParser().parseFromString(drawn, "image/svg+xml").documentElement;
      this.root.replaceChildren(document.importNode(parsed, true));
    } catch (problem) {
      if (turn === this.#turned) this.root.replaceChildren(trouble(problem));
    }
  }

  mark(name) {
    for (const text of this.root.querySelectorAll("text")) text.classList.toggle("chosen", text.textContent === name);
  }

  /** The name that stands closest under or over the pointer. */
  #nearest({ clientX, clientY }) {
    let [best, least] = [null, 120];
    for (const text of this.root.querySelectorAll('text[font-weight="600"]')) {
      const area = text.getBoundingClientRect();
      const away = Math.hypot((area.left + area.right) / 2 - clientX, Math.max(0, clientY - area.bottom, area.top - clientY - 160));
      if (away < least) [best, least] = [text.textContent, away];
    }
    return best;
  }
}
