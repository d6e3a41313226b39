// The studio's page: one network on top, five lenses below it.

import * as api from "./api.js";
import applications from "./lenses/applications.js";
import claims from "./lenses/claims.js";
import design from "./lenses/design.js";
import inside from "./lenses/inside.js";
import train from "./lenses/train.js";
import * as growing from "./growing.js";
import { begin, renew, sourceOf, studio } from "./looking.js";
import { button, make, trouble } from "./parts/make.js";
import { renewed } from "./parts/renewed.js";
import { hearOfRuns, isAlive, isNews, isNotation, readRuns, runOf, runs, wordOf } from "./runs.js";
import { Spine } from "./spine.js";
import { address, go, listen, state } from "./state.js";

const LENSES = [design, train, inside, claims, applications];
const FIRST = inside;
const [head, notice, place, strip] = ["head", "notice", "lens", "spine"].map((id) => document.getElementById(id));

let shown = null;
const tabs = new Map();
const sources = make("select", { onchange: () => go({ net: sources.value === studio().source ? null : sources.value }) });
const spine = new Spine(strip);

function build() {
  const list = make("ul");
  for (const lens of LENSES) {
    const link = make("a", { href: address({ lens: lens.name }), onclick: (event) => follow(event, lens) }, lens.title);
    tabs.set(lens, link);
    list.append(make("li", {}, link));
  }
  head.replaceChildren(
    make("h1", {}, make("a", { href: window.location.pathname, onclick: home }, "convscope")),
    make("nav", { "aria-label": "lenses" }, list),
    make("label.control.source", {}, make("span", {}, "network"), sources));
}

function follow(event, lens) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({ lens: lens.name === FIRST.name ? null : lens.name });
}

/** Back to what a first visitor sees. */
function home(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(Object.fromEntries(Object.keys(state()).map((key) => [key, null])));
}

/** What may be looked at: the source that the studio was started with, runs, the zoo. */
function showSources(now) {
  const known = studio();
  const source = sourceOf(now);
  const option = (value, text = value) => make("option", { value }, text);
  const group = (label, options) => (options.length ? [make("optgroup", { label }, options)] : []);
  const own = known.source === "example" ? "example (trained)" : known.source;
  const trained = runs().filter((run) => run.task === "classification" && run.name !== known.source && run.name !== "example");
  const zoo = known.zoo.map((each) => each.name);
  const given = [known.source, "example", ...trained.map((run) => run.name), ...zoo];
  const standing = (run) => (run.state === "finished" ? run.name : `${run.name} (${wordOf(run)})`);
  sources.replaceChildren(
    option(known.source, own),
    ...(known.source === "example" ? [] : [option("example", "example (trained)")]),
    ...group("runs", trained.map((run) => option(run.name, standing(run)))),
    ...group("untrained", zoo.map((name) => option(name))),
    ...(given.includes(source) ? [] : [option(source, isNotation(source) ? "your notation" : source)]));
  sources.value = source;
  sources.title = sources.selectedOptions[0].textContent;
}

/** The list stays as it is where the server is gone: whoever needs it says so. */
const tryRuns = () => readRuns().catch(() => {});
sources.addEventListener("pointerdown", tryRuns);
sources.addEventListener("focus", tryRuns);

/** The run whose growth the page follows: that of Train, else one that is shown while it grows. */
function followed(now, lens) {
  if (lens.follows) return lens.follows(now);
  const source = sourceOf(now);
  return growing.followed()?.run === source || isAlive(runOf(source)) ? source : null;
}

const lensOf = (now) => LENSES.find((each) => each.name === now.lens) || FIRST;

function show(now) {
  const lens = lensOf(now);
  for (const [each, link] of tabs) {
    link.href = address({ lens: each.name === FIRST.name ? null : each.name });
    if (each === lens) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${lens.title} · ${sourceOf(now).slice(0, 60)} · convscope studio`;
  showSources(now);
  if (isNews(sourceOf(now))) tryRuns();
  growing.follow(followed(now, lens));
  spine.show(now);
  if (shown !== lens) {
    shown?.hide();
    renewed(place);
    place.dataset.lens = lens.name;
    place.setAttribute("aria-label", lens.title);
    shown = lens;
  }
  lens.show(now, place);
}

let there = true;

/** The server is gone: asked again until it is back, and then all goes on. */
function heard(answers) {
  if (answers === there) return;
  there = answers;
  if (there) {
    notice.replaceChildren();
    renew();
    return;
  }
  notice.replaceChildren(make("p.trouble", {}, make("b", {}, "The studio does not answer. "),
    "Start it again with ", make("code", {}, "convscope studio"), ": this page goes on by itself."));
  const again = () => {
    if (!there) api.get("state").catch(() => setTimeout(again, 1500));
  };
  setTimeout(again, 1500);
}

async function start() {
  build();
  try {
    await begin();
  } catch (problem) {
    place.replaceChildren(trouble(problem), button("try again", start));
    return;
  }
  api.watch(heard);
  listen(show);
  // One after another: a training that is looked at needs the processor.
  growing.begin(async (now) => {
    await spine.show(now);
    if (shown.live) await shown.show(now, place);
  });
  hearOfRuns(() => {
    showSources(state());
    growing.follow(followed(state(), lensOf(state())));
  });
  show(state());
  tryRuns();
}
start();
