"""Scenes of garments: pictures whose boxes, masks and captions are known, made by seed."""

from convscope.data.scenes.garments import CLASSES
from convscope.data.scenes.loading import load_scenes, make_clips, make_scenes

__all__ = ["CLASSES", "load_scenes", "make_clips", "make_scenes"]
