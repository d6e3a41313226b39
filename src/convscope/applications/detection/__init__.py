"""Objects in boxes: R-CNN, Fast R-CNN and Faster R-CNN."""
