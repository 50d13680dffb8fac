"""Reel programs to validated ComfyUI graphs and plans. Pure: no I/O in the core."""
