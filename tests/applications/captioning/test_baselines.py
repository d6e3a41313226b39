"""The most frequent caption and the nearest image, beside brute force."""

from __future__ import annotations

import torch
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from convscope.applications.captioning.baselines import most_frequent_caption, nearest, signature


def test_the_caption_under_most_images_wins() -> None:
    captions = [["A bag.", "a bag", "a bag"], ["Two coats."], ["two coats!", "A shirt."], ["a hat"]]
    assert most_frequent_caption(captions) == "two coats"
    assert most_frequent_caption([["One."], ["Two."]]) == "one"


def test_the_nearest_is_scikit_learns() -> None:
    generator = torch.Generator().manual_seed(0)
    known = torch.randn(50, 12, generator=generator) * torch.arange(1, 13) + 3
    wanted = torch.randn(20, 12, generator=generator) * torch.arange(1, 13) + 3
    # scikit-learn divides by the population's deviation, torch by the sample's: one factor
    scaler = StandardScaler().fit(known)
    model = NearestNeighbors(n_neighbors=1, metric="cosine").fit(scaler.transform(known))
    expected = model.kneighbors(scaler.transform(wanted), return_distance=False)[:, 0]
    assert nearest(wanted, known).tolist() == expected.tolist()
    assert nearest(known, known).tolist() == list(range(50))


def test_a_signature_is_the_mean_over_parts_and_frames() -> None:
    maps = torch.arange(64.0).view(1, 1, 8, 8)
    found = signature(maps)
    assert found.shape == (1, 16)
    assert float(found[0, 0]) == (0 + 1 + 8 + 9) / 4
    clip = torch.stack([maps[0], 3 * maps[0]])[None]
    torch.testing.assert_close(signature(clip), 2 * found)
