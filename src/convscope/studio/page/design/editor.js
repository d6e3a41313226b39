// Notation as text: what is wrong is marked in it, and under that stands what helps.
//
// What a person has written here stays: only `text` and `write` put something else in its place.

import { button, make } from "../parts/make.js";

let made = 0;

export class Editor {
  #area;
  /** What stands before the mark, in it, and behind it.  Only their text changes: Chromium undoes
   *  what was typed in one run step by step wherever an element has left the page in between. */
  #pieces = ["", "", ""].map((text) => document.createTextNode(text));
  #marked = make("mark", {}, this.#pieces[1]);
  #mirror = make("pre.mirror", { "aria-hidden": "true" }, this.#pieces[0], this.#marked, this.#pieces[2]);
  #said;
  #frame;
  #typed;
  #quiet = false;
  #span = null;
  #wrong = null;
  #problem = null;
  /** How often something was typed. */
  edits = 0;

  /** typed(text) hears every change, at(position) where the caret has moved to.
   *
   *  With `suggestions`, the id of a list, it holds one line.  In a form Enter submits, and a
   *  problem is gone as soon as the text is another; else the next problem takes its place. */
  constructor(label, { typed = () => {}, at = () => {}, suggestions = null } = {}) {
    const id = `editor-said-${made += 1}`;
    const given = { spellcheck: false, "aria-label": label, "aria-describedby": id, autocapitalize: "off", autocomplete: "off" };
    this.#area = suggestions ? make("input.code", { type: "text", list: suggestions, ...given }) : make("textarea.code", { rows: 1, ...given });
    this.#said = make("div.editor-said", { id, role: "status" });
    this.#frame = make("div.editor", {}, this.#mirror, this.#area);
    this.#typed = typed;
    this.#area.addEventListener("input", () => this.#changed());
    // A field of one line submits by itself, and knows when Enter takes a suggestion.
    if (!suggestions) this.#area.addEventListener("keydown", (event) => this.#submit(event));
    for (const event of ["keyup", "click"]) this.#area.addEventListener(event, () => at(this.caret));
    this.root = make("div.editor-frame", {}, this.#frame, this.#said);
    new ResizeObserver(() => this.#place()).observe(this.#frame);
  }

  get text() { return this.#area.value; }

  get focused() { return document.activeElement === this.#area; }

  get caret() { return this.#area.selectionStart; }

  set text(text) {
    if (text !== this.text) this.#area.value = text;
    this.problem = null;
  }

  /** The same, as if it were typed: it can be undone, and whoever hears of typing does not. */
  write(text) {
    this.#quiet = true;
    this.#put(text, 0, this.text.length);
    this.#quiet = false;
    this.problem = null;
  }

  /** The place of the layer that is chosen; null for none. */
  set span(span) {
    this.#span = span;
    this.#mark();
  }

  get problem() { return this.#problem; }

  /** What is wrong with the text, or null. */
  set problem(problem) {
    this.#problem = problem;
    this.#wrong = Number.isInteger(problem?.start) && problem.notation === this.text ? [problem.start, Math.max(problem.end, problem.start + 1)] : null;
    this.#area.setAttribute("aria-invalid", String(Boolean(problem)));
    this.#mark();
    this.#say();
    this.#place();
  }

  #changed() {
    this.edits += 1;
    this.#span = this.#wrong = null;
    this.#said.querySelector("button")?.remove();
    if (this.#area.form) this.problem = null;
    this.#mark();
    if (!this.#quiet) this.#typed(this.text);
  }

  #submit(event) {
    if (event.key !== "Enter" || event.isComposing || !this.#area.form) return;
    event.preventDefault();
    this.#area.form.requestSubmit();
  }

  #mark() {
    const { text } = this;
    const [start, end] = this.#wrong || this.#span || [text.length, text.length];
    const [before, within, after] = this.#pieces;
    before.data = text.slice(0, start);
    within.data = text.slice(start, end) || (this.#wrong ? " " : "");
    after.data = `${text.slice(end)}\n`;
    this.#marked.classList.toggle("wrong", Boolean(this.#wrong));
  }

  #say() {
    const { problem, remedy } = this.#problem || {};
    const [, instead] = (remedy || "").match(/(?:did you mean|write) "([^"]+)"/) || [];
    this.#said.replaceChildren(...(problem ? [make("b", {}, problem), remedy ? make("span.remedy", {}, `: ${remedy}`) : ""] : []));
    if (this.#wrong && instead) this.#said.append(" ", button(`write “${instead}”`, () => this.#mend(instead), { className: "quiet" }));
  }

  #mend(instead) {
    const { start, end } = this.#problem;
    this.#area.focus();
    this.#put(instead, start, end);
  }

  /** A text that the field's own value is given cannot be undone; one that is put in can. */
  #put(text, start, end) {
    if (this.text.slice(start, end) === text) return;
    const before = document.activeElement;
    this.#area.focus({ preventScroll: true });
    this.#area.setSelectionRange(start, end);
    if (!document.execCommand(text ? "insertText" : "delete", false, text)) {
      this.#area.setRangeText(text, start, end, "end");
      this.#changed();
    }
    if (before !== this.#area) before?.focus({ preventScroll: true });
  }

  /** What is said stands right under what is meant. */
  #place() {
    const [from, whole] = [this.#wrong ? this.#marked : this.#frame, this.#frame].map((each) => each.getBoundingClientRect());
    this.#said.style.marginLeft = `${Math.max(0, Math.min(from.left - whole.left, whole.width - 320))}px`;
  }
}
