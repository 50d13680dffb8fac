"""``POST /prompt``: from the bytes of a request to a prompt that will run, or to a refusal."""

import json
import uuid
from typing import Any, cast

from reelc_compiler.plan import Graph
from reelc_runtime.preview.errors import Refusal
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.prompts import Prompt, Prompts
from reelc_runtime.preview.report import timestamp
from reelc_runtime.preview.view import read_view


def read_prompt(body: bytes, prompts: Prompts, folders: Folders, *, clean: bool) -> Prompt:
    """Judge a request; nothing is queued here.

    Args:
        body: the request's.
        prompts: gives the prompt its number.
        folders: where its files lie.
        clean: whether labels are left off.

    Raises:
        Refusal: with the answer that ComfyUI's validation would give.
    """
    request = _json(body)
    if "prompt" not in request:
        raise Refusal("no_prompt", "No prompt provided", "No prompt provided")
    prompt_id = _identity(request.get("prompt_id"))
    graph = _graph(request["prompt"])
    extra = request.get("extra_data", {})
    if not isinstance(extra, dict):
        raise Refusal("invalid_prompt", "extra_data is not an object")
    extra_data = dict(cast(dict[str, Any], extra))
    client = request.get("client_id")
    if client is not None:
        extra_data["client_id"] = client
    view = read_view(extra_data, graph, folders, clean=clean)
    extra_data["create_time"] = timestamp()
    return Prompt(
        number=_number(request, prompts),
        id=prompt_id,
        graph=graph,
        extra_data=extra_data,
        client=client if isinstance(client, str) else None,
        view=view,
    )


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal("invalid_json", "The request is not JSON") from error
    if not isinstance(value, dict):
        raise Refusal("invalid_prompt", "The request is not an object")
    return cast(dict[str, Any], value)


def _identity(value: Any) -> str:
    """ComfyUI wants canonical UUIDs since 0.25; without one it makes its own."""
    if value is None:
        return str(uuid.uuid4())
    try:
        canonical = isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        canonical = False
    if not canonical:
        raise Refusal(
            "invalid_prompt_id",
            "prompt_id must be a valid UUID",
            "prompt_id must be a UUID in its canonical form: lower case, with hyphens",
        )
    return cast(str, value)


def _graph(value: Any) -> Graph:
    if not isinstance(value, dict):
        raise Refusal("invalid_prompt", "The prompt is not an object")
    graph = cast(dict[str, Any], value)
    if not graph:
        raise Refusal("prompt_no_outputs", "Prompt has no outputs")
    for name, node in graph.items():
        if not isinstance(node, dict) or not isinstance(cast(Any, node).get("class_type"), str):
            raise Refusal("missing_node_type", f"Node '#{name}' has no class_type", f"Node ID '#{name}'")
        if not isinstance(cast(Any, node).get("inputs", {}), dict):
            raise Refusal("invalid_prompt", f"Node '#{name}' has inputs that are not an object", f"Node ID '#{name}'")
    return graph


def _number(request: dict[str, Any], prompts: Prompts) -> float:
    """Where in the queue: as asked for, in front, or next."""
    asked = request.get("number")
    if asked is not None:
        try:
            number = float(asked)
        except (TypeError, ValueError) as error:
            raise Refusal("invalid_prompt", "number is not a number") from error
        if number != number:
            raise Refusal("invalid_prompt", "number is not a number")
        return number
    number = prompts.next_number()
    return -number if request.get("front") else number
