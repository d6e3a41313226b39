"""10. Sigmoid: gradients that vanish at its tails, and weights that move in zig-zag."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Shown, Verdict
from convscope.claims.learning import learn
from convscope.experiments.table import Cell
from convscope.inspection.health.watch import Watch
from convscope.network.build import build
from convscope.training.recipe import Recipe

__all__ = ["CLAIM", "signs_of_one_image", "slopes"]

DEPTH = 5
ACTIVATIONS = ("sigmoid", "relu")
AT = tuple(step / 2 for step in range(-16, 17))


def slopes(kind: nn.Module, xs: tuple[float, ...]) -> list[float]:
    """The gradient of an activation, by torch."""
    values = torch.tensor(xs, requires_grad=True)
    kind(values).sum().backward()
    assert values.grad is not None
    return [float(value) for value in values.grad]


def signs_of_one_image(inputs: Tensor, units: int, seed: int) -> float:
    """The share of a unit's weight gradients that agree in sign, for one image each, the mean.

    Inputs N×features.  For one image the gradient is δ·x: with x > 0 all have δ's sign.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = nn.Linear(inputs.shape[1], units)
        target = torch.randint(0, units, (len(inputs),))
    shares = []
    for one, label in zip(inputs, target, strict=True):
        layer.zero_grad()
        loss = nn.functional.cross_entropy(layer(one[None]), label[None])
        loss.backward()  # type: ignore[no-untyped-call]
        gradient = layer.weight.grad
        assert gradient is not None
        above, some = (gradient > 0).sum(1), (gradient != 0).sum(1).clamp_min(1)
        shares.append(float((torch.maximum(above, some - above) / some).mean()))
    return statistics.fmean(shares)


def notation(activation: str) -> str:
    """Five convolutions without batch normalisation."""
    conv = f"conv 12 3x3 pad 1 -> {activation}"
    return f"input auto -> {conv} -> maxpool 2 -> {DEPTH - 1} x {{ {conv} }} -> fc classes"


def measure(setting: Setting) -> dict[str, Any]:
    """Slopes at the tails; signs for single images and for batches; gradients over depth."""
    numbers = torch.randn(50, 64, generator=torch.Generator().manual_seed(0))
    sigmoid = slopes(nn.Sigmoid(), AT)
    data = setting.data
    images = setting.images(2000)

    def train(cell: Cell) -> dict[str, float]:
        seed = int(cell["seed"] or 0)
        architecture = find_architecture(notation(str(cell["activation"])), example=False)
        network = build(architecture.completed(data.volume, len(data.classes)), seed=seed)
        recipe = Recipe(name="adam", batch_size=50, precision="float32")
        watch = Watch(share=1.0)
        steps = 60 if setting.quick else 200
        learnt = learn(network, images, data, recipe, seed=seed, steps=steps, observe=watch.observe)
        vitals = watch.health().history.vitals
        pulls = [
            each.weights[0].pull / each.weights[-1].pull if each.weights[-1].pull else 0.0
            for each in vitals
        ]
        hidden = [layer.agreement for each in vitals for layer in each.weights[1:]]
        return {
            "first_beside_last": statistics.median(pulls),
            "agreement": statistics.median(hidden),
            "accuracy": learnt.accuracy,
        }

    cells: list[Cell] = [
        {"activation": activation, "seed": seed}
        for seed in setting.seeds(5)
        for activation in ACTIVATIONS
    ]
    table = setting.table("sigmoid-saturates", cells, train)
    return {
        "xs": list(AT),
        "slopes": sigmoid,
        "tail": sigmoid[AT.index(-8.0)] / max(sigmoid),
        "one_sign": {
            "positive inputs": signs_of_one_image(torch.sigmoid(numbers), 10, 0),
            "centred inputs": signs_of_one_image(numbers, 10, 0),
        },
        "networks": {
            activation: {
                key: table.mean(key, activation=activation).mean
                for key in ("first_beside_last", "agreement", "accuracy")
            }
            for activation in ACTIVATIONS
        },
        "seeds": table.mean("accuracy", activation="sigmoid").count,
    }


def tell(values: Mapping[str, Any]) -> str:
    nets, signs = values["networks"], values["one_sign"]
    return (
        f"slope at −8: {100 * values['tail']:.2g} % of the steepest; weight gradients of a unit "
        f"that share one sign, image by image: {100 * signs['positive inputs']:.0f} % with "
        f"positive inputs, {100 * signs['centred inputs']:.0f} % with centred ones; over a batch "
        f"in a network of {DEPTH} layers {100 * nets['sigmoid']['agreement']:.0f} % (sigmoid), "
        f"{100 * nets['relu']['agreement']:.0f} % (ReLU); pull on the first layer's weights "
        f"beside the last's {nets['sigmoid']['first_beside_last']:.2g} and "
        f"{nets['relu']['first_beside_last']:.2g} (n = {values['seeds']})"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    nets, signs = values["networks"], values["one_sign"]
    saturates = values["tail"] < 0.01
    kills = nets["sigmoid"]["first_beside_last"] < 0.1 * nets["relu"]["first_beside_last"]
    zigzag = signs["positive inputs"] == 1.0 and signs["centred inputs"] < 0.9
    batch = nets["sigmoid"]["agreement"] > 0.9
    if saturates and kills and zigzag and batch:
        return Verdict("holds", "it saturates, gradients fade over depth, and signs agree")
    if saturates and zigzag:
        parts = ["single images are meant"] if not batch else []
        parts += ["units are driven to their tails"] if not kills else []
        return Verdict("holds when", " and ".join(parts))
    return Verdict("not reproduced here", "no saturation, or signs that differ")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    names = tuple(values["one_sign"])
    shares = tuple(100 * share for share in values["one_sign"].values())
    return (
        Chart(
            "The slope of a sigmoid",
            "input",
            "gradient",
            (Series("sigmoid", tuple(values["xs"]), tuple(values["slopes"])),),
        ),
        Chart(
            "Weight gradients of a unit that share one sign, image by image",
            "",
            "share, %",
            (Series("one sign", names, shares),),
            kind="bars",
            level=("all", 100.0),
        ),
    )


CLAIM = Claim(
    name="sigmoid",
    title="Sigmoid",
    says="at either tail sigmoid's gradient is almost zero and kills the signal; with all-positive "
    "input the gradients of a unit's weights share one sign, which makes updates zig-zag",
    source="the article and CS231n; the article's 'output all positive or all negative' is said "
    "of the gradients here",
    rule="holds if the slope at −8 is below 1 % of the steepest, single images with positive "
    "inputs give gradients of one sign only (and others do not), so do nearly all (90 %) over a "
    "batch in a sigmoid network, and the pull on its first layer beside the last is less than a "
    "tenth of a ReLU network's; holds when for single images, or in the tails, if only the first "
    "two are so; else not reproduced",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['seeds']} seeds",
    networks=tuple(Shown(name, notation(name)) for name in ACTIVATIONS),
)
