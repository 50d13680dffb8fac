"""A JSON Schema for API-format graphs: what a node catalog says, for validators and editors that know JSON Schema."""

from reelc_compiler.target.comfyui.graph_schema.document import DIALECT, graph_schema, schema_text

__all__ = ["DIALECT", "graph_schema", "schema_text"]
