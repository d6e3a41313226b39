// A part of the page that is built anew keeps the place of the keyboard.

const REACHED = "a[href], button, input, select, textarea, summary, [tabindex]";

/** What an element is called: the same before and after. */
const nameOf = (element) => `${element.tagName} ${element.getAttribute("aria-label") || element.title || element.labels?.[0]?.textContent || element.textContent}`;

const reachedIn = (place) => [...place.querySelectorAll(REACHED)].filter((each) => !each.disabled && each.tabIndex >= 0);

/** Puts new children in the place of the old ones.
 *
 *  Focus in it goes on to what is called the same, else to what stands where it stood, and
 *  where nothing is left, to the part around it: never to the top of the page.
 */
export function renewed(place, ...children) {
  const active = document.activeElement;
  if (active === place || !place.contains(active)) {
    place.replaceChildren(...children);
    return;
  }
  const [name, index] = [nameOf(active), Math.max(0, reachedIn(place).indexOf(active))];
  place.replaceChildren(...children);
  if (place.contains(active)) {
    active.focus({ preventScroll: true });
    return;
  }
  const found = reachedIn(place);
  const next = found.find((each) => nameOf(each) === name) || found[Math.min(index, found.length - 1)] || place.closest("[tabindex]");
  next?.focus({ preventScroll: true });
}
