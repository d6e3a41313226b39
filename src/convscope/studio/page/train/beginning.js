// What is to be trained, on what and how; and the runs that there are.

import * as api from "../api.js";
import { sourceOf, studio, subject } from "../looking.js";
import { button, choice, make, trouble } from "../parts/make.js";
import { percent } from "../parts/numbers.js";
import { earlyEnd, runOf, wordOf } from "../runs.js";
import { go } from "../state.js";

const RECIPES = {
  article: "what the article does",
  fast: "above 91 % within seconds",
  best: "the most that this network gives",
};
const plain = (text) => (text === "true" || text === "false" ? text === "true" : text !== "" && Number.isFinite(Number(text)) ? Number(text) : text);

/** What was asked for last, also before the page was loaded again; where the browser keeps it. */
const KEPT = "convscope: train";

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) || {};
  } catch {
    return {};
  }
}

function keep(asked) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(asked));
  } catch {
    // It keeps nothing.
  }
}

/** The form; `begun` is told the name of the run. */
export class Beginning {
  root = make("form.begin", { onsubmit: (event) => this.#submit(event) });
  #asked = { data: null, recipe: "fast", device: "auto", seed: 0, settings: {}, download: false };
  #said = make("div");
  #go = make("button", { type: "submit" }, "start training");
  #begun;
  #network = null;

  constructor(begun) {
    this.#begun = begun;
    const { data, recipes } = studio();
    const known = (list, name) => list.some((each) => each.name === name);
    const before = kept();
    this.#asked.data = (data.find((each) => each.name === "fashion-mnist" && each.ready) || data.find((each) => each.ready) || data[0]).name;
    if (known(data, before.data) && known(recipes, before.recipe)) Object.assign(this.#asked, before, { download: false });
    this.root.addEventListener("change", () => keep(this.#asked));
    this.#build();
  }

  /** Which network: one of the zoo by its name, so that it fits other images, too. */
  async show(now) {
    const source = sourceOf(now);
    const run = runOf(source);
    const zoo = studio().zoo.map((each) => each.name);
    let text = source;
    try {
      if (run?.architecture) text = zoo.includes(run.architecture.name) ? run.architecture.name : run.architecture.notation;
      else if (!zoo.includes(source)) text = (await subject(now)).canonical;
      this.#network = text;
    } catch {
      this.#network = null;
    }
    const name = this.root.querySelector(".what");
    name.replaceChildren(this.#network === null ? "the network above cannot be read: change it under Design"
      : make("code", {}, text.length > 120 ? `${text.slice(0, 118)}…` : text));
    this.#go.disabled = this.#network === null;
  }

  #build() {
    const { data, recipes, devices } = studio();
    const chosen = data.find((each) => each.name === this.#asked.data);
    const recipe = recipes.find((each) => each.name === this.#asked.recipe);
    const set = (key) => (value) => {
      this.#asked[key] = value;
      this.#build();
    };
    const what = this.root.querySelector(".what") || make("p.what");
    this.root.replaceChildren(
      what,
      choice("images", data.map((each) => [each.name, each.ready ? each.name : `${each.name} (not here yet)`]), this.#asked.data, set("data")),
      make("p.small", {}, chosen.summary),
      chosen.ready ? "" : this.#download(),
      choice("recipe", recipes.map((each) => [each.name, each.name]), this.#asked.recipe, set("recipe")),
      make("p.small", {}, `${RECIPES[recipe.name] ? `${RECIPES[recipe.name]}: ` : ""}${recipe.optimizer}, learning rate ${recipe.learning_rate}, ${recipe.epochs} epochs, ${recipe.batch_size} images a step`),
      this.#settings(recipe),
      make("div.row", {},
        choice("device", devices.map((each) => [each, each]), this.#asked.device, (value) => { this.#asked.device = value; }),
        make("label.control", {}, make("span", {}, "seed"), make("input", {
          type: "number", min: 0, max: 4294967295, value: this.#asked.seed, onchange: (event) => { this.#asked.seed = Math.max(0, Math.trunc(Number(event.target.value)) || 0); },
        }))),
      this.#go, this.#said);
  }

  #download() {
    const box = make("input", { type: "checkbox", checked: this.#asked.download, onchange: (event) => { this.#asked.download = event.target.checked; } });
    return make("label.control", {}, box, make("span", {}, "get them from the internet first"));
  }

  #settings(recipe) {
    const { settings } = studio();
    const open = this.root.querySelector("details")?.open ?? Object.keys(this.#asked.settings).length > 0;
    const rows = Object.keys(settings).filter((key) => key in recipe).map((key) => make("label.setting", { title: settings[key] },
      make("span", {}, key.replaceAll("_", " ")),
      make("input", {
        type: "text", value: key in this.#asked.settings ? String(this.#asked.settings[key]) : "", placeholder: String(recipe[key]),
        onchange: (event) => {
          const text = event.target.value.trim();
          if (text === "") delete this.#asked.settings[key];
          else this.#asked.settings[key] = plain(text);
        },
      })));
    return make("details.settings", { open: Boolean(open) }, make("summary", {}, "change the recipe"), make("div.settings-grid", {}, rows));
  }

  async #submit(event) {
    event.preventDefault();
    this.#said.replaceChildren();
    this.#go.disabled = true;
    try {
      const { run } = await api.post("runs", { architecture: this.#network, ...this.#asked });
      this.#begun(run);
    } catch (problem) {
      this.#said.replaceChildren(trouble(problem));
    } finally {
      this.#go.disabled = false;
    }
  }
}

/** The classifiers' runs, the newest first; the one that is shown is marked.  `forget` is told which is to leave the list. */
export function runList(runs, shown, forget) {
  const own = runs.filter((run) => run.task === "classification");
  const items = own.map((run) => {
    const accuracy = run.results?.accuracy;
    const end = accuracy === undefined ? "finished" : percent(accuracy);
    const word = run.state === "finished" ? end + (earlyEnd(run.results) && ", stopped early") : wordOf(run);
    const open = button(run.name, () => go(run.created ? { net: run.name, run: null } : { run: run.name }), { className: "quiet" });
    if (run.name === shown) open.setAttribute("aria-current", "true");
    const lost = run.state === "failed" && !run.created;
    return make("li", {}, open, make(`span.run-state.${run.state}`, {}, word),
      lost ? button("×", () => forget(run.name), { className: "quiet", title: "take it off the list: it has left nothing", "aria-label": `take ${run.name} off the list` }) : "");
  });
  return make("section.run-list", { "aria-label": "runs" }, make("h2", {}, "Runs"), make("ul", {}, items));
}
