// <image-choice>: small pictures of which one is chosen; dispatches "choose" with its number.
//
// .data = { images: [uint8 C×H×W, …], captions: ["…", …] }; .image is the chosen one.
// Attribute source names a data block.  Needs heat-map.js.
(() => {
  "use strict";
  let count = 0;
  class ImageChoice extends HTMLElement {
    #data = null;
    #image = 0;
    #inputs = [];

    connectedCallback() {
      const source = this.getAttribute("source");
      if (source && !this.#data) this.data = JSON.parse(document.getElementById(source).textContent);
    }

    set data(data) {
      this.#data = { ...data, images: data.images.map(customElements.get("heat-map").unpack) };
      const set = document.createElement("fieldset");
      const legend = document.createElement("legend");
      legend.textContent = this.getAttribute("label") || "choose an image";
      set.append(legend);
      const group = `image-choice-${count++}`;
      this.#inputs = this.#data.images.map((image, place) => {
        const label = document.createElement("label");
        const input = document.createElement("input");
        Object.assign(input, { type: "radio", name: group, value: String(place), checked: place === this.#image });
        input.addEventListener("change", () => {
          this.#image = place;
          this.dispatchEvent(new CustomEvent("choose", { bubbles: true, detail: { image: place } }));
        });
        const picture = document.createElement("heat-map");
        picture.data = { values: image.values, shape: image.shape, kind: image.shape[0] === 3 ? "colour" : "grey" };
        picture.setAttribute("label", "");
        picture.setAttribute("aria-hidden", "true");
        const caption = document.createElement("span");
        caption.textContent = this.#data.captions[place];
        label.append(input, picture, caption);
        set.append(label);
        return input;
      });
      this.replaceChildren(set);
    }

    get image() { return this.#image; }

    set image(image) {
      this.#image = image;
      if (this.#inputs[image]) this.#inputs[image].checked = true;
    }
  }
  customElements.define("image-choice", ImageChoice);
})();
