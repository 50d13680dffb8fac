"""A made graph of any size: what a large workflow is made of, with nothing that a server would refuse.

Blocks of 100 nodes: a chain, in which each node waits for the one before; a fan, in which many take one picture;
dynamic nodes, one with the inputs of its chosen key and one with a slot for each picture of the fan; and two outputs.
A block's picture comes out of the block before, so one source in the end feeds all.
"""

import json
import sys
from typing import Any

CHAIN = 60
FAN = 36
BLOCK = CHAIN + FAN + 4
METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")

Graph = dict[str, dict[str, Any]]


def large_graph(nodes: int) -> Graph:
    """A graph in API format of that many nodes, rounded up to whole blocks; the same each time."""
    graph: Graph = {}
    source = _add(graph, "EmptyImage", width=512, height=512, batch_size=1, color=0)
    for _ in range(max(1, -(-(nodes - 1) // BLOCK))):
        source = _block(graph, source)
    return graph


def _block(graph: Graph, source: str) -> str:
    """Add a block that takes a picture; the node whose picture the next one takes."""
    picture = source
    for i in range(CHAIN):
        if i % 2:
            picture = _add(graph, "ImageInvert", image=[picture, 0])
        else:
            method = METHODS[i // 2 % len(METHODS)]
            picture = _add(graph, "ImageScaleBy", image=[picture, 0], upscale_method=method, scale_by=1.0 + i / 100)
    fan = [_add(graph, "ImageBlur", image=[source, 0], blur_radius=1 + i % 31, sigma=1.0) for i in range(FAN)]
    batch = _add(graph, "BatchImagesNode", **{f"images.image{i}": [one, 0] for i, one in enumerate(fan)})
    key = "resize_type"
    size = {key: "scale dimensions", f"{key}.width": 512, f"{key}.height": 512, f"{key}.crop": "center"}
    resized = _add(graph, "ResizeImageMaskNode", input=[batch, 0], scale_method="area", **size)
    _add(graph, "SaveImage", images=[picture, 0], filename_prefix="chain")
    _add(graph, "SaveImage", images=[resized, 0], filename_prefix="fan")
    return fan[0]


def _add(graph: Graph, class_type: str, **inputs: Any) -> str:
    node = str(len(graph) + 1)
    graph[node] = {"class_type": class_type, "inputs": inputs}
    return node


if __name__ == "__main__":
    print(json.dumps(large_graph(int(sys.argv[1]))))
