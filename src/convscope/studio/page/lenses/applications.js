// Applications: boxes, masks and captions on fresh scenes and on pictures of one's own.
//
// What is looked at stands in the address: task, seed or look (pictures), runs (which methods).

import * as api from "../api.js";
import { CARDS, TRUTHS } from "../applications/card.js";
import { once } from "../looking.js";
import { button, empty, make, trouble } from "../parts/make.js";
import { renewed } from "../parts/renewed.js";
import { go, state as current } from "../state.js";

const TITLES = {
  detection: "What is where", segmentation: "What every pixel is",
  captioning: "What is to be seen, in words", clips: "What happens in a clip, in words",
};
const MOST = 4;
/** What is less sure is not even asked for. */
const LOWEST = 0.05;

let parts = null;
let tasks = null;
let least = 0.5;
let turned = 0;
let known = "";
let answers = [];
/** The card of what is there. */
let truth = null;
/** What the files of pictures were called, as long as the page is open. */
const called = new Map();

/** Captioners of clips stand for themselves: they see other things than those of pictures. */
function viewsOf(found) {
  return found.flatMap((task) => {
    const view = { ...task, view: task.task };
    if (task.task !== "captioning") return [view];
    const part = (clips) => task.runs.filter((run) => run.clips === clips);
    return [{ ...view, runs: part(false) }, { ...view, baselines: [], view: "clips", command: `${task.command} train --method clip-lstm`, runs: part(true) }];
  });
}

const taskOf = (now) => tasks.find(({ view }) => view === now.task) || tasks[0];

/** What can be asked: the runs, and what needs none. */
function methods(task) {
  const runs = task.runs.map((run) => ({ name: run.name, title: run.method, run }));
  return [...runs, ...task.baselines.map((each) => ({ ...each, run: null }))];
}

/** Which are asked: those of the address, else the first run of each method. */
function chosen(task, now) {
  const all = methods(task);
  const named = (now.runs || "").split(",").filter((name) => all.some((each) => each.name === name));
  if (named.length) return all.filter((each) => named.includes(each.name));
  const found = new Map();
  for (const each of all) if (!found.has(each.title)) found.set(each.title, each);
  return [...found.values()].slice(0, MOST);
}

function build(place) {
  parts = {
    tabs: make("nav.tasks", { "aria-label": "applications" }), controls: make("div.row.asking"), said: make("div", { role: "status" }),
    cards: make("div.cards"), methods: make("fieldset.methods"),
  };
  place.replaceChildren(parts.tabs, parts.controls, parts.methods, parts.said, parts.cards);
}

function showTabs(task) {
  renewed(parts.tabs, ...tasks.map((each) => {
    const tab = button(each.view, () => go({ task: each.view, runs: null }));
    if (each === task) tab.setAttribute("aria-current", "true");
    return tab;
  }));
}

/** Pictures of one's own that this task can look at: several are the frames of a clip. */
function looksOf(task, now) {
  const images = (now.look || "").split(",").filter(Boolean);
  return (images.length > 1) === (task.view === "clips") ? images : [];
}

/** Without pictures of one's own; what was put on top with one is as it was, too. */
const noLook = (now) => ({ look: null, ...(now.image === now.look && called.has(now.image) ? { image: null } : {}) });

/** What is looked at: a picture of one's own, and the way back; or a scene by its number. */
function showLooked(task, now) {
  const clips = task.view === "clips";
  const thing = clips ? "clip" : "scene";
  const seed = Number(now.seed) || 0;
  const own = looksOf(task, now);
  if (own.length) {
    const what = clips ? `your clip, ${own.length} frames` : "your picture";
    const name = called.get(own[0]);
    return [make("span.looked", { role: "status" }, make("b", {}, what), name && !clips ? ` (${name})` : ""),
      button(`back to ${thing} ${seed}`, () => go(noLook(now)))];
  }
  const number = make("input", { type: "number", min: 0, max: 4294967295, value: seed, onchange: () => go({ seed: Math.max(0, Math.trunc(Number(number.value)) || 0) }) });
  const above = !clips && /^picture-/.test(now.image || "") ? now.image : null;
  return [make("label.control", {}, make("span", {}, thing), number),
    button(`another ${thing}`, () => go({ seed: seed + 1 })),
    above ? button("the picture on top", () => go({ look: above })) : "",
    now.look ? make("span.small", { role: "status" }, clips ? "Your picture is no clip; other tasks look at it." : "Your clip is kept for “clips”.") : ""];
}

function showControls(task, now) {
  const clips = task.view === "clips";
  const file = make("input.unseen", { type: "file", accept: "image/*", multiple: clips, tabIndex: -1, "aria-label": clips ? "frames of a clip" : "a picture of yours", onchange: () => upload([...file.files]) });
  const items = [...showLooked(task, now), button(clips ? "upload frames of a clip" : "upload a picture", () => file.click()), file];
  if (task.task === "detection") {
    const said = make("output", {}, least.toFixed(2));
    const slider = make("input", { type: "range", min: LOWEST, max: 0.95, step: 0.05, value: least, oninput: () => {
      least = Number(slider.value);
      said.textContent = least.toFixed(2);
      draw(taskOf(current()), true);
    } });
    items.push(make("label.control", {}, make("span", {}, "at least as sure as"), slider, said));
  }
  renewed(parts.controls, ...items);
}

