// What one method says of a picture: drawn on it, and listed beside it, with its time.

import { bar } from "../parts/answer.js";
import { make } from "../parts/make.js";
import { percent } from "../parts/numbers.js";

const FRAME = 500;
const colourOf = (kind) => customElements.get("boxed-picture").colourOf(kind);

const seconds = (value) => (value < 0.0995 ? `${Math.max(1, Math.round(1000 * value))} ms` : `${value.toFixed(value < 9.95 ? 2 : 1)} s`);

/** A small square in the colour of a class. */
function swatch(kind) {
  const square = make("span.swatch", { "aria-hidden": "true" });
  square.style.backgroundColor = colourOf(kind);
  return square;
}

/** A clip's frames, one at a time: the slider, and play where motion is welcome. */
function frames(drawing, count) {
  const slider = make("input", { type: "range", min: 0, max: count - 1, value: 0, "aria-label": "frame" });
  const said = make("output", {}, `frame 1 of ${count}`);
  let timer = 0;
  const show = (frame) => {
    slider.value = String(frame);
    drawing.frame = frame;
    said.textContent = `frame ${frame + 1} of ${count}`;
  };
  const play = make("button.play", { type: "button" }, "play");
  const rest = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "play";
  };
  slider.addEventListener("input", () => {
    rest();
    show(Number(slider.value));
  });
  play.addEventListener("click", () => {
    if (timer) {
      rest();
      return;
    }
    play.textContent = "pause";
    timer = setInterval(() => (drawing.isConnected ? show((Number(slider.value) + 1) % count) : rest()), FRAME);
  });
  return make("div.row.frames", {}, slider, said, play);
}

/** A figure with a picture that things are drawn on, and what is said of it. */
function card(title, name, drawing, time, ...words) {
  const count = drawing.frames;
  return make("section.card-of", { "aria-label": title },
    make("div.heading", {}, make("h3", {}, title), time === null ? "" : make("span.time", {}, seconds(time))),
    make("p.small.run-name", {}, name && name !== title ? name : ""),
    drawing, make("div", {}, count > 1 ? frames(drawing, count) : "", ...words));
}

const drawn = (label, data) => {
  const drawing = make("boxed-picture", { label });
  drawing.data = data;
  return drawing;
};

const pictureOf = (arrays) => ({ values: arrays.picture.values, shape: arrays.picture.shape });

// --- boxes ---

function boxes(found, classes) {
  return found.map(({ class: name, score, box }) => ({
    box, kind: classes.indexOf(name), truth: score === undefined, text: score === undefined ? name : `${name} ${score.toFixed(2)}`,
  }));
}

function detection(title, name, { head, arrays }, { least, classes }) {
  const found = head.found.objects.filter((each) => each.score >= least);
  const words = found.map((each) => `${each.class} ${percent(each.score, 0)}`).join(", ") || "nothing";
  const data = { picture: pictureOf(arrays), boxes: boxes(found, classes) };
  const drawing = drawn(`what ${title} finds: ${words}`, data);
  const rows = found.map((each, place) => make("tr", { onpointerenter: () => { drawing.chosen = place; }, onpointerleave: () => { drawing.chosen = null; } },
    make("th", { scope: "row" }, swatch(classes.indexOf(each.class)), each.class), make("td", {}, each.score.toFixed(2)), make("td", {}, bar(each.score))));
  const list = found.length ? make("table.answer.found", { "aria-label": `what ${title} finds` }, make("tbody", {}, rows))
    : make("p.missing", {}, `Nothing that is as sure as ${least.toFixed(2)}.`);
  return card(title, name, drawing, head.seconds, list);
}

function detectionTruth({ head, arrays }, { classes }) {
  const names = head.truth.map((each) => each.class);
  const drawing = drawn(`what is there: ${names.join(", ") || "nothing"}`, { picture: pictureOf(arrays), boxes: boxes(head.truth, classes) });
  const counts = [...new Set(names)].map((name) => `${names.filter((each) => each === name).length} × ${name}`);
  return card("what is there", null, drawing, null, make("p", {}, counts.join(", ") || "nothing"));
}

