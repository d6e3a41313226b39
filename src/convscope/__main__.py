"""``python -m convscope``: the same as the command ``convscope``."""

import sys

from convscope.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
