// Elements of the page.

/** make("button.small", { type: "button", onclick, "aria-label": "…" }, ...children) */
export function make(name, given = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && !key.startsWith("aria") && key !== "role" && key !== "list") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const button = (text, onclick, given = {}) => make("button", { type: "button", onclick, ...given }, text);

/** A row of choices with its label. */
export function choice(label, options, chosen, act) {
  const select = make("select", { onchange: () => act(select.value) },
    options.map(([value, text, off]) => make("option", { value, disabled: Boolean(off) }, text)));
  select.value = chosen;
  return make("label.control", {}, make("span", {}, label), select);
}

/** Calls once, when nothing has been asked for a while. */
export function rested(act, milliseconds) {
  let timer = 0;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), milliseconds);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

export const empty = (...words) => make("p.missing", {}, ...words);

/** What went wrong, and what to do about it, in the place of what was asked for. */
export function trouble(problem, again = null) {
  return make("div.trouble", { role: "alert" },
    make("p", {}, problem.place ? make("b", {}, `${problem.place}: `) : null, problem.problem || String(problem)),
    problem.remedy ? make("p.remedy", {}, problem.remedy) : null,
    again ? button("try again", again) : null);
}