// --- masks ---

const share = (regions, every) => regions.filter((each) => each.pixels).map((each) => ({ ...each, part: each.pixels / every }));

function regionRows(regions) {
  return make("table.answer.found", { "aria-label": "regions" }, make("tbody", {}, regions.filter(({ index }) => index).map(({ index, name, part, sureness }) => make("tr", {},
    make("th", { scope: "row" }, swatch(index - 1), name), make("td", {}, percent(part)), make("td", {}, sureness === undefined ? "" : `sure ${percent(sureness, 0)}`)))));
}

function segmentation(title, name, { head, arrays }) {
  const { found } = head;
  const regions = share(found.regions, found.height * found.width);
  const drawing = drawn(`the mask of ${title}: ${regions.map((each) => `${each.name} ${percent(each.part)}`).join(", ")}`, { picture: pictureOf(arrays), mask: arrays.mask });
  return card(title, name, drawing, head.seconds, regionRows(regions), agreement(arrays));
}

/** How many pixels are right, where the truth is known. */
function agreement({ mask, truth }) {
  if (!truth) return "";
  let [right, all] = [0, 0];
  truth.values.forEach((region, place) => {
    if (region === 255) return;
    all += 1;
    right += region === mask.values[place];
  });
  return make("p.small", {}, `${percent(right / Math.max(1, all))} of the pixels are right.`);
}

function segmentationTruth({ head, arrays }) {
  if (!arrays.truth) return null;
  const counts = new Map();
  for (const region of arrays.truth.values) if (region !== 255) counts.set(region, (counts.get(region) || 0) + 1);
  const regions = [...counts].sort((one, other) => other[1] - one[1]).map(([index, pixels]) => ({ index, name: head.names[index] ?? `region ${index}`, part: pixels / arrays.truth.values.length }));
  return card("what is there", null, drawn("the true mask", { picture: pictureOf(arrays), mask: arrays.truth }), null, regionRows(regions));
}

// --- captions ---

function captioning(title, name, { head, arrays }) {
  const { sentences, words } = head.found;
  const picture = pictureOf(arrays);
  const drawing = drawn(`the picture that ${title} reads`, { picture });
  const looks = words.some((each) => each.weights);
  const show = (weights) => {
    drawing.data = { picture, heat: weights ? { values: weights.flat(), shape: [weights.length, weights[0].length] } : null };
  };
  let kept = null;
  const buttons = words.map((each) => {
    const said = make("button.word", { type: "button", title: `${percent(each.probability)} sure`, "aria-pressed": "false", disabled: !each.weights }, each.word);
    said.addEventListener("pointerenter", () => show(each.weights));
    said.addEventListener("pointerleave", () => show(kept));
    said.addEventListener("click", () => {
      const again = said.getAttribute("aria-pressed") === "true";
      for (const other of buttons) other.setAttribute("aria-pressed", "false");
      said.setAttribute("aria-pressed", String(!again));
      kept = again ? null : each.weights;
      show(kept);
    });
    return said;
  });
  const first = looks ? make("p.sentence", {}, buttons) : make("p.sentence.plain", {}, sentences[0].text);
  return card(title, name, drawing, head.seconds, first,
    words.length ? make("p.small", {}, looks ? "Touch a word to see where it was looked for." : "It reads the picture as a whole: no word has a place in it.") : "",
    sentences[0].probability === null ? "" : make("table.answer.found", { "aria-label": "the likeliest sentences" }, make("tbody", {}, sentences.map((each) => make("tr", {}, make("th", { scope: "row" }, each.text), make("td", {}, percent(each.probability)))))));
}

function captioningTruth({ head, arrays }) {
  return card("what people might say", null, drawn("the picture", { picture: pictureOf(arrays) }), null, make("ul.says-list", {}, head.truth.map((each) => make("li", {}, each))));
}

export const CARDS = { detection, segmentation, captioning };
export const TRUTHS = { detection: detectionTruth, segmentation: segmentationTruth, captioning: captioningTruth };
