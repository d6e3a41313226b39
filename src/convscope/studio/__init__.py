"""The studio: a local web page in which all that the product does can be done and seen.

The page draws, the server translates: every number comes from the functions that the
command line and the Python API call.

``cs.studio(run)`` opens it from Python.  It is this room that is called: a function of the
same name would vanish behind the room as soon as one of its files is imported.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convscope.studio.notebook import Studio


class _Room(ModuleType):
    def __call__(self, source: Any = "example", **options: Any) -> Studio:
        """See ``convscope.studio.notebook.studio``."""
        from convscope.studio.notebook import studio

        return studio(source, **options)


sys.modules[__name__].__class__ = _Room
