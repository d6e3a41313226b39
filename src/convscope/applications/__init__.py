"""What the article says its networks are used for: detection, segmentation, captioning."""
