// Claims: what the article states, what was measured, and measuring it on this machine.

import * as api from "../api.js";
import { Beside, FORGOTTEN } from "../claims/beside.js";
import { button, choice, empty, make, trouble } from "../parts/make.js";
import { renewed } from "../parts/renewed.js";
import { go, state as current } from "../state.js";

const LOOKS = { holds: "passed", "holds when": "passed", "not reproduced here": "failed", "too little data to say": "open" };
const SOURCES = { stored: "in the package", quick: "measured here, quick", full: "measured here, in full" };

let parts = null;
let claims = [];
let shown = null;
let end = null;
let standing = null;
let extent = "quick";
let turned = 0;

/** A verdict that stands alone is no beginning of a sentence. */
const ALONE = { "holds when": "holds under a condition" };

const word = (verdict, text = verdict ? ALONE[verdict.word] ?? verdict.word : "not measured yet") =>
  make(`b.verdict.${verdict ? LOOKS[verdict.word] : "open"}`, {}, text);

function build(place) {
  parts = { list: make("ol.claim-list"), claim: make("article.one-claim", { tabIndex: -1 }) };
  place.replaceChildren(make("div.claims-lens", {},
    make("section", { "aria-label": "all claims" }, make("h2", {}, "What the article states"),
      make("p.small", {}, "Each statement was turned into a measurement and a rule, and the rule was fixed before anything was measured. Touch one to see what came out, and to measure it here."), parts.list),
    parts.claim));
}

function showList(now) {
  renewed(parts.list, ...claims.map((each) => {
    const name = each.name;
    const open = make("button", { type: "button", onclick: () => choose(name) }, make("span", {}, each.title), word(each.verdict));
    if (name === (now.claim || claims[0].name)) open.setAttribute("aria-current", "true");
    const busy = ["quick", "full"].some((key) => ["measuring", "stopping"].includes(each.here[key].state));
    return make("li", {}, open, busy ? make("span.run-state.measuring", {}, "is being measured") : "");
  }));
}

/** Where the list stands above it, the claim comes into view. */
function choose(name) {
  go({ ...FORGOTTEN, claim: name });
  if (parts.claim.getBoundingClientRect().top > window.innerHeight / 2) parts.claim.scrollIntoView();
}

// --- one claim ---

async function open(name) {
  const turn = ++turned;
  end?.();
  shown = name;
  standing = null;
  parts.claim.setAttribute("aria-busy", "true");
  try {
    const record = await api.get(`claims/${name}`);
    if (turn !== turned || !parts) return;
    standing = record.here;
    draw(record);
    follow(name);
  } catch (problem) {
    if (turn === turned && parts) parts.claim.replaceChildren(trouble(problem, () => open(name)));
  } finally {
    if (turn === turned) parts?.claim.removeAttribute("aria-busy");
  }
}

function follow(name) {
  end = api.follow(`claims/${name}/events`, {
    state: (found) => {
      const before = standing;
      standing = found;
      const ready = ["quick", "full"].some((key) => before?.[key].state !== "finished" && found[key].state === "finished");
      if (ready) refresh(name);
      else showMeasuring(name);
    },
    gone: () => setTimeout(() => {
      if (parts && shown === name) open(name);
    }, 1500),
  });
}

async function refresh(name) {
  try {
    const [record, all] = await Promise.all([api.get(`claims/${name}`), api.get("claims")]);
    if (!parts || shown !== name) return;
    claims = all.claims;
    showList(current());
    draw(record);
  } catch (problem) {
    parts?.claim.append(trouble(problem));
  }
}

function draw(record) {
  const known = claims.find((each) => each.name === record.name);
  const outcomes = Object.keys(SOURCES).filter((key) => record[key]).map((key) => [key, record[key]]);
  parts.beside = new Beside(record.networks);
  parts.beside.show(current());
  parts.measuring = make("section.measuring", { "aria-label": "measure it here" });
  const results = outcomes.map(([key, outcome]) => result(record.name, key, outcome));
  renewed(parts.claim,
    make("h2", {}, known.title), make("p.says", {}, known.says),
    outcomes.length ? "" : empty("Nothing has been measured yet, and nothing is in the package."),
    make(`div.results${results.length > 1 ? ".several" : ""}`, {}, results),
    parts.beside.root,
    parts.measuring,
    make("dl.terms", {}, ...[["rule", known.rule], ["source", known.source]].flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])));
  showMeasuring(record.name);
}

function result(name, key, outcome) {
  const { verdict } = outcome;
  const joint = verdict.word === "holds when" ? " " : ": ";
  const section = make("section.result", { "aria-label": SOURCES[key] },
    make("h3", {}, SOURCES[key]),
    make("p", {}, word(verdict, verdict.word), `${joint}${verdict.because}.`),
    make("p", {}, outcome.measured),
    make("p.small", {}, outcome.under));
  outcome.charts.forEach((chart, number) => section.append(figure(name, key, chart, number)));
  return section;
}

