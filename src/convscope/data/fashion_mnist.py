"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, https://arxiv.org/abs/1708.07747).

60,000 training and 10,000 test images of clothes, 28×28 grey, in ten classes.
Copyright 2017 Zalando SE, MIT licence.
"""

from __future__ import annotations

import os
from pathlib import Path

from convscope.data.gathering import Collection, Folder, Mirror, Payload, gather
from convscope.data.images import Data
from convscope.data.progress import Tell, teller

__all__ = ["FASHION_MNIST", "fetch_fashion_mnist", "known_folders", "load_fashion_mnist"]

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_COMMIT = "b2617bb6d3ffa2e429640350f613e3291e10b141"

FASHION_MNIST = Collection(
    name="fashion-mnist",
    classes=CLASSES,
    payloads=(
        Payload(
            "train-images-idx3-ubyte",
            47_040_016,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            packed=26_421_880,
        ),
        Payload(
            "train-labels-idx1-ubyte",
            60_008,
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            packed=29_515,
        ),
        Payload(
            "t10k-images-idx3-ubyte",
            7_840_016,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            packed=4_422_102,
        ),
        Payload(
            "t10k-labels-idx1-ubyte",
            10_008,
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            packed=5_148,
        ),
    ),
    mirrors=(
        Mirror("official", "https://fashion-mnist.s3.eu-central-1.amazonaws.com"),
        Mirror(
            "github",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/"
            f"{_COMMIT}/data/fashion",
        ),
        Mirror("tensorflow", "https://storage.googleapis.com/tensorflow/tf-keras-datasets"),
    ),
    package="dataset-fashion-mnist",
    package_folder="usr/share/datasets/fashion-mnist",
)


def known_folders() -> tuple[Folder, ...]:
    """Where Debian, torchvision and Keras leave it; torchvision's folder is its user's choice."""
    home = Path.home()
    keras = Path(os.environ.get("KERAS_HOME") or home / ".keras")
    roots = (Path("data"), Path("datasets"), Path(), home / "data", home / "datasets")
    raw = Path("FashionMNIST", "raw")
    return (
        Folder("Debian's package", Path("/usr/share/datasets/fashion-mnist")),
        *(Folder("torchvision's copy", root.absolute() / raw) for root in roots),
        Folder("Keras's copy", keras / "datasets" / "fashion-mnist"),
    )


def load_fashion_mnist(
    *,
    offline: bool = False,
    allow_download: bool = False,
    progress: Tell | None = None,
    collection: Collection = FASHION_MNIST,
    folders: tuple[Folder, ...] | None = None,
) -> Data:
    """Fashion-MNIST from the cache, a copy on this machine or, where allowed, the network."""
    why = "not asked (offline)" if offline else "not asked (this command does not download)"
    return gather(
        collection,
        known_folders() if folders is None else folders,
        teller(progress),
        network=allow_download and not offline,
        why_no_network=why,
    )


def fetch_fashion_mnist(*, offline: bool = False, progress: Tell | None = None) -> Data:
    """Makes sure that Fashion-MNIST is in the cache, downloading it if it must."""
    return load_fashion_mnist(offline=offline, allow_download=True, progress=progress)
