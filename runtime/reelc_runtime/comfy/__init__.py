"""ComfyUI's protocol: a client of a server, typed and async. Nothing else in reelc speaks to one."""

from reelc_runtime.comfy.answers import (
    Accepted,
    Device,
    Found,
    HistoryEntry,
    NodeError,
    Queue,
    Rejected,
    SystemStats,
    UploadedFile,
)
from reelc_runtime.comfy.client import ComfyClient
from reelc_runtime.comfy.clock import Clock, SystemClock
from reelc_runtime.comfy.errors import (
    AuthRefused,
    BadAddress,
    ComfyError,
    ProtocolError,
    ServerError,
    Stalled,
    TimedOut,
    Unreachable,
    backoff,
    is_transient,
)
from reelc_runtime.comfy.events import (
    Cached,
    Event,
    Failed,
    Interrupted,
    Lost,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    Preview,
    Queued,
    Succeeded,
)
from reelc_runtime.comfy.limits import Limits, Timeouts
from reelc_runtime.comfy.outputs import OutputFile, outputs_of
from reelc_runtime.comfy.transfer import Downloaded

__all__ = [
    "Accepted",
    "AuthRefused",
    "BadAddress",
    "Cached",
    "Clock",
    "ComfyClient",
    "ComfyError",
    "Device",
    "Downloaded",
    "Event",
    "Failed",
    "Found",
    "HistoryEntry",
    "Interrupted",
    "Limits",
    "Lost",
    "NodeError",
    "NodeFinished",
    "NodeProgress",
    "NodeStarted",
    "OutputFile",
    "Preview",
    "ProtocolError",
    "Queue",
    "Queued",
    "Rejected",
    "ServerError",
    "Stalled",
    "Succeeded",
    "SystemClock",
    "SystemStats",
    "TimedOut",
    "Timeouts",
    "Unreachable",
    "UploadedFile",
    "backoff",
    "is_transient",
    "outputs_of",
]
