"""One prompt, executed: frames are pulled through all regions at once, one at a time.

Nothing holds a whole clip in memory; what is slow to make and read more than once is kept in a file meanwhile. Each
region's frames are counted and measured against the facts as they pass, which is also where interrupts take effect and
where progress is told.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from reelc_runtime.preview.errors import Interrupted, RegionFailed, StandInError
from reelc_runtime.preview.pictures import Frame, use_threads
from reelc_runtime.preview.report import Report
from reelc_runtime.preview.spool import Spool
from reelc_runtime.preview.task import PICTURES, Saved, Stream, Task
from reelc_runtime.preview.view import View, kind_of


class Execution:
    """What is needed to run a view once, in a thread of its own.

    Args:
        view: what to run.
        report: who is told.
        stop: set from outside to interrupt; takes effect at the next frame.
    """

    def __init__(self, view: View, report: Report, stop: threading.Event) -> None:
        self._view = view
        self._report = report
        self._stop = stop
        self._streams: dict[str, Stream] = {}
        self._told: set[str] = set()

    def run(self) -> None:
        """Execute to the end.

        Raises:
            RegionFailed: a region failed or was interrupted; the cause says which.
        """
        use_threads()
        with TemporaryDirectory(prefix="frames-") as folder, ExitStack() as spools:
            for number, task in enumerate(self._view.tasks):
                if kind_of(task).frames is not None and task.pictures_out:
                    self._streams[task.pictures_out[0]] = self._stream(task, Path(folder) / f"{number}", spools)
            for task in self._view.tasks:
                if kind_of(task).save is not None:
                    self._save(task)

    def _stream(self, task: Task, path: Path, spools: ExitStack) -> Stream:
        """The frames that a region makes: anew for each reader, or kept in a file for all of them."""
        facts = task.makes
        readers = sum(task.pictures_out[0] in other.region.media_in for other in self._view.tasks)
        if not kind_of(task).slow or readers < 2 or not Spool.fits(facts.width, facts.height, facts.frames):
            return Stream(facts, lambda: self._frames(task))
        spool = Spool(path, self._frames(task), facts.width, facts.height)
        spools.callback(spool.close)
        return Stream(facts, spool.frames)

    def _inputs(self, task: Task) -> tuple[Stream, ...]:
        return tuple(self._streams[m] for m in task.region.media_in if task.media[m].facts.kind in PICTURES)

    def _frames(self, task: Task) -> Iterator[Frame]:
        """A region's frames, watched. Progress is told the first time only: a medium used twice is made twice."""
        make = kind_of(task).frames
        assert make is not None
        facts, count = task.makes, 0
        telling = task.region.id not in self._told
        self._told.add(task.region.id)
        try:
            for frame in make(task, self._inputs(task)):
                self._check_stop()
                count += 1
                _measure(task, frame, count)
                if telling:
                    self._tell(task, count, facts.frames)
                yield frame
            if count != facts.frames:
                raise StandInError(f"{task.region.stage} made {count} frames instead of {facts.frames}")
        except RegionFailed:
            raise
        except Exception as error:
            raise RegionFailed(task.node, task.region.stage) from error

    def _tell(self, task: Task, count: int, total: int) -> None:
        if count == 1:
            self._report.started(task, total)
        self._report.advanced(task, count, total)
        if count == total:
            self._report.finished(task)

    def _save(self, task: Task) -> None:
        """A region that takes frames to the end and writes a file."""
        save = kind_of(task).save
        assert save is not None
        # Sound has no frames, and is one step.
        total, count = max(1, task.takes.frames), 0

        def watch(frame: Frame) -> None:
            nonlocal count
            self._check_stop()
            count += 1
            if count == 1:
                self._report.started(task, total)
            self._report.advanced(task, count, total)
            self._report.picture(task, frame)

        try:
            self._check_stop()
            if not task.takes.frames:
                self._report.started(task, total)
            saved: Saved = save(task, self._inputs(task), watch)
        except RegionFailed:
            raise
        except Exception as error:
            raise RegionFailed(task.node, task.region.stage) from error
        self._report.finished(task, saved)

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise Interrupted


def _measure(task: Task, frame: Frame, count: int) -> None:
    """A frame must have the size and the place that the facts give it."""
    facts = task.makes
    if frame.shape != (facts.height, facts.width, 3):
        found = f"{frame.shape[1]}x{frame.shape[0]}"
        raise StandInError(f"{task.region.stage} made a frame of {found} instead of {facts.width}x{facts.height}")
    if count > facts.frames:
        raise StandInError(f"{task.region.stage} made more than {facts.frames} frames")
