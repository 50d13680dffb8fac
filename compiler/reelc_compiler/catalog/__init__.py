"""Node catalogs: what every node class takes and gives, and where model files come from."""

from reelc_compiler.catalog.expand import expand_inputs, has_input
from reelc_compiler.catalog.models import ModelInfo, known_models, lookup
from reelc_compiler.catalog.schema import (
    ANY_TYPE,
    AUTOGROW,
    DYNAMIC_COMBO,
    MATCH_TYPE,
    WIDGET_TYPES,
    Autogrow,
    InputSchema,
    NodeSchema,
    OutputSchema,
    PackInfo,
    same_dialect,
    socket_compatible,
)
from reelc_compiler.catalog.store import (
    DEFAULT,
    Catalog,
    UnknownCatalog,
    bundled_for,
    catalog_names,
    load_catalog,
    version_text,
)

__all__ = [
    "ANY_TYPE",
    "AUTOGROW",
    "DEFAULT",
    "DYNAMIC_COMBO",
    "MATCH_TYPE",
    "WIDGET_TYPES",
    "Autogrow",
    "Catalog",
    "InputSchema",
    "ModelInfo",
    "NodeSchema",
    "OutputSchema",
    "PackInfo",
    "UnknownCatalog",
    "bundled_for",
    "catalog_names",
    "expand_inputs",
    "has_input",
    "known_models",
    "load_catalog",
    "lookup",
    "same_dialect",
    "socket_compatible",
    "version_text",
]
