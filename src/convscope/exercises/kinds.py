"""The kinds of questions there are, by name: what is drawn from for a sheet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from convscope.exercises import (
    changes,
    faults,
    inverse,
    pooling,
    remembering,
    seeing,
    small,
    trained,
    values,
    volumes,
    weights,
    work,
)
from convscope.exercises.ground import Maker
from convscope.exercises.trained import Inside

__all__ = ["KINDS", "Kind", "kinds_for"]


@dataclass(frozen=True)
class Kind:
    """One kind of question.  ``level`` is how hard most of them are."""

    name: str
    topic: str
    level: int
    make: Maker


_MAKERS: dict[str, tuple[tuple[int, Maker], ...]] = {
    volumes.TOPIC: (
        (1, volumes.values_of),
        (2, volumes.output_volume),
        (2, volumes.taken_by_fc),
        (2, volumes.uneven_volume),
        (3, volumes.behind_the_last_window),
    ),
    weights.TOPIC: (
        (1, weights.parameters),
        (1, weights.weights_or_biases),
        (1, weights.batch_norm_numbers),
        (3, weights.all_parameters),
    ),
    work.TOPIC: ((2, work.multiply_adds), (3, work.share_of_work)),
    work.SHARING: ((2, work.dense_instead), (2, work.unshared_instead)),
    seeing.TOPIC: ((2, seeing.field_size), (2, seeing.field_jump), (3, seeing.seen_by_unit)),
    remembering.TOPIC: (
        (2, remembering.bytes_of_weights),
        (2, remembering.bytes_in_use),
        (3, remembering.bytes_kept),
    ),
    changes.TOPIC: (
        (2, changes.changed_here),
        (2, changes.changed_work),
        (3, changes.changed_after),
    ),
    inverse.TOPIC: (
        (1, inverse.padding_that_keeps),
        (2, inverse.stride_of),
        (2, inverse.kernel_of),
        (2, inverse.input_of),
        (3, inverse.channels_of),
    ),
    faults.TOPIC: ((2, faults.which_layer), (3, faults.why_not)),
    small.TOPIC: ((1, small.dot_product), (2, small.two_channels), (3, small.one_place)),
    pooling.TOPIC: (
        (1, pooling.maximum_pooling),
        (2, pooling.average_pooling),
        (2, pooling.l2_pooling),
        (3, pooling.distance_pooling),
    ),
    values.NORMS: ((3, values.batch_norm), (2, values.norm_in_use)),
    values.CURVES_TOPIC: ((1, values.activation_value), (3, values.activation_gradient)),
}

KINDS: dict[str, Kind] = {
    maker.__name__: Kind(maker.__name__, topic, level, maker)
    for topic, makers in _MAKERS.items()
    for level, maker in makers
}


def kinds_for(inside: Inside | None) -> list[Kind]:
    """All kinds; with those about a run's own weights where there is one."""
    if inside is None:
        return list(KINDS.values())
    real = (
        Kind(
            "real_dot_product",
            trained.TOPIC,
            3,
            partial(trained.real_dot_product, inside=inside),
        ),
        Kind("real_norm", trained.TOPIC, 2, partial(trained.real_norm, inside=inside)),
    )
    return [*KINDS.values(), *real]
