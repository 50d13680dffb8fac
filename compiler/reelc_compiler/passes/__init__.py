"""Passes over the media graph, one file each."""
