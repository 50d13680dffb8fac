"""Reel, the language: text to syntax tree, spans and diagnostics. Knows nothing of ComfyUI."""
