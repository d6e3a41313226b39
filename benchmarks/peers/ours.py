"""The article's network by convscope: ``python ours.py DATA SEED EPOCHS [PRECISION]``.

The one call that a user would make.  Prints one JSON line.
"""

import json
import resource
import sys
import tempfile
import time

import convscope as cs


def main():
    folder, seed, epochs = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    settings = {"epochs": epochs}
    if len(sys.argv) > 4:
        settings["precision"] = sys.argv[4]
    clock = {}

    def observe(step):
        clock["last"] = time.time()
        clock.setdefault("first", clock["last"] - step.seconds)

    with tempfile.TemporaryDirectory() as out:
        run = cs.train(
            "article",
            data=folder,
            recipe="fast",
            settings=settings,
            seed=seed,
            out=f"{out}/run",
            observe=observe,
        )
    import torch

    print(
        json.dumps(
            {
                "first_step_at": clock["first"],
                "schedules": [
                    {"seconds": clock["last"] - clock["first"], "accuracy": run.accuracy}
                ],
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "versions": {"torch": torch.__version__},
                "threads": torch.get_num_threads(),
            }
        )
    )


if __name__ == "__main__":
    main()
