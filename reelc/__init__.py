"""reelc: workflow-as-code for AI video.

The public API is here; importing it costs nothing until one of its functions is used.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:
    from reelc.api import Compilation, check, compile, format, import_graph, validate

__all__ = ["Compilation", "__version__", "check", "compile", "format", "import_graph", "validate"]


def __getattr__(name: str) -> Any:
    if name in ("Compilation", "check", "compile", "format", "import_graph", "validate"):
        from reelc import api

        return getattr(api, name)
    raise AttributeError(f"module 'reelc' has no attribute {name!r}")
