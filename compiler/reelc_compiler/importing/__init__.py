"""Graphs of ComfyUI's API format as Reel: read, named, written; and as stages (``workflow``)."""
