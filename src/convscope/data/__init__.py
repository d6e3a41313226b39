"""Data: found, verified, decoded once, and handed over as whole arrays.

numpy and Pillow only; torch comes further down.
"""

from convscope.data.fashion_mnist import fetch_fashion_mnist
from convscope.data.images import (
    Data,
    ImageSet,
    Skipped,
    fingerprint_of,
    mean_and_deviation,
    order,
    split,
    split_indices,
)
from convscope.data.opening import open_image
from convscope.data.preprocessing import (
    FITS,
    Fit,
    Preprocessing,
    ReadImages,
    fit_image,
    read_images,
)
from convscope.data.progress import Progress, Tell
from convscope.data.sources import (
    NAMES,
    Description,
    Source,
    describe,
    list_sources,
    load_data,
    preprocessing_of,
    verify,
)

__all__ = [
    "FITS",
    "NAMES",
    "Data",
    "Description",
    "Fit",
    "ImageSet",
    "Preprocessing",
    "Progress",
    "ReadImages",
    "Skipped",
    "Source",
    "Tell",
    "describe",
    "fetch_fashion_mnist",
    "fingerprint_of",
    "fit_image",
    "list_sources",
    "load_data",
    "mean_and_deviation",
    "open_image",
    "order",
    "preprocessing_of",
    "read_images",
    "split",
    "split_indices",
    "verify",
]
