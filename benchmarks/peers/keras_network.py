"""The article's network in Keras on TensorFlow, as its documentation would write it.

Run by time_to_accuracy.py in an environment that holds tensorflow only:
``KERAS_HOME=DATA python keras_network.py DATA SEED EPOCHS``.  Prints one JSON line; the
time spent on reading the test set is taken out.
"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow
from keras import layers


def main():
    seed, epochs = int(sys.argv[2]), int(sys.argv[3])
    keras.utils.set_random_seed(seed)
    (train_images, train_labels), (test_images, test_labels) = (
        keras.datasets.fashion_mnist.load_data()
    )
    train_images = train_images[..., None].astype("float32") / 255
    test_images = test_images[..., None].astype("float32") / 255
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 5, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 5, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(0.001),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )

    begin = time.perf_counter()
    begin_clock = time.time()
    testing = 0.0
    rows = []
    for _ in range(epochs):
        model.fit(train_images, train_labels, batch_size=100, epochs=1, verbose=0)
        trained = time.perf_counter() - begin - testing
        pause = time.perf_counter()
        accuracy = model.evaluate(test_images, test_labels, batch_size=1000, verbose=0)[1]
        rows.append({"seconds": trained, "accuracy": accuracy})
        testing += time.perf_counter() - pause
    print(
        json.dumps(
            {
                "first_step_at": begin_clock,
                "schedules": rows,
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "versions": {"tensorflow": tensorflow.__version__, "keras": keras.__version__},
                "threads": os.cpu_count(),
            }
        )
    )


if __name__ == "__main__":
    main()
