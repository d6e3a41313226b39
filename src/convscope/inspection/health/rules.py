"""From vitals to findings: each rule names the place, the evidence and the remedy.

The thresholds are constants of this file.  They were chosen on Fashion-MNIST with one set
of architectures and seeds; how well they do on others is for docs/health.md to say.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

from convscope.architecture.fields import fields
from convscope.architecture.layers import Conv
from convscope.architecture.shapes import walk
from convscope.inspection.health.findings import Finding, History

__all__ = ["RULES", "findings_of"]

DEAD = 0.5
"""Part of a layer's units."""
SATURATED = 0.75
"""Part of a layer's values."""
ONE_SIGN = 0.9
"""Agreement of a unit's gradients, where all inputs are positive."""
POSITIVE = 0.999
VANISHED = 1e-3
"""Pull of a layer beside the strongest one's."""
FEEBLE = 1e-3
"""Pull of the strongest layer of all."""
EXPLODED = 100.0
"""Pull: a relative change of 1 % changes the loss by 1 or more."""
DRIFTED_SHIFT, DRIFTED_SCALE = 1.0, 4.0
HIGH_RATE, JUMP = 0.2, 0.4
"""Relative change of weights for each step: of the median, and of the largest one."""
LOW_RATE = 1e-4
UNLEARNT = 0.97
"""Loss beside that of guessing."""
UNRELATED = 0.01
"""p of the label signal above which labels have nothing to do with the images."""
FAR_MEAN, WIDE, NARROW = 2.0, 4.0, 0.1
"""Of the inputs: mean in deviations, largest and smallest deviation."""
ALIKE = 1e-3
COPIES = 0.5
ONE_CLASS = 0.9


def findings_of(history: History) -> tuple[Finding, ...]:
    """What is wrong, the causes before their consequences."""
    if not history.vitals:
        return ()
    return tuple(found for rule in RULES.values() for found in rule(history))


def _not_finite(history: History) -> Iterator[Finding]:
    for each in history.vitals:
        if not each.finite:
            yield Finding(
                "not finite",
                f"step {each.step}",
                f"the loss is {each.loss:g}, or a gradient is no number",
                "train with a lower learning rate, or in float32",
            )
            return


def _inputs(history: History) -> Iterator[Finding]:
    last = history.last
    mean, deviation = last.input_mean, last.input_deviation
    if last.input_spread < ALIKE:
        yield Finding(
            "inputs all alike",
            "input",
            f"most of {last.count} images are nearly the same one (their values differ from "
            f"the typical image's by {last.input_spread:.2g})",
            "look at the images with convscope image, and at how they are read",
        )
    elif abs(mean) > FAR_MEAN * deviation or not NARROW < deviation < WIDE:
        yield Finding(
            "inputs not normalised",
            "input",
            f"mean {mean:.3g}, deviation {deviation:.3g}, where about 0 and 1 are expected",
            "subtract the mean of the training images and divide by their deviation",
        )


def _one_class(history: History) -> Iterator[Finding]:
    if history.last.majority >= ONE_CLASS:
        yield Finding(
            "nearly one class",
            "labels",
            f"{history.last.majority:.0%} of the labels are the same",
            "check how labels are read; balance the classes, or weight the loss",
        )


def _copies(history: History) -> Iterator[Finding]:
    for layer in history.last.weights:
        if layer.units > 1 and layer.copies >= COPIES * layer.units:
            yield Finding(
                "units are copies",
                layer.name,
                f"{layer.copies} of {layer.units} units have the weights of another, and so the "
                "same gradient forever",
                "begin with random weights, such as torch's default",
            )


def _frozen(history: History) -> Iterator[Finding]:
    moved = {layer.name: history.updates(layer.name) for layer in history.last.weights}
    if not any(update > 0 for updates in moved.values() for update in updates):
        return
    for layer in history.last.weights:
        updates = moved[layer.name]
        if updates and max(updates) == 0:
            yield Finding(
                "weights stand still",
                layer.name,
                f"not one of its weights has changed in {history.last.step} steps, those of "
                "other layers have",
                "let it require gradients, and hand its parameters to the optimizer",
            )


def _exploding(history: History) -> Iterator[Finding]:
    early = history.vitals[0]
    worst = max(early.weights, key=lambda layer: layer.pull, default=None)
    if worst is not None and worst.pull > EXPLODED:
        yield Finding(
            "exploding gradients",
            worst.name,
            f"its gradient of norm {worst.gradient:.3g} on weights of norm {worst.weight:.3g} "
            f"would change the loss by {worst.pull:.3g} for a change of its own size",
            "begin with smaller weights, or put batchnorm behind the convolutions",
        )


def _vanishing(history: History) -> Iterator[Finding]:
    names = [layer.name for layer in history.last.weights]
    strongest = [
        max((layer.pull for layer in each.weights), default=0.0) for each in history.vitals
    ]
    if 0 < statistics.median(strongest) < FEEBLE:
        yield Finding(
            "vanishing gradients",
            "all layers",
            f"the loss pulls nowhere: its weights' own size changes it by "
            f"{statistics.median(strongest):.1g} at most",
            "begin with larger weights, such as torch's default, or put batchnorm in",
        )
        return
    shares: dict[str, list[float]] = {name: [] for name in names}
    for each, most in zip(history.vitals, strongest, strict=True):
        for layer in each.weights:
            shares[layer.name].append(layer.pull / most if most else 0.0)
    gone = [name for name in names if statistics.median(shares[name]) < VANISHED]
    if gone:
        share = statistics.median(shares[gone[0]])
        yield Finding(
            "vanishing gradients",
            ", ".join(gone[:4]) + (", …" if len(gone) > 4 else ""),
            f"the loss pulls at {gone[0]} {share:.1g} times as much as at the layer where it "
            "pulls most",
            "use ReLU in the place of sigmoid or tanh, batchnorm, larger first weights, or "
            "residual blocks",
        )


