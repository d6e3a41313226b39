"""What a network is: notation, layers, volumes and arithmetic, all without torch."""

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume

__all__ = ["Architecture", "Volume"]
