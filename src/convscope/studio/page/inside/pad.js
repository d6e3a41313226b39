// A black sheet to draw on in white, as the pictures of Fashion-MNIST are: mouse, finger or keys.

import { button, make } from "../parts/make.js";

const SIDE = 280;
const STEP = 10;

export class Pad {
  #canvas = make("canvas.pad", { width: SIDE, height: SIDE, tabIndex: 0, role: "application",
    "aria-label": "a sheet to draw on: arrow keys move the pen, the space bar sets it down or lifts it" });
  #pen = this.#canvas.getContext("2d");
  #at = null;
  #keys = { x: SIDE / 2, y: SIDE / 2, down: false };
  #said = make("p.small", { role: "status" }, "Draw with the mouse, a finger, or the arrow keys; the space bar sets the pen down.");
  #width = make("input", { type: "range", min: 4, max: 48, value: 22, "aria-label": "width of the pen" });
  #done;

  constructor(done) {
    this.#done = done;
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", () => this.#end());
    canvas.addEventListener("pointercancel", () => this.#end());
    canvas.addEventListener("keydown", (event) => this.#key(event));
    this.root = make("div.drawing-pad", {}, canvas, this.#said,
      make("div.row", {}, make("label.control", {}, make("span", {}, "pen"), this.#width), button("clear", () => this.clear(true))));
    this.clear();
  }

  focus() {
    this.#canvas.focus();
  }

  /** A sheet with nothing on it goes through the network, too, where something was on it. */
  clear(send = false) {
    this.#pen.fillStyle = "#000";
    this.#pen.fillRect(0, 0, SIDE, SIDE);
    if (send) this.#send();
  }

  #place(event) {
    const area = this.#canvas.getBoundingClientRect();
    return { x: ((event.clientX - area.left) / area.width) * SIDE, y: ((event.clientY - area.top) / area.height) * SIDE };
  }

  #stroke(from, to) {
    Object.assign(this.#pen, { strokeStyle: "#fff", lineWidth: Number(this.#width.value), lineCap: "round", lineJoin: "round" });
    this.#pen.beginPath();
    this.#pen.moveTo(from.x, from.y);
    this.#pen.lineTo(to.x, to.y);
    this.#pen.stroke();
  }

  #begin(event) {
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#at = this.#place(event);
    this.#stroke(this.#at, this.#at);
  }

  #move(event) {
    if (!this.#at) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) {
      const to = this.#place(each);
      this.#stroke(this.#at, to);
      this.#at = to;
    }
  }

  #end() {
    if (!this.#at) return;
    this.#at = null;
    this.#send();
  }

  #key(event) {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!by && event.key !== " ") return;
    event.preventDefault();
    const from = { ...this.#keys };
    if (event.key === " ") this.#keys.down = !this.#keys.down;
    else {
      const within = (value) => Math.max(0, Math.min(SIDE, value));
      Object.assign(this.#keys, { x: within(from.x + by[0]), y: within(from.y + by[1]) });
    }
    if (this.#keys.down) this.#stroke(from, this.#keys);
    const lifted = from.down && !this.#keys.down;
    this.#said.textContent = `The pen is ${this.#keys.down ? "down" : "up"}, at ${Math.round((100 * this.#keys.x) / SIDE)} % from the left, ${Math.round((100 * this.#keys.y) / SIDE)} % from the top.`;
    if (lifted) this.#send();
  }

  #send() {
    this.#canvas.toBlob((blob) => this.#done(blob), "image/png");
  }
}
