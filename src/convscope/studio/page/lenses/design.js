// Design: the network as text and as a drawing, in step, with every number worked out.
//
// The text is the person's: it is asked about as it is typed, and when typing rests, the newest
// that could be read becomes the network of the address.  It is put in here only when the address
// has another network, and nothing has been typed since.

import * as api from "../api.js";
import { cardAt, comparison, costTable } from "../design/table.js";
import { Derivation } from "../design/derivation.js";
import { Drawing } from "../design/drawing.js";
import { Editor } from "../design/editor.js";
import { Questions } from "../design/questions.js";
import { leaves, once, sourceOf, studio, subject } from "../looking.js";
import { button, choice, make, rested, trouble } from "../parts/make.js";
import { renewed } from "../parts/renewed.js";
import { go, state } from "../state.js";

let parts = null;
/** The last network that could be read, and the text that it was read from. */
let [record, readFrom] = [null, ""];
/** The network of the address: its text once that is known, whether it was typed here (typing
 *  further replaces it in the history), and how much had been typed when it was chosen. */
let chosen = {};
let turned = 0;

const questions = new Questions((text, signal) => api.tried("design", { text }, signal), answered);
const settle = rested(() => record && readFrom !== chosen.text && keep(readFrom, layerNow(), true), 350);

function learn(text, found) {
  [readFrom, record] = [text, found];
}

function keep(text, layer, typing = false) {
  const replace = typing && chosen.typed && sourceOf(state()) === chosen.source;
  chosen = { source: text, text, typed: typing };
  go({ net: text, layer }, { replace });
}

function typed(text) {
  settle();
  questions.about(text);
}

function answered(text, found, problem) {
  parts.editor.problem = problem;
  if (problem) return;
  learn(text, found);
  draw({ ...state(), layer: layerNow() });
  settle();
}

/** The layer that the caret stands in, where the text is the one whose layers are known. */
const layerAtCaret = () => (record && record.text === parts.editor.text ? cardAt(record, parts.editor.caret)?.name : null);

/** The layer to be kept with what was typed. */
function layerNow() {
  const before = state().layer;
  return layerAtCaret() ?? (record.explanation.layers.some(({ name }) => name === before) ? before : null);
}

/** What the caret has moved to; what is being typed is kept with its layer later. */
function followCaret() {
  const layer = layerAtCaret();
  if (layer && chosen.text === parts.editor.text && layer !== state().layer) go({ layer }, { replace: true });
}

/** A layer that was pressed; what was typed before that is kept with it. */
function choose(layer) {
  settle.cancel();
  if (readFrom === chosen.text) go({ layer });
  else keep(readFrom, layer, true);
}

/** Changes one layer; promises what is wrong with that, or null. */
async function edit(action, path, notation) {
  const { editor } = parts;
  const { text } = editor;
  if (text !== readFrom) return { problem: "the network above cannot be read as it stands", remedy: "mend its text first" };
  try {
    const made = await api.tried("design/edit", { text, path, action, notation });
    if (editor !== parts?.editor) return null;
    if (editor.text !== text || chosen.text === null) return { problem: "the text has been changed since", remedy: "press it again" };
    settle.cancel();
    editor.write(made.text);
    learn(made.text, made);
    keep(made.text, layerAtPath(made, path));
    return null;
  } catch (problem) {
    return problem;
  }
}

/** What stands now where something was changed. */
function layerAtPath({ spine, explanation }, path) {
  const there = [...leaves(spine)].filter((card) => String(card.path) === String(path));
  const same = there.find(({ name }) => name === state().layer);
  return (same || there[0] || explanation.layers.at(-1))?.name ?? null;
}