/** The figure as the report draws it, in the page's own colours; its numbers below it. */
function figure(name, key, chart, number) {
  const place = make("div.figure", { role: "img", "aria-label": `${chart.title}: ${chart.y} over ${chart.x}; the numbers stand in the table below` });
  const query = { number, ...(key === "stored" ? {} : { of: key }) };
  api.getText(`claims/${name}/figure.svg`, query).then((text) => {
    const drawing = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    drawing.setAttribute("aria-hidden", "true");
    place.replaceChildren(document.importNode(drawing, true));
  }, (problem) => place.replaceWith(trouble(problem)));
  return make("figure", {}, make("div.scroll", { tabIndex: 0, role: "region", "aria-label": chart.title }, place), numbersOf(chart));
}

function numbersOf(chart) {
  const places = [...new Set(chart.series.flatMap((series) => series.xs))];
  const text = (value) => (typeof value === "number" ? String(+value.toPrecision(4)).replace("-", "−") : value ?? "");
  const cell = (series, x) => {
    const at = series.xs.indexOf(x);
    if (at < 0) return "";
    return text(series.ys[at]) + (series.lows.length ? ` (${text(series.lows[at])} to ${text(series.highs[at])})` : "");
  };
  return make("details", {}, make("summary", {}, "the numbers"), make("div.scroll", { tabIndex: 0, role: "region", "aria-label": `the numbers of: ${chart.title}` },
    make("table.numbers", {},
      make("thead", {}, make("tr", {}, [chart.x, ...chart.series.map((series) => series.name || chart.y)].map((each) => make("th", { scope: "col" }, each)))),
      make("tbody", {}, places.map((x) => make("tr", {}, make("th", { scope: "row" }, text(x)), chart.series.map((series) => make("td", {}, cell(series, x)))))))));
}

// --- measuring it here ---

function showMeasuring(name) {
  if (!parts?.measuring || !standing) return;
  const alive = ["quick", "full"].find((key) => ["measuring", "stopping"].includes(standing[key].state));
  const own = standing[alive || extent];
  renewed(parts.measuring, make("h3", {}, "Measure it here"), ...(alive ? underWay(name, alive, own) : toBegin(name, own)));
}

function underWay(name, key, { state, progress }) {
  const counted = progress?.total ? ` ${progress.done.toLocaleString("en-US")} of ${progress.total.toLocaleString("en-US")} ${progress.unit}` : "";
  const bar = make("progress", { "aria-label": "how far the measurement is", ...(progress?.total ? { max: progress.total, value: progress.done } : {}) });
  return [bar,
    make("p.small", {}, state === "stopping" ? "It ends, and keeps what it has measured." : progress ? `${progress.progress}${counted}` : "It is starting."),
    button("stop", () => act(name, "stop", key), { disabled: state === "stopping", title: "what has been measured stays" })];
}

function toBegin(name, { state, message }) {
  const busy = standing.busy && standing.busy !== name ? standing.busy : null;
  const label = { stopped: "go on", failed: "try again", finished: "" }[state] ?? "measure";
  return [
    make("div.row", {},
      choice("how much", [["quick", "quick: less of everything, within minutes"], ["full", "in full, on Fashion-MNIST"]], extent, (value) => {
        extent = value;
        showMeasuring(name);
      }),
      label ? button(label, () => act(name, "run", extent), { disabled: Boolean(busy) }) : make("span.small", {}, "This has been measured: it stands above.")),
    state === "failed" ? trouble({ problem: message, remedy: "what was measured before is kept" }) : "",
    state === "stopped" ? make("p.small", {}, "It was cut off; what has been measured is kept.") : "",
    busy ? make("p.small", {}, "Another one is being measured: ", button(claims.find((each) => each.name === busy)?.title ?? busy, () => go({ ...FORGOTTEN, claim: busy }), { className: "quiet" })) : "",
  ];
}

async function act(name, verb, key) {
  try {
    standing = await api.post(`claims/${name}/${verb}`, { extent: key });
    showMeasuring(name);
  } catch (problem) {
    parts?.measuring.append(trouble(problem));
  }
}

export default {
  name: "claims",
  title: "Claims",

  async show(now, place) {
    if (!parts || !place.contains(parts.list)) {
      build(place);
      parts.list.replaceChildren(make("li.missing", {}, "Reading the results …"));
      try {
        claims = (await api.get("claims")).claims;
      } catch (problem) {
        parts?.claim.replaceChildren(trouble(problem, () => {
          parts = null;
          this.show(current(), place);
        }));
        return;
      }
      if (!parts) return;
    }
    if (!claims.length) return;
    const latest = current();
    showList(latest);
    const name = latest.claim || claims[0].name;
    if (name !== shown) open(name);
    else parts.beside?.show(latest);
  },

  hide() {
    turned += 1;
    end?.();
    end = null;
    shown = null;
    parts = null;
  },
};
