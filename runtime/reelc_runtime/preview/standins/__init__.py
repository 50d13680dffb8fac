"""Stand-ins, one module per kind. A new kind is one new module here with a ``STAND_IN``; nothing else changes."""

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType

from reelc_runtime.preview.task import StandInKind


@cache
def registry() -> MappingProxyType[str, StandInKind]:
    """All kinds by name: the module's name is the kind's."""
    return MappingProxyType(
        {
            module.name: importlib.import_module(f"{__name__}.{module.name}").STAND_IN
            for module in pkgutil.iter_modules(__path__)
        }
    )
