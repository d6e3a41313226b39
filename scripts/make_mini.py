"""Makes the files of ``fashion-mini`` from Fashion-MNIST: python scripts/make_mini.py [FOLDER]

Takes the first 200 training and 50 test images of each class, in their order, and
writes two sheets of tiles, their labels and the licence.  FOLDER is where they go, by
default the package's own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from convscope.data.fashion_mnist import load_fashion_mnist
from convscope.data.images import ImageSet, fingerprint_of
from convscope.data.mini import TEST_OF_EACH, TRAIN_OF_EACH, sheet

FILES = Path(__file__).parent.parent / "src" / "convscope" / "data" / "files"

LICENCE = """\
The MIT License (MIT)

Copyright © 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software \
and associated documentation files (the "Software"), to deal in the Software without \
restriction, including without limitation the rights to use, copy, modify, merge, publish, \
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the \
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or \
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING \
BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND \
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, \
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, \
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def first_of_each(images: ImageSet, count: int) -> ImageSet:
    """The first ``count`` images of each class, in the order of the whole."""
    classes = np.unique(images.labels)
    chosen = [np.flatnonzero(images.labels == label)[:count] for label in classes]
    return ImageSet(*images.batch(np.sort(np.concatenate(chosen))))


def main(folder: Path = FILES) -> None:
    """Writes the four files into ``folder``."""
    data = load_fashion_mnist()
    folder.mkdir(parents=True, exist_ok=True)
    parts = {
        "train": first_of_each(data.train, TRAIN_OF_EACH),
        "test": first_of_each(data.test, TEST_OF_EACH),
    }
    for name, part in parts.items():
        picture = Image.fromarray(sheet(part.images))
        picture.save(folder / f"fashion-mini-{name}.png", optimize=True)
    record = {
        "source": "Fashion-MNIST, Zalando SE, MIT licence",
        "fingerprint": fingerprint_of(parts["train"], parts["test"], data.classes),
        **{f"{name}_labels": "".join(map(str, part.labels)) for name, part in parts.items()},
    }
    text = json.dumps(record, indent=1) + "\n"
    (folder / "fashion-mini.json").write_text(text, encoding="utf-8", newline="\n")
    licence = folder / "fashion-mini-LICENSE.txt"
    licence.write_text(LICENCE, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:2]))
