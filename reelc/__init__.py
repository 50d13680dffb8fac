"""reelc: workflow-as-code for AI video."""

__version__ = "0.1.0.dev0"
