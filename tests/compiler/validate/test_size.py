"""Big and odd graphs: nothing is quadratic, nothing recurses."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from reelc_compiler.catalog import load_catalog
from reelc_compiler.target.comfyui.validate import validate

# The slowest takes about a second on a laptop; a quadratic walk takes minutes.
LIMIT = 15.0
LOADER: dict[str, Any] = {"class_type": "LoadImage", "inputs": {"image": "a.png"}}


def show(source: str) -> dict[str, Any]:
    return {"class_type": "PreviewImage", "inputs": {"images": [source, 0]}}


def invert(source: str) -> dict[str, Any]:
    return {"class_type": "ImageInvert", "inputs": {"image": [source, 0]}}


def mixture() -> dict[str, Any]:
    """10,000 nodes: chains, wide fans, dynamic inputs, a cycle."""
    graph: dict[str, Any] = {"img": LOADER}
    for chain in range(238):
        source = ["img", 0]
        for i in range(40):
            node = f"{chain}.{i}"
            match i % 4:
                case 0:
                    inputs = {"image": source, "upscale_method": "area", "width": 8, "height": 8, "crop": "disabled"}
                    graph[node] = {"class_type": "ImageScale", "inputs": inputs}
                case 1:
                    inputs: dict[str, Any] = {"input": source, "resize_type": "scale by multiplier"}
                    inputs["scale_method"] = "area"
                    inputs["resize_type.multiplier"] = 0.5
                    graph[node] = {"class_type": "ResizeImageMaskNode", "inputs": inputs}
                case 2:
                    slots = {f"images.image{slot}": source for slot in range(20)}
                    graph[node] = {"class_type": "BatchImagesNode", "inputs": slots}
                case _:
                    graph[node] = {"class_type": "ImageInvert", "inputs": {"image": source}}
            source = [node, 0]
        graph[f"{chain}.v"] = {"class_type": "CreateVideo", "inputs": {"images": source, "fps": 24.0}}
        inputs = {"video": [f"{chain}.v", 0], "filename_prefix": "x", "format": "mp4", "format.codec": "h264"}
        graph[f"{chain}.s"] = {"class_type": "SaveVideo", "inputs": inputs}
    graph |= {f"y{i}": invert(f"y{(i + 1) % 10}") for i in range(10)}
    return {**graph, "yo": show("y0")}


def cycle() -> dict[str, Any]:
    return {str(i): invert(str((i + 1) % 10_000)) for i in range(10_000)} | {"o": show("0")}


def shared_cycle() -> dict[str, Any]:
    return {str(i): invert(str((i + 1) % 900)) for i in range(900)} | {f"o{i}": show(str(i % 900)) for i in range(9000)}


def shared_chain() -> dict[str, Any]:
    graph = {str(i): invert(str(i + 1)) for i in range(800)} | {"800": LOADER}
    return graph | {f"o{i}": show("0") for i in range(10_000)}


def dangling() -> dict[str, Any]:
    return {f"o{i}": show(str(i)) for i in range(10_000)}


def unknown_inputs() -> dict[str, Any]:
    extra: dict[str, Any] = {f"imag{i}": 1 for i in range(10_000)} | {f"iamge{i}": ["i", 0] for i in range(10_000)}
    return {"i": {"class_type": "LoadImage", "inputs": {"image": "a.png", **extra}}, "o": show("i")}


def unknown_slots() -> dict[str, Any]:
    slots = {f"images.image{i}": 1 for i in range(10_000)}
    return {"i": {"class_type": "BatchImagesNode", "inputs": slots}, "o": show("i")}


def misspelt() -> dict[str, Any]:
    wrong = {"vidoe": 1, "filename_prefx": 2, "format": "mp5"}
    return {f"o{i}": {"class_type": "SaveVideo", "inputs": wrong} for i in range(5000)}


def node_keys() -> dict[str, Any]:
    return {"i": {**LOADER, **{f"inptus{i}": 1 for i in range(10_000)}}, "o": show("i")}


def switches() -> dict[str, Any]:
    """Lists of lists of lists: each item comes from fifty, in thirty storeys."""
    graph: dict[str, Any] = {"0": LOADER}
    for i in range(1, 30):
        graph[str(i)] = {"class_type": "CreateList", "inputs": {f"inputs.input{s}": [str(i - 1), 0] for s in range(50)}}
    return graph | {"o": show("29"), "v": {"class_type": "VAEEncode", "inputs": {"pixels": ["29", 0], "vae": ["5", 0]}}}


def long_texts() -> dict[str, Any]:
    text = "x" * 1_000_000
    return {"i": {"class_type": "LoadImage", "inputs": {"image": text, text: text}}, "o": show("i"), text: show(text)}


def long_expression() -> dict[str, Any]:
    inputs = {"expression": "a + " * 200_000 + "a", "values.a": 1}
    shown = {"class_type": "PreviewAny", "inputs": {"source": ["m", 0]}}
    return {"m": {"class_type": "ComfyMathExpression", "inputs": inputs}, "o": shown}


def nested() -> Any:
    value: Any = 1
    for _ in range(100_000):
        value = {"a": [value]}
    return value


def deep() -> dict[str, Any]:
    value, listed = nested(), [nested()]
    save = {"filename_prefix": value, "format": value, "video": [value, value], "x": value, "format.codec": listed}
    return {
        "a": {"class_type": "PreviewAny", "inputs": {"source": value}, "_meta": value},
        "b": {"class_type": "PreviewAny", "inputs": {"source": {"__value__": listed}}},
        "c": {"class_type": "SaveVideo", "inputs": save},
    }


def huge_numbers() -> dict[str, Any]:
    big = 10**5000
    save = {"filename_prefix": big, "video": ["v", big], "format": big, "format.codec": big, "fps": big}
    return {
        "v": {"class_type": "CreateVideo", "inputs": {"fps": big, "bit_depth": big}},
        "s": {"class_type": "SaveVideo", "inputs": save},
        "p": {"class_type": "PreviewAny", "inputs": {"source": big}},
    }


GRAPHS = (mixture, cycle, shared_cycle, shared_chain, dangling, unknown_inputs, unknown_slots, misspelt, node_keys)
MANY = (switches,)
ODD = (long_texts, long_expression, deep, huge_numbers)


@pytest.mark.parametrize("make", [*GRAPHS, *MANY, *ODD])
def test_it_is_judged_in_time(make: Callable[[], Any]):
    graph = make()
    start = time.perf_counter()
    got = validate(graph, load_catalog())
    assert time.perf_counter() - start < LIMIT
    texts = [e.message for e in got.errors] + [n.message for n in got.failures + got.warnings]
    assert max(map(len, texts), default=0) < 1000


def test_a_mixture_has_nothing_wrong_but_its_cycle():
    got = validate(mixture(), load_catalog())
    assert (got.verdict, {e.type for e in got.errors}, got.failures) == ("partial", {"dependency_cycle"}, ())
    assert len(got.outputs) == 238
