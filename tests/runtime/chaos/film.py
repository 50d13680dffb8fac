"""A film of two shots that takes a second: five jobs, with hand-overs in each shot and for their crossfade."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

import reelc
from reelc_compiler.plan import Plan

SOURCE = """reel 1
use std.svd
use upscale from std.finish
pipeline two {
  param one: image = "one.png"
  param two: image = "two.png"
  let model = svd.load()
  let clips = for still in [one, two] {
    still
      |> fit(256x256)
      |> svd.animate(using: model, seed: 1, frames: 4)
      |> upscale(to: 288x288)
  }
  output film = sequence(clips, crossfade: 1) |> video()
}
"""
FILM = "film.preview.mp4"


def make_project(folder: Path) -> Path:
    """The program and its pictures; gives the program's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(("one.png", "two.png")):
        picture = np.random.default_rng(seed).integers(0, 255, (60, 60, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / name), cv2.resize(picture, (288, 288)))
    path = folder / "two.reel"
    path.write_text(SOURCE, "utf-8")
    return path


@cache
def plan_of(program: Path) -> Plan:
    """The program's plan; compiled once a process, and its children have it."""
    return reelc.compile(program).plan
