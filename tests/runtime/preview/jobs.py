"""Small jobs in the plan's own data model, and a plain client that speaks raw HTTP and WebSocket."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import cv2
import httpx
import numpy as np
import websockets

from reelc_compiler.plan import Facts, Medium, Region, StandIn, media_to_json


def image(width: int, height: int) -> Facts:
    return Facts(kind="image", width=width, height=height, frames=1)


def clip(width: int, height: int, frames: int, fps: Fraction = Fraction(24)) -> Facts:
    return Facts(kind="clip", width=width, height=height, frames=frames, fps=fps)


def still(width: int = 160, height: int = 120) -> np.ndarray:
    """A picture with structure everywhere, uint8 RGB."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 255, (9, 12, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


@dataclass
class Job:
    """A job while it is built: a straight line of regions, each with nodes of its own."""

    file: str = "in.png"
    prefix: str = "reelc/test/run/01-film-a1"
    graph: dict[str, dict[str, Any]] = field(default_factory=dict)
    regions: list[Region] = field(default_factory=list)
    media: dict[str, Medium] = field(default_factory=dict)
    last: str = ""

    def load(self, facts: Facts) -> "Job":
        return self.stage("load", "load", facts, {"node": "1", "field": "image"}, {"image": self.file})

    def stage(
        self, stage: str, kind: str | None, facts: Facts | None, settings: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None, nodes: int = 1,
    ) -> "Job":  # fmt: skip
        names = [str(len(self.graph) + 1 + number) for number in range(nodes)]
        for name in names:
            self.graph[name] = {"class_type": stage.title().replace(".", ""), "inputs": dict(inputs or {})}
        made = f"m{len(self.media) + 1}"
        if facts is not None:
            self.media[made] = Medium(node=names[-1], slot=0, facts=facts)
        self.regions.append(
            Region(
                id=f"r{len(self.regions) + 1}",
                stage=stage,
                nodes=tuple(names),
                media_in=(self.last,) if self.last else (),
                media_out=(made,) if facts is not None else (),
                stand_in=None if kind is None else StandIn(kind=kind, settings=settings or {}),
            )
        )
        self.last = made if facts is not None else self.last
        return self

    def encode(self, crf: float | None = 20, **changes: Any) -> "Job":
        node = str(len(self.graph) + 2)
        settings = {"node": node, "field": "filename_prefix", "container": "mp4", "codec": "h264", "crf": crf}
        return self.stage("video", "encode", None, settings | changes, {"filename_prefix": self.prefix}, nodes=2)

    def view(self) -> dict[str, Any]:
        return {"job": "01-film", "regions": [r.to_json() for r in self.regions], "media": media_to_json(self.media)}

    def body(self, client: str | None = None, **extra: Any) -> dict[str, Any]:
        body = {
            "prompt": self.graph,
            "prompt_id": str(uuid.uuid4()),
            "extra_data": {"reelc": self.view() | {k: v for k, v in extra.items() if k == "preview"}}
            | {k: v for k, v in extra.items() if k != "preview"},
        }
        return body | ({"client_id": client} if client else {})


def film(width: int = 160, height: int = 120, frames: int = 5, factor: int = 2, steps: int = 3, **job: Any) -> Job:
    """load, resize, move, upscale, flow, encode: all kinds in a row."""
    big = (width * factor, height * factor)
    return (
        Job(**job)
        .load(image(160, 120))
        .stage("std.fit", "resize", image(width, height), {"rule": "crop"})
        .stage("std.svd.animate", "move", clip(width, height, frames, Fraction(6)), nodes=3)
        .stage("std.finish.upscale", "upscale", clip(*big, frames, Fraction(6)))
        .stage("std.finish.interpolate", "flow", clip(*big, (frames - 1) * steps + 1, Fraction(24)), nodes=2)
        .encode()
    )


class Client:
    """As plain as possible: what is sent and heard is what goes over the wire."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.id = uuid.uuid4().hex
        self.heard: list[dict[str, Any] | bytes] = []

    async def __aenter__(self) -> "Client":
        self.http = httpx.AsyncClient(base_url=self.url, timeout=60, trust_env=False)
        address = self.url.replace("http", "ws") + f"/ws?clientId={self.id}"
        self.socket = await websockets.connect(address, max_size=None, proxy=None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self.http.aclose()

    async def hear(self) -> dict[str, Any] | bytes:
        raw = await asyncio.wait_for(self.socket.recv(), 60)
        message = raw if isinstance(raw, bytes) else json.loads(raw)
        self.heard.append(message)
        return message

    async def hear_until(self, kind: str, **data: Any) -> dict[str, Any]:
        while True:
            message = await self.hear()
            if isinstance(message, bytes) or message["type"] != kind:
                continue
            if all(message["data"].get(name) == value for name, value in data.items()):
                return message["data"]

    async def upload(self, content: bytes, name: str = "in.png", **fields: str) -> httpx.Response:
        return await self.http.post(
            "/upload/image", files={"image": (name, content)}, data={"overwrite": "true", **fields}
        )

    async def submit(self, job: Job, **extra: Any) -> httpx.Response:
        return await self.http.post("/prompt", json=job.body(self.id, **extra))

    async def run(self, job: Job, **extra: Any) -> tuple[str, dict[str, Any]]:
        """Submit, follow to the end, and read the history."""
        answer = await self.submit(job, **extra)
        assert answer.status_code == 200, answer.text
        prompt_id = answer.json()["prompt_id"]
        await self.hear_until("executing", node=None, prompt_id=prompt_id)
        return prompt_id, (await self.http.get(f"/history/{prompt_id}")).json()[prompt_id]

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        return [(m["type"], m["data"]) for m in self.heard if isinstance(m, dict)]
