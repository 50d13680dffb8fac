"""What the preview worker says when it cannot do something."""

from typing import Any


class StandInError(Exception):
    """A stand-in cannot do what the facts ask for; one plain sentence."""


class Interrupted(Exception):
    """The prompt was interrupted."""


class RegionFailed(Exception):
    """Carries which region an exception came from; the exception itself is ``__cause__``.

    Args:
        node: the region's first node, to which ComfyUI's error events are attributed.
        stage: the region's qualified stage name.
    """

    def __init__(self, node: str, stage: str) -> None:
        super().__init__(f"{stage} (node {node})")
        self.node = node
        self.stage = stage


class Refusal(Exception):
    """A prompt that is not accepted: the body of ComfyUI's answer with status 400.

    Args:
        kind: the error's type, ``prompt_outputs_failed_validation``.
        message: one sentence.
        details: more, or nothing.
        node_errors: as in ComfyUI's answer.
    """

    def __init__(
        self, kind: str, message: str, details: str = "", node_errors: dict[str, dict[str, Any]] | None = None
    ) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {
            "error": {"type": kind, "message": message, "details": details, "extra_info": {}},
            "node_errors": node_errors or {},
        }
