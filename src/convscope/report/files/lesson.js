// What holds the lesson together: a chosen image is chosen everywhere, a layer's card leads to it.
(() => {
  "use strict";
  const drawings = "[source]";

  document.addEventListener("choose", ({ detail }) => {
    for (const drawing of document.querySelectorAll(drawings)) {
      if ("image" in drawing) drawing.image = detail.image;
    }
    for (const part of document.querySelectorAll("[data-image]")) {
      part.hidden = Number(part.dataset.image) !== detail.image;
    }
  });

  document.addEventListener("layer", ({ detail }) => {
    const maps = document.querySelector("activation-maps");
    if (maps) maps.layer = detail.layer;
  });
})();
