// The notation as text: what is wrong is marked under the caret, and says what helps.

import { button, make } from "../parts/make.js";

export class Editor {
  #area = make("textarea.code", { spellcheck: false, rows: 1, "aria-label": "the network as notation", "aria-describedby": "editor-said", autocapitalize: "off", autocomplete: "off" });
  #mirror = make("pre.mirror", { "aria-hidden": "true" });
  #said = make("div.editor-said", { id: "editor-said", role: "status" });
  #frame = make("div.editor", {}, this.#mirror, this.#area);
  #typed;
  #at;
  #span = null;
  #problem = null;

  /** typed(text) is called with every change, at(position) when the caret has moved. */
  constructor(typed, at) {
    this.#typed = typed;
    this.#at = at;
    this.#area.addEventListener("input", () => this.#changed());
    for (const event of ["keyup", "click"]) this.#area.addEventListener(event, () => this.#at(this.#area.selectionStart));
    this.root = make("div.editor-frame", {}, this.#frame, this.#said);
    new ResizeObserver(() => this.#place()).observe(this.#frame);
  }

  get text() { return this.#area.value; }

  get focused() { return document.activeElement === this.#area; }

  set text(text) {
    if (text !== this.#area.value) this.#area.value = text;
    this.#problem = null;
    this.#draw();
  }

  /** The place of the layer that is chosen; null for none. */
  set span(span) {
    this.#span = span;
    this.#draw();
  }

  /** What is wrong with the text, or null. */
  set problem(problem) {
    this.#problem = problem;
    this.#draw();
  }

  #changed() {
    this.#span = null;
    this.#draw();
    this.#typed(this.text);
  }

  #draw() {
    const text = this.text;
    const wrong = this.#problem && this.#problem.notation === text ? this.#problem : null;
    const marked = wrong ? [wrong.start, Math.max(wrong.end, wrong.start + 1)] : this.#span;
    const parts = marked ? [text.slice(0, marked[0]), make(`mark${wrong ? ".wrong" : ""}`, {}, text.slice(...marked) || " "), text.slice(marked[1])] : [text];
    this.#mirror.replaceChildren(...parts, "\n");
    this.#area.setAttribute("aria-invalid", String(Boolean(this.#problem)));
    this.#say(wrong);
    this.#place();
  }

  #say(wrong) {
    const problem = this.#problem;
    if (!problem) {
      this.#said.replaceChildren();
      return;
    }
    const [, instead] = (problem.remedy || "").match(/(?:did you mean|write) "([^"]+)"/) || [];
    const fix = wrong && instead ? button(`write “${instead}”`, () => this.#replace(wrong, instead), { className: "quiet" }) : null;
    this.#said.replaceChildren(
      make("b", {}, problem.problem), problem.remedy ? make("span.remedy", {}, `: ${problem.remedy}`) : "", fix ? " " : "", fix || "");
  }

  #replace({ start, end }, instead) {
    this.#area.focus();
    this.#area.setRangeText(instead, start, end, "end");
    this.#changed();
  }

  /** What is said stands right under what is meant. */
  #place() {
    const mark = this.#mirror.querySelector("mark.wrong");
    if (!mark) {
      this.#said.style.marginLeft = "";
      return;
    }
    const [from, whole] = [mark.getBoundingClientRect(), this.#frame.getBoundingClientRect()];
    const left = Math.max(0, Math.min(from.left - whole.left, whole.width - 320));
    this.#said.style.marginLeft = `${left}px`;
  }
}
