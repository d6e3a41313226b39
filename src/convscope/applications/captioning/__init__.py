"""Sentences about images and clips: a convolutional encoder and a recurrent decoder."""
