"""The label signal beside scikit-learn's neighbours and binomial test."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from sklearn.neighbors import KNeighborsClassifier

from convscope.data.sources import load_data
from convscope.inspection.health.labels import label_signal


def test_it_is_leave_one_out_nearest_neighbours() -> None:
    train = load_data("fashion-mini").train
    images = train.images[:150].reshape(150, -1).astype(np.float64)
    labels = train.labels[:150]
    right = 0
    for index in range(150):
        rest = np.arange(150) != index
        model = KNeighborsClassifier(1).fit(images[rest], labels[rest])
        right += int(model.predict(images[index : index + 1])[0] == labels[index])
    found = label_signal(torch.from_numpy(images), torch.from_numpy(labels))
    assert found.agreement == pytest.approx(right / 150, abs=2.1 / 150)  # float32 may tie otherwise
    shares = np.bincount(labels) / 150
    assert found.expected == pytest.approx((shares**2).sum())
    same = round(found.agreement * 150)
    theirs = binomtest(same, 150, found.expected, alternative="greater")
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-300)


def test_shuffled_labels_say_nothing() -> None:
    train = load_data("fashion-mini").train
    images = torch.from_numpy(train.images[:400])
    labels = torch.from_numpy(train.labels[:400])
    assert label_signal(images, labels).p < 1e-20
    shuffled = labels[torch.randperm(400, generator=torch.Generator().manual_seed(0))]
    assert label_signal(images, shuffled).p > 0.01