def _dead(history: History) -> Iterator[Finding]:
    for each in history.last.activations:
        if each.kind == "relu" and len(each.dead) >= DEAD * each.units:
            yield Finding(
                "dead units",
                each.name,
                f"{len(each.dead)} of {each.units} units give 0 for all {history.last.count} "
                f"images: {_listed(each.dead)}",
                "lower the learning rate, begin with biases of 0, or use leakyrelu",
            )


def _saturated(history: History) -> Iterator[Finding]:
    """From the beginning on, or where nothing is learnt: units may well saturate by learning."""
    stuck = history.settled and history.recent_loss > UNLEARNT * history.last.chance
    looks = history.vitals[-1:] if stuck else history.vitals
    for each in history.last.activations:
        own = (one for look in looks for one in look.activations if one.name == each.name)
        shares = [one.saturated for one in own]
        if min(shares) >= SATURATED:
            yield Finding(
                "saturated units",
                each.name,
                f"{each.saturated:.0%} of its values lie where a {each.kind}'s slope is below "
                "4 % of its steepest",
                "begin with smaller weights, put batchnorm before it, or use relu",
            )


def _zigzag(history: History) -> Iterator[Finding]:
    for layer in history.last.weights:
        found = [
            own
            for each in history.vitals
            for own in each.weights
            if own.name == layer.name and own.positive >= POSITIVE
        ]
        if found and layer.inputs > 1:
            agreement = statistics.median(own.agreement for own in found)
            if agreement >= ONE_SIGN:
                yield Finding(
                    "zig-zag",
                    layer.name,
                    f"all its inputs are positive, and {agreement:.0%} of the weight gradients "
                    "of a unit share one sign",
                    "put batchnorm before it, or use tanh or relu in the place of sigmoid",
                )


def _drifted(history: History) -> Iterator[Finding]:
    if not history.settled:
        return
    for each in history.last.norms:
        if each.shift > DRIFTED_SHIFT or each.scale > DRIFTED_SCALE:
            yield Finding(
                "running statistics drift",
                each.name,
                f"its running mean is {each.shift:.2g} deviations from the batch's, its variance "
                f"off by a factor of {each.scale:.2g}",
                "use larger batches or a larger momentum, and train and use it on like images",
            )


def _high_rate(history: History) -> Iterator[Finding]:
    updates = {layer.name: history.updates(layer.name) for layer in history.last.weights}
    if not any(updates.values()):
        return
    fastest = max(updates, key=lambda name: max(updates[name], default=0.0))
    jump = max(updates[fastest])
    median = max(statistics.median(found) for found in updates.values() if found)
    stuck = history.settled and history.recent_loss > UNLEARNT * history.last.chance
    if jump > JUMP or (stuck and median > HIGH_RATE):
        yield Finding(
            "learning rate too high",
            fastest,
            f"one step changed its weights by {_size(jump)}; the loss is "
            f"{history.recent_loss:.3g}, that of guessing {history.last.chance:.3g}",
            "divide the learning rate by 10",
        )


def _low_rate(history: History) -> Iterator[Finding]:
    if not history.settled:
        return
    largest = [max(history.updates(layer.name), default=0.0) for layer in history.last.weights]
    if largest and 0 < max(largest) < LOW_RATE:
        yield Finding(
            "learning rate too low",
            "all layers",
            f"no layer's weights change by more than {max(largest):.1g} of their size in a step",
            "multiply the learning rate by 10",
        )


def _shuffled(history: History) -> Iterator[Finding]:
    signal = history.labels
    if signal is None or not history.settled or signal.p < UNRELATED:
        return
    if history.recent_loss > UNLEARNT * history.last.chance:
        yield Finding(
            "labels look shuffled",
            "labels",
            f"of {signal.count} images {signal.agreement:.0%} have their nearest neighbour's "
            f"label, by chance it would be {signal.expected:.0%}; the loss stays at that of "
            "guessing",
            "check that images and labels are read in the same order",
        )


def _unproductive(history: History) -> Iterator[Finding]:
    architecture = history.architecture
    if architecture is None:
        return
    volume = architecture.nodes[0].input
    known = fields(architecture)
    before = known["input"]
    for node in walk(architecture.nodes):
        if isinstance(node.layer, Conv) and (
            before.height.size.value > volume.height and before.width.size.value > volume.width
        ):
            yield Finding(
                "unproductive layer",
                node.name,
                f"its input's units see {before.height.size.value}×{before.width.size.value} "
                f"pixels of an image of {volume.height}×{volume.width} already (Richter 2021)",
                "leave it and those after it out, or give larger images",
            )
            return
        before = known.get(node.name, before)


def _size(share: float) -> str:
    """86% of their size, 250,000 times their size"""
    return f"{share:,.0f} times their size" if share > 10 else f"{share:.0%} of their size"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")


RULES: dict[str, Callable[[History], Iterator[Finding]]] = {
    "not finite": _not_finite,
    "inputs": _inputs,
    "nearly one class": _one_class,
    "labels look shuffled": _shuffled,
    "units are copies": _copies,
    "weights stand still": _frozen,
    "learning rate too high": _high_rate,
    "learning rate too low": _low_rate,
    "exploding gradients": _exploding,
    "dead units": _dead,
    "saturated units": _saturated,
    "vanishing gradients": _vanishing,
    "zig-zag": _zigzag,
    "running statistics drift": _drifted,
    "unproductive layer": _unproductive,
}
"""Causes before their consequences."""
