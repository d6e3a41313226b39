// Design: the network as text and as a drawing, in step, with every number worked out.

import * as api from "../api.js";
import { cardAt, comparison, costTable } from "../design/table.js";
import { Derivation } from "../design/derivation.js";
import { Drawing } from "../design/drawing.js";
import { Editor } from "../design/editor.js";
import { leaves, once, sourceOf, studio, subject } from "../looking.js";
import { button, choice, make, rested, trouble } from "../parts/make.js";
import { go, state } from "../state.js";

let parts = null;
let record = null;
let asking = null;
/** The notation that was written here last: changing it further replaces it in the history. */
let written = null;
let turned = 0;

const settle = rested((text) => keep(text, true), 350);

function keep(text, typing = false) {
  const replace = typing && written !== null && state().net === written;
  written = text;
  go({ net: text, layer: state().layer ?? null }, { replace });
}

/** Every keystroke is worked out; the network changes once typing rests. */
async function typed(text) {
  asking?.abort();
  asking = new AbortController();
  settle.cancel();
  try {
    record = await api.post("design", { text }, asking.signal);
    parts.editor.problem = null;
    draw(state());
    settle(text);
  } catch (problem) {
    if (problem.name !== "AbortError") parts.editor.problem = problem;
  }
}

async function edit(action, path, notation) {
  try {
    const made = await api.post("design/edit", { text: parts.editor.text, path, action, notation });
    parts.said.replaceChildren();
    parts.editor.text = made.text;
    record = made;
    keep(made.text);
  } catch (problem) {
    parts.said.replaceChildren(trouble(problem));
  }
}

/** Into the clipboard; where the browser keeps it shut, into a box to copy from. */
async function copy(what, make_text) {
  try {
    const text = await make_text();
    try {
      await navigator.clipboard.writeText(text);
      parts.copied.replaceChildren(`${what} copied`);
    } catch {
      const box = make("textarea.code", { value: text, rows: 8, readOnly: true, "aria-label": `${what}, to be copied` });
      parts.copied.replaceChildren(make("div", {}, "copy it from here:"), box);
      box.select();
    }
  } catch (problem) {
    parts.copied.replaceChildren(trouble(problem));
  }
}

function build(place) {
  const canonical = () => record?.canonical || parts.editor.text;
  parts = {
    editor: new Editor(typed, (position) => {
      const card = record && cardAt(record, position);
      if (card && card.name !== state().layer) go({ layer: card.name }, { replace: true });
    }),
    drawing: new Drawing((name) => {
      if (record && [...leaves(record.spine)].some((card) => card.name === name)) go({ layer: name });
    }),
    derivation: new Derivation(edit),
    choices: make("div.row"), said: make("div"), copied: make("span.small", { role: "status" }),
    table: make("div"), beside: make("section.compared", { "aria-label": "side by side" }),
  };
  place.replaceChildren(make("div.design", {},
    parts.choices, parts.editor.root, parts.said,
    parts.drawing.root,
    make("div.design-body", {}, parts.derivation.root, make("section", { "aria-label": "what it costs" }, make("h2", {}, "What it costs"), parts.table)),
    parts.beside,
    make("div.row", {}, make("span.small", {}, "copy as"),
      button("Python", () => copy("Python", () => api.text("design/code", { text: canonical() }))),
      button("notation", () => copy("notation", async () => canonical())),
      button("SVG", () => copy("SVG", () => api.getText("design/drawing.svg", { text: canonical() }))), parts.copied)));
}

function showChoices(now) {
  const zoo = studio().zoo.map((each) => [each.name, `${each.name}: ${each.summary}`]);
  const named = zoo.some(([name]) => name === now.net) ? now.net : "";
  const guessing = make("input", { type: "checkbox", checked: Boolean(now.guess), onchange: (event) => go({ guess: event.target.checked ? 1 : null }) });
  parts.choices.replaceChildren(
    choice("begin with", [["", "…"], ...zoo], named, (name) => { if (name) go({ net: name }); }),
    choice("beside it", [["", "nothing"], ["example", "example"], ...zoo], now.beside || "", (name) => go({ beside: name })),
    make("label.control", {}, guessing, make("span", {}, "hide the numbers until I have guessed")));
}

function chosen(now) {
  const { layers } = record.explanation;
  return layers.find((layer) => layer.name === now.layer) || layers[0] || null;
}

function draw(now) {
  const cost = chosen(now);
  const guessing = Boolean(now.guess);
  document.body.classList.toggle("guessing", guessing);
  parts.drawing.root.hidden = guessing;
  if (!guessing) parts.drawing.show(record.canonical).then(() => parts?.drawing.mark(cost?.name));
  parts.table.replaceChildren(costTable(record.explanation, cost?.name, guessing, (name) => go({ layer: name })));
  parts.derivation.root.hidden = !cost;
  if (!cost) return;
  const card = [...leaves(record.spine)].find((each) => each.name === cost.name);
  parts.derivation.show(record, cost, card, guessing, () => draw(state()));
  if (card && parts.editor.text === record.text) parts.editor.span = now.layer ? [card.start, card.end] : null;
}

async function compare(now) {
  if (!now.beside) {
    parts.beside.replaceChildren();
    return;
  }
  const turn = turned;
  try {
    const other = await subject({ net: now.beside });
    const pair = { first: record.canonical, second: other.canonical };
    const found = await once(["compare", pair], () => api.post("design/compare", pair));
    if (turn !== turned) return;
    const drawing = new Drawing(() => {});
    const name = sourceOf(now).includes(" ") ? "this network" : sourceOf(now);
    parts.beside.replaceChildren(make("h2", {}, `${name} and ${now.beside}`), drawing.root, comparison(found, [name, now.beside]));
    drawing.show(other.canonical);
  } catch (problem) {
    if (turn === turned) parts.beside.replaceChildren(trouble(problem));
  }
}

async function show(now, place) {
  const turn = ++turned;
  if (!parts || !place.contains(parts.table)) build(place);
  showChoices(now);
  try {
    const found = await subject(now);
    if (turn !== turned) return;
    const foreign = sourceOf(now) !== written;
    if (foreign || !parts.editor.focused) {
      record = found;
      parts.editor.text = found.text;
      if (foreign) written = null;
    } else if (parts.editor.text === found.text) record = found;
    draw(now);
    compare(now);
  } catch (problem) {
    if (turn !== turned) return;
    if (problem.notation && !parts.editor.focused) {
      parts.editor.text = problem.notation;
      parts.editor.problem = problem;
    } else parts.said.replaceChildren(trouble(problem));
  }
}

export default {
  name: "design",
  title: "Design",
  show,
  hide() {
    turned += 1;
    settle.cancel();
    asking?.abort();
    document.body.classList.remove("guessing");
    parts = null;
  },
};