function showMethods(task, now) {
  const all = methods(task);
  const names = chosen(task, now).map((each) => each.name);
  parts.methods.hidden = all.length < 2;
  renewed(parts.methods, make("legend.small", {}, "side by side"), ...all.map((each) => {
    const box = make("input", { type: "checkbox", checked: names.includes(each.name), onchange: () => {
      const next = box.checked ? [...names, each.name] : names.filter((name) => name !== each.name);
      if (next.length) go({ runs: next.join(",") });
      else box.checked = true;
    } });
    return make("label", {}, box, make("span", {}, each.run ? `${each.title} (${each.name})` : each.title));
  }));
}

async function upload(files) {
  if (!files.length) return;
  parts.said.replaceChildren(make("p.small", {}, "Reading the picture …"));
  try {
    const ordered = files.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
    const kept = [];
    for (const file of ordered) {
      const { id } = await api.upload(file);
      called.set(id, file.name);
      kept.push(id);
    }
    parts?.said.replaceChildren();
    go({ look: kept.join(","), ...(kept.length === 1 ? { image: kept[0] } : {}) });
  } catch (problem) {
    parts?.said.replaceChildren(trouble(problem));
  }
}

// --- asking ---

function ask(task, each, now) {
  const images = looksOf(task, now);
  const body = { run: each.name, seed: images.length ? 0 : Number(now.seed) || 0, images, least: task.task === "detection" ? LOWEST : 0.5 };
  return once(["applied", task.task, body], () => api.arrays(`applications/${task.task}`, body));
}

/** One method after another: their times would not be their own. */
async function answer(task, now) {
  const turn = ++turned;
  answers = chosen(task, now).map((each) => ({ each, found: null, problem: null, card: null }));
  truth = null;
  draw(task);
  parts.cards.setAttribute("aria-busy", "true");
  for (const one of answers) {
    try {
      one.found = await ask(task, one.each, now);
    } catch (problem) {
      one.problem = problem;
    }
    if (turn !== turned || !parts) return;
    draw(task);
  }
  parts.cards.removeAttribute("aria-busy");
}

/** Cards that stand there stay, with what was pressed on them; anew where they would say something else. */
function draw(task, anew = false) {
  const classes = task.runs[0]?.classes || [];
  for (const one of answers) if (anew || !one.card || one.card.waits) one.card = cardOf(task, one, classes);
  const first = answers.find(({ found }) => found?.head.truth || found?.arrays.truth);
  if (first && !truth) truth = TRUTHS[task.task](first.found, { classes: classesOf(first, classes) });
  const cards = [...answers.map(({ card }) => card), ...(truth ? [truth] : [])];
  cards.forEach((card, place) => {
    const there = parts.cards.children[place];
    if (!there) parts.cards.append(card);
    else if (there !== card) there.replaceWith(card);
  });
  while (parts.cards.children.length > cards.length) parts.cards.lastChild.remove();
}

function cardOf(task, one, classes) {
  const { each, found, problem } = one;
  if (problem) return make("section.card-of.plain", { "aria-label": each.title }, make("h3", {}, each.title), trouble(problem));
  if (found) return CARDS[task.task](each.title, each.run ? each.name : null, found, { least, classes: classesOf(one, classes) });
  const card = make("section.card-of.plain.waiting", { "aria-label": each.title }, make("h3", {}, each.title), make("p.missing", {}, "looking …"));
  card.waits = true;
  return card;
}

/** In the order that gives them their colours; of what has no run, those of the others. */
function classesOf({ each, found }, others) {
  if (each.run) return each.run.classes;
  if (others.length) return others;
  const { truth, found: { objects } } = found.head;
  return [...new Set([...(truth || []), ...(objects || [])].map((one) => one.class).filter(Boolean))].sort();
}

/** How to get what is not there yet. */
const lesson = (task) => empty(`Nothing has been trained for ${task.view} yet. In a terminal, `,
  make("code", {}, `${task.command}${task.view === "clips" ? "" : " train"} --quick`),
  ` makes a first one within a minute or so; it shows up here.${task.baselines.length ? " Until then there is what needs no training:" : ""}`);

function teach(task) {
  parts.methods.hidden = true;
  parts.controls.replaceChildren();
  parts.methods.replaceChildren();
  parts.said.replaceChildren();
  parts.cards.replaceChildren(lesson(task));
}

export default {
  name: "applications",
  title: "Applications",

  async show(now, place) {
    if (!parts || !place.contains(parts.cards)) {
      build(place);
      known = "";
      try {
        tasks = viewsOf((await api.get("applications")).tasks);
      } catch (problem) {
        parts?.said.replaceChildren(trouble(problem, () => {
          parts = null;
          this.show(current(), place);
        }));
        return;
      }
    }
    if (!parts || !tasks) return;
    const latest = current();
    const task = taskOf(latest);
    const question = JSON.stringify([task.view, latest.seed, latest.look, chosen(task, latest).map((each) => each.name)]);
    if (question === known) return;
    known = question;
    showTabs(task);
    parts.tabs.append(make("h2", {}, TITLES[task.view]));
    if (!methods(task).length) {
      teach(task);
      return;
    }
    parts.said.replaceChildren(...(task.runs.length ? [] : [lesson(task)]));
    showControls(task, latest);
    showMethods(task, latest);
    answer(task, latest);
  },

  hide() {
    turned += 1;
    parts = null;
  },
};
