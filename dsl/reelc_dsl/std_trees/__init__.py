"""Syntax trees of the standard library, a module for each of its files, made by tools/build_std.py."""
