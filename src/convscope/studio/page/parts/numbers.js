// Numbers as people read them: the same words as in the terminal and in reports.

export const thousands = (value) => Math.round(value).toLocaleString("en-US").replace("-", "−");

/** What is above 0 never shows as 0, nor what is below 1 as 100. */
export function percent(share, digits = 1) {
  const text = (100 * share).toFixed(digits).replace("-", "−");
  if (share > 0 && Number(text) === 0) return `< ${(10 ** -digits).toFixed(digits)}\u00a0%`;
  if (share < 1 && Number(text) === 100) return `> ${(100 - 10 ** -digits).toFixed(digits)}\u00a0%`;
  return `${text}\u00a0%`;
}

/** Three digits that count, also of what is very small: 0.00512 and 5.1e−6. */
export function significant(value) {
  const text = value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1) : value.toPrecision(3);
  return (Math.abs(value) >= 1000 ? thousands(value) : value === 0 ? "0" : text).replaceAll("-", "−");
}

/** Powers of ten, as storage is sold. */
export function bytes(value) {
  if (value < 1000) return `${value}\u00a0B`;
  let size = value;
  let unit = "";
  for (unit of ["kB", "MB", "GB", "TB"]) {
    size /= 1000;
    if (size < 999.5) break;
  }
  return `${size.toFixed(size >= 99.95 ? 0 : 1)}\u00a0${unit}`;
}

export const written = (value, digits = 3) => customElements.get("heat-map").written(value, digits);

/** The number itself in an attribute, what people read inside. */
export function value(number, digits = 4) {
  const element = document.createElement("data");
  element.value = String(number);
  element.textContent = written(number, digits);
  return element;
}

/** a Bag, an Ankle boot */
export const one = (name) => `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;

/** A difference with its sign. */
export const signed = (text) => (text.startsWith("−") || /^[0.]+\D*$/.test(text) ? text : `+${text}`);