/** Into the clipboard; where the browser keeps it shut, into a box to copy from. */
async function copy(what, make_text) {
  const { copied } = parts;
  try {
    const text = await make_text();
    try {
      await navigator.clipboard.writeText(text);
      copied.replaceChildren(`${what} copied`);
    } catch {
      const box = make("textarea.code", { value: text, rows: 8, readOnly: true, "aria-label": `${what}, to be copied` });
      copied.replaceChildren(make("div", {}, "copy it from here:"), box);
      box.select();
    }
  } catch (problem) {
    copied.replaceChildren(trouble(problem));
  }
}

function build(place) {
  const canonical = () => record?.canonical || parts.editor.text;
  learn("", null);
  chosen = {};
  parts = {
    editor: new Editor("the network as notation", { typed, at: followCaret }),
    drawing: new Drawing((name) => {
      if (record && [...leaves(record.spine)].some((card) => card.name === name)) choose(name);
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
  renewed(parts.choices,
    choice("begin with", [["", "…"], ...zoo], named, (name) => { if (name) go({ net: name }); }),
    choice("beside it", [["", "nothing"], ["example", "example"], ...zoo], now.beside || "", (name) => go({ beside: name })),
    make("label.control", {}, guessing, make("span", {}, "hide the numbers until I have guessed")));
}

function draw(now, again = false) {
  const { layers, architecture } = record.explanation;
  const cost = layers.find((layer) => layer.name === now.layer) || layers[0] || null;
  const card = cost && [...leaves(record.spine)].find((each) => each.name === cost.name);
  const guessing = Boolean(now.guess);
  document.body.classList.toggle("guessing", guessing);
  parts.drawing.root.hidden = guessing;
  if (!guessing) parts.drawing.show(record.canonical).then(() => parts?.drawing.mark(cost?.name));
  parts.editor.span = card && now.layer && parts.editor.text === record.text ? [card.start, card.end] : null;
  // Whoever is about to press something there finds it in its place.
  const key = JSON.stringify([architecture, record.text, cost?.name, guessing]);
  if (key === parts.drawn && !again) return;
  parts.drawn = key;
  renewed(parts.table, costTable(record.explanation, cost?.name, guessing, choose));
  parts.derivation.root.hidden = !cost;
  if (cost) parts.derivation.show(record, cost, card, guessing, () => draw(state(), true));
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
    renewed(parts.beside, make("h2", {}, `${name} and ${now.beside}`), drawing.root, comparison(found, [name, now.beside]));
    drawing.show(other.canonical);
  } catch (problem) {
    if (turn === turned) parts.beside.replaceChildren(trouble(problem));
  }
}

async function show(now, place) {
  const turn = ++turned;
  if (!parts || !place.contains(parts.table)) build(place);
  showChoices(now);
  const source = sourceOf(now);
  if (source !== chosen.source) {
    // Another network was chosen, here or with the back button; what was typed before is over.
    settle.cancel();
    questions.stop();
    chosen = { source, text: null, edits: parts.editor.edits };
  }
  try {
    const found = await subject(now);
    if (turn !== turned) return;
    arrived(found);
    draw(now);
    compare(now);
  } catch (problem) {
    if (turn !== turned) return;
    if (problem.notation && untouched()) {
      chosen.text = parts.editor.text = problem.notation;
      parts.editor.problem = problem;
    } else parts.said.replaceChildren(trouble(problem));
  }
}

/** Whether the text that stands here still has to give way to that of the address. */
const untouched = () => chosen.text === null && chosen.edits === parts.editor.edits;

/** The network of the address is known. */
function arrived(found) {
  const { editor } = parts;
  parts.said.replaceChildren();
  if (untouched()) {
    if (editor.focused) editor.write(found.text);
    else editor.text = found.text;
  }
  chosen.text ??= found.text;
  if (!record || editor.text === found.text) learn(found.text, found);
  // What could not be asked while the studio was away.
  if (editor.problem?.kind === "Gone") questions.about(editor.text);
}

export default {
  name: "design",
  title: "Design",
  show,
  hide() {
    turned += 1;
    settle.cancel();
    questions.stop();
    document.body.classList.remove("guessing");
    parts = null;
  },
};
