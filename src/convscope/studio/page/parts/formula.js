// Derivations as MathML: (28 − 5 + 2·2)/1 + 1 with a real fraction.  Nothing is computed here.

import { thousands } from "./numbers.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";
const TOKEN = /(?<number>\d+(?:,\d{3})*(?:\.\d+)?)|(?<index>[A-Za-z]+_[A-Za-z]+)|(?<word>[^\W\d_]+(?:[ '’][^\W\d_]+)*)|(?<sign>\S)/gu;
const CLOSING = { "(": ")", "⌊": "⌋" };

function put(name, ...children) {
  const element = document.createElementNS(MATHML, name);
  element.append(...children);
  return element;
}

function one({ kind, text }) {
  if (kind === "number") return put("mn", text);
  if (kind === "word") return text.length === 1 ? put("mi", text) : put("mtext", `\u00a0${text}\u00a0`);
  if (kind === "sign") return put("mo", text);
  const [letter, index] = text.split("_");
  return put("msub", put("mi", letter), put("mtext", index));
}

/** Elements up to the closing bracket; a bracket over / and a number or letter is a fraction. */
function sequence(tokens, closing) {
  const made = [];
  while (tokens.length) {
    const token = tokens.shift();
    if (token.text === closing) return made;
    const end = CLOSING[token.text];
    if (!end) {
      made.push(one(token));
      continue;
    }
    const inside = sequence(tokens, end);
    const [slash, below] = tokens;
    if (token.text === "(" && slash?.text === "/" && below && below.kind !== "sign") {
      tokens.splice(0, 2);
      made.push(put("mfrac", put("mrow", ...inside), one(below)));
    } else made.push(put("mrow", put("mo", token.text), ...inside, put("mo", end)));
  }
  return made;
}

const tokens = (text) => [...text.matchAll(TOKEN)].map(({ groups }) => {
  const [kind, found] = Object.entries(groups).find(([, each]) => each !== undefined);
  return { kind, text: found };
});

/** A formula in letters or numbers. */
export function formula(text) {
  const element = put("math", ...sequence(tokens(text), ""));
  element.setAttribute("displaystyle", "true");
  return element;
}

/** A Count as its derivation and what comes of it; the number in a data element. */
export function derived({ value, derivation }, unit = "", symbol = "") {
  const shown = Object.assign(document.createElement("data"), { value: String(value), textContent: thousands(value) });
  const [arithmetic, ...remark] = derivation.split(", ");
  const behind = [unit ? ` ${unit}` : "", remark.length ? `, ${remark.join(", ")}` : ""];
  const span = document.createElement("span");
  span.className = "formula";
  if (!/\d/.test(arithmetic)) span.append(shown, derivation ? `: ${derivation}` : "");
  else if (arithmetic === thousands(value)) span.append(shown, ...behind);
  else if (/\)\/\d/.test(arithmetic)) span.append(formula(`${symbol}${symbol ? " = " : ""}${arithmetic}`), " = ", shown, ...behind);
  else span.append(symbol ? formula(symbol) : "", symbol ? " = " : "", `${arithmetic} = `, shown, ...behind);
  return span;
}
