"""Downloading model files: resumable, verified, each put into its place in one step."""

from reelc_runtime.fetch.fetching import FetchRequest, Outcome, fetch
from reelc_runtime.fetch.wants import FetchFault, Limits, Want

__all__ = ["FetchFault", "FetchRequest", "Limits", "Outcome", "Want", "fetch"]
