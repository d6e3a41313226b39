"""``python -m convscope``, and the command ``convscope``: the way into the command line."""

from __future__ import annotations

import sys

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> int:
    """Loads the commands and runs one; Ctrl-C is one word even while they are being loaded."""
    try:
        from convscope.cli.app import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
