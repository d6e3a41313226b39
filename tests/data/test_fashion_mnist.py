"""Fashion-MNIST: the published facts, the places, and the real thing where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convscope.data import fashion_mnist as module
from convscope.data import gathering
from convscope.data.fashion_mnist import (
    FASHION_MNIST,
    fetch_fashion_mnist,
    known_folders,
    load_fashion_mnist,
)
from convscope.data.gathering import Folder
from convscope.data.images import Data
from convscope.data.sources import load_data, preprocessing_of, verify
from convscope.errors import DataError
from tests.data.making import collection, idx_folder, idx_payloads
from tests.data.server import Server


def test_the_collection_is_the_published_one() -> None:
    sizes = [payload.size for payload in FASHION_MNIST.payloads]
    assert sizes == [16 + 60_000 * 784, 8 + 60_000, 16 + 10_000 * 784, 8 + 10_000]
    assert len(FASHION_MNIST.classes) == 10
    assert all(len(payload.sha256) == 64 for payload in FASHION_MNIST.payloads)
    assert [mirror.url(FASHION_MNIST.payloads[3]) for mirror in FASHION_MNIST.mirrors] == [
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/"
        "b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion/t10k-labels-idx1-ubyte.gz",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/t10k-labels-idx1-ubyte.gz",
    ]


def test_copies_of_others_are_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    paths = [folder.path for folder in known_folders()]
    assert paths[0] == Path("/usr/share/datasets/fashion-mnist")
    assert tmp_path / "data" / "FashionMNIST" / "raw" in paths
    assert paths[-1] == tmp_path / "keras" / "datasets" / "fashion-mnist"
    assert all(path.is_absolute() or path.drive == "" for path in paths)


def test_only_who_allows_it_downloads(cache: Path, server: Server) -> None:
    wanted = collection(idx_payloads(), server.address)
    for offline, allowed, said in (
        (False, False, "does not download"),
        (True, True, r"not asked \(offline\)"),
        (True, False, r"not asked \(offline\)"),
    ):
        with pytest.raises(DataError, match=said):
            load_fashion_mnist(
                offline=offline, allow_download=allowed, collection=wanted, folders=()
            )
    assert server.requests == []
    with pytest.raises(DataError, match="answered 404"):
        load_fashion_mnist(allow_download=True, collection=wanted, folders=())
    assert server.requests


def test_fetching_takes_a_copy_first(
    cache: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    payloads = idx_payloads()
    copy = Folder("a copy", idx_folder(tmp_path / "copy", payloads))
    monkeypatch.setattr(module, "known_folders", lambda: (copy,))
    monkeypatch.setattr(
        load_fashion_mnist,
        "__kwdefaults__",
        {**(load_fashion_mnist.__kwdefaults__ or {}), "collection": collection(payloads)},
    )
    assert fetch_fashion_mnist().name == "little"
    assert server.requests == []


@pytest.mark.slow
def test_the_real_thing(fashion_mnist: Data) -> None:
    verify(fashion_mnist)
    assert fashion_mnist.train.images.shape == (60_000, 1, 28, 28)
    assert np.bincount(fashion_mnist.train.labels).tolist() == [6000] * 10
    assert np.bincount(fashion_mnist.test.labels).tolist() == [1000] * 10
    assert fashion_mnist.dark_background
    preprocessing = preprocessing_of(fashion_mnist)
    # the figures that half the world writes into its programs
    assert round(preprocessing.mean[0], 4) == 0.2860
    assert round(preprocessing.std[0], 4) == 0.3530


@pytest.mark.slow
def test_its_own_folder_is_recognised(
    fashion_mnist: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As IDX files in a folder, under the same names, with the same fingerprint."""
    from convscope.data.idx import write_idx

    sets = (fashion_mnist.train, fashion_mnist.test)
    payloads = [
        payload
        for part in sets
        for payload in (write_idx(part.images[:, 0]), write_idx(part.labels.astype(np.uint8)))
    ]
    folder = idx_folder(tmp_path / "mine", tuple(payloads))
    gathering.read_verified(FASHION_MNIST, folder)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))
    data = load_data(folder)
    assert (data.name, data.place) == ("fashion-mnist", str(folder))
    assert data.fingerprint == fashion_mnist.fingerprint
