// Look inside: a lens is { name, title, show(state, place), hide() }.

import { empty } from "../parts/make.js";

export default {
  name: "inside",
  title: "Look inside",

  /** Called when the lens is chosen, and whenever the state has changed. */
  show(state, place) {
    place.replaceChildren(empty("There is nothing here yet."));
  },

  hide() {},
};
