"""The applications that the article names: detection, segmentation, captioning."""
