"""The steps of a job on its worker, each an async function of JSON values to JSON values.

A step can be repeated: it looks before it acts. What a step needs besides its argument (the worker's
client, folders, who is told of progress) is in :class:`Steps`; nothing of that is in the values, so
an engine can record them and begin again from any of them.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from reelc_compiler.plan import Artifact, Graph, Job, Plan, Save, media_to_json
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import BAD_RESULT, BAD_WORKER
from reelc_runtime.comfy import Clock, ComfyClient, ComfyError, OutputFile, Rejected, ServerError, outputs_of
from reelc_runtime.run import events
from reelc_runtime.run.faults import Locator, RunFault
from reelc_runtime.run.follow import Follower
from reelc_runtime.run.given import gone, unchanged
from reelc_runtime.run.prompts import take_off
from reelc_runtime.run.refusals import refused

Json = dict[str, Any]
Report = Callable[[events.Event], None]

# A file that is larger than this for each of its frames, or seconds of sound, is none that was asked for.
MAX_BYTES_PER_FRAME = 64 * 2**20
# What a node of the user's own saves may be anything; a file larger than this, or more of them, is no film.
MAX_SAVED_BYTES = 64 * 2**30
MOST_SAVED = 100_000
TOO_LARGE = 413


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A file that a job starts from.

    Args:
        path: where it lies here.
        sha256, bytes: its content.
        on: the worker that made it, and how it is called there; None when no worker has it any more.
    """

    path: Path
    sha256: str
    bytes: int
    on: tuple[str, OutputFile] | None

    @property
    def upload_name(self) -> str:
        """The flat, content-named file that a worker receives."""
        return f"reelc_{self.sha256}{self.path.suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The resources of one job on one worker.

    Args:
        plan, job: what is to be done.
        client: an open client of the worker.
        engine: ``render`` or ``preview``.
        clean: a preview without its label burnt in.
        input_path: an input's path in the plan to where it lies.
        handed: the files that the job starts from, by artifact.
        files: the folder for downloads.
        locator: finds source lines for faults.
        report: is told what happens.
        stall: seconds without any sign of life after which a worker counts as silent.
        lost: seconds without any answer after which it counts as gone.
        clock: time, injected.
    """

    plan: Plan
    job: Job
    client: ComfyClient
    engine: str
    clean: bool
    input_path: Callable[[str], Path]
    handed: Mapping[str, Handed]
    files: Path
    locator: Locator
    report: Report
    stall: float
    lost: float
    clock: Clock

    # -- upload ------------------------------------------------------------------------------

    async def upload(self, args: Json) -> Json:
        """``{}`` -> ``{"inputs": {id: name on the worker}, "artifacts": {id: name}}``. RunFault: E0601, E0720."""
        inputs = {i.id: i for i in self.plan.inputs}
        names: dict[str, str] = {}
        for key in dict.fromkeys(u.input for u in self.job.uploads):
            item = inputs[key]
            path = self.input_path(item.path)
            await asyncio.to_thread(unchanged, path, item.path, item.sha256)
            names[key] = await self._send(path, item.upload_name, item.bytes, item.path)
        artifacts: dict[str, str] = {}
        for artifact in self.job.artifacts_in:
            artifacts[artifact.id] = await self._hand_over(artifact.id, self.handed[artifact.id])
        return {"inputs": names, "artifacts": artifacts}

    async def still_there(self, names: Json) -> bool:
        """Whether the worker has what :meth:`upload` named; yes when it does not say."""
        sizes = {i.id: i.bytes for i in self.plan.inputs}
        files = [(OutputFile(filename=n, subfolder="", type="input"), sizes[i]) for i, n in names["inputs"].items()]
        for artifact, name in names["artifacts"].items():
            handed = self.handed[artifact]
            made = handed.on[1] if handed.on is not None and name != handed.upload_name else None
            files.append((made or OutputFile(filename=name, subfolder="", type="input"), handed.bytes))
        try:
            return all([await self.client.has_file(ref, size) for ref, size in files])
        except ComfyError:
            return True

    async def _hand_over(self, artifact: str, file: Handed) -> str:
        """The name by which the worker finds an artifact: where it made it, or where it is sent."""
        if file.on is not None and file.on[0] == self.client.url:
            made = file.on[1]
            if await self.client.has_file(made, file.bytes):
                name = f"{made.subfolder}/{made.filename}" if made.subfolder else made.filename
                self.report(
                    events.InputUploaded(job=self.job.id, input=artifact, name=name, bytes=file.bytes, sent=False)
                )
                return f"{name} [{made.type}]"
        return await self._send(file.path, file.upload_name, file.bytes, artifact)

    async def _send(self, path: Path, name: str, size: int, shown: str) -> str:
        there = await self.client.has_input(name, size)
        if not there:
            try:
                await self.client.upload_image(path, name)
            except OSError:
                raise RunFault(gone(shown)) from None
            except ServerError as error:
                if error.status != TOO_LARGE:
                    raise
                raise RunFault(_too_large(self.client.url, shown, size)) from None
        self.report(events.InputUploaded(job=self.job.id, input=shown, name=name, bytes=size, sent=not there))
        return name

    # -- submit and follow -------------------------------------------------------------------

    async def submit(self, args: Json) -> Json:
        """``{"prompt", "prefix", "names", "attempt"}`` -> ``{"attached"}``. Raises RunFault: E0705.

        Looks for the prompt first: after a lost answer it may be queued, running or done already.
        """
        found = await self.client.find(args["prompt"])
        attached = found.state != "absent"
        if not attached:
            answer = await self.client.submit(
                submission(self.job, args["names"], args["prefix"]),
                prompt_id=args["prompt"],
                extra_data=self._extra(),
            )
            if isinstance(answer, Rejected):
                if answer.queued:
                    await self.stop(args["prompt"])
                raise RunFault(*refused(self.job, self.client.url, answer, self.locator))
        self.report(
            events.JobSubmitted(
                job=self.job.id,
                worker=self.client.url,
                prompt=args["prompt"],
                attempt=args["attempt"],
                nodes=len(self.job.graph),
                attached=attached,
            )
        )
        return {"attached": attached}

    def _extra(self) -> Json:
        typed: Json = {
            "job": self.job.id,
            "regions": [r.to_json() for r in self.job.regions],
            "media": media_to_json(self.job.media),
        }
        if self.engine == "preview":
            typed["preview"] = {"clean": self.clean}
        return {"reelc": typed}

    async def follow(self, args: Json) -> Json:
        """``{"prompt"}`` -> ``{"outputs": {artifact: file}}``, or ``{"vanished": true}``.

        Raises RunFault: E0706, E0707, E0708, E0714. When it is cancelled, the prompt is stopped on the worker
        first.
        """
        prompt = args["prompt"]
        follower = Follower(self.job, self.client, self.locator, self.report, stall=self.stall, lost=self.lost)
        try:
            entry = await follower.run(prompt)
        except asyncio.CancelledError:
            await self.stop(prompt)
            raise
        if entry is None:
            return {"vanished": True}
        outputs: Json = {}
        for artifact in self.job.artifacts_out:
            files = outputs_of(entry, artifact.node)
            if len(files) != 1:
                raise RunFault(self._no_file(artifact, len(files)))
            outputs[artifact.id] = {
                "filename": files[0].filename,
                "subfolder": files[0].subfolder,
                "type": files[0].type,
            }
        for save in self.job.saves:
            saved = outputs_of(entry, save.node)
            if not 0 < len(saved) <= MOST_SAVED:
                raise RunFault(self._saved_wrong(save, len(saved)))
            for number, file in enumerate(saved, 1):
                outputs[save.file_id(self.job.id, number)] = {
                    "filename": file.filename,
                    "subfolder": file.subfolder,
                    "type": file.type,
                }
        return {"outputs": outputs}

    def _saved_wrong(self, save: Save, count: int) -> Diagnostic:
        what = "saved no file" if count == 0 else f"saved {count} files, more than {MOST_SAVED}"
        return self.locator.at(
            BAD_RESULT,
            f"{self.client.url} reports success, and the node {save.class_type} {what} for the output `{save.name}`",
            self.job.id,
            save.node,
            "an output is a node that saves files; leave out what only shows a text or a number",
        )

    def _no_file(self, artifact: Artifact, count: int) -> Diagnostic:
        return self.locator.at(
            BAD_RESULT,
            f"{self.client.url} reports success, and {'no file' if count == 0 else f'{count} files'} for this output",
            self.job.id,
            artifact.node,
            "look at the worker's own log",
        )

    async def stop(self, prompt: str) -> None:
        """Take the prompt off the worker, whether it waits or runs, and see that it is gone.

        Never raises but for cancellation: the run is ending for another reason, and that one is reported.
        """
        running = await take_off(self.client, prompt, self.clock)
        self.report(
            events.PromptStopped(
                job=self.job.id,
                worker=self.client.url,
                prompt=prompt,
                confirmed=not running,
                reason=running,
            )
        )

    # -- download and verify -----------------------------------------------------------------

    async def download(self, args: Json) -> Json:
        """``{"outputs"}`` -> ``{"files": {artifact: name}}``; names lie in :attr:`files`."""
        files: Json = {}
        for artifact in self.job.artifacts_out:
            ref = OutputFile(**args["outputs"][artifact.id])
            name = f"{artifact.id}.{artifact.container}"
            part = self.files / f"{name}.part"
            limit = MAX_BYTES_PER_FRAME * max(1, artifact.facts.frames, ceil(artifact.facts.seconds or 0))
            got = await self.client.view(ref, part, max_bytes=limit)
            part.replace(self.files / name)
            files[artifact.id] = name
            self.report(
                events.ArtifactDownloaded(job=self.job.id, artifact=artifact.id, bytes=got.bytes, sha256=got.sha256)
            )
        for _, ids in self.job.saved(args["outputs"]):
            for name in ids:
                ref = OutputFile(**args["outputs"][name])
                files[name] = f"{name}{_ending(ref.filename)}"
                part = self.files / f"{files[name]}.part"
                got = await self.client.view(ref, part, max_bytes=MAX_SAVED_BYTES)
                part.replace(self.files / files[name])
                self.report(
                    events.ArtifactDownloaded(job=self.job.id, artifact=name, bytes=got.bytes, sha256=got.sha256)
                )
        return {"files": files}

    async def verify(self, args: Json) -> Json:
        """``{"files"}`` -> ``{"verified": [artifact]}``. Raises RunFault: E0708 with what differs."""
        from reelc_runtime.media import errors, verify

        done: list[str] = []
        for artifact in self.job.artifacts_out:
            path = self.files / args["files"][artifact.id]
            try:
                wrong = await asyncio.to_thread(verify.check_artifact, artifact, path)
            except errors.MediaError as error:
                wrong = [str(error)]
            if wrong:
                raise RunFault(self._differs(artifact, wrong, path))
            done.append(artifact.id)
            facts = artifact.facts
            self.report(
                events.ArtifactVerified(
                    job=self.job.id,
                    artifact=artifact.id,
                    width=facts.width,
                    height=facts.height,
                    frames=facts.frames,
                    fps=None if facts.fps is None else str(facts.fps),
                )
            )
        for save, ids in self.job.saved(args["files"]):
            for name in ids:
                path = self.files / args["files"][name]
                try:
                    await asyncio.to_thread(verify.check_saved, path)
                except errors.MediaError as error:
                    raise RunFault(self._unusable(save, str(error), path)) from None
                done.append(name)
        return {"verified": done}

    def _unusable(self, save: Save, why: str, path: Path) -> Diagnostic:
        return self.locator.at(
            BAD_RESULT,
            f"what the node {save.class_type} saved for the output `{save.name}` cannot be used: {why}",
            self.job.id,
            save.node,
            notes=(f"the file is kept as {path}",),
        )

    def _differs(self, artifact: Artifact, wrong: list[str], path: Path) -> Diagnostic:
        return self.locator.at(
            BAD_RESULT,
            "the result is not what was planned: " + "; ".join(wrong),
            self.job.id,
            artifact.node,
            notes=(f"the file is kept as {path}",),
        )


def _ending(filename: str) -> str:
    """The ending of a file from a worker, ``.png``; ``.bin`` where it has none that says anything."""
    ending = Path(filename).suffix.lower()
    return ending if re.fullmatch(r"\.[a-z0-9]{1,12}", ending) else ".bin"


def _too_large(url: str, shown: str, size: int) -> Diagnostic:
    return Diagnostic(
        code=BAD_WORKER,
        message=f"{url} does not take `{shown}` of {size / 2**20:.0f} MiB: it is larger than its limit for uploads",
        help=("start that ComfyUI with a larger `--max-upload-size` (in MB; its default is 100)",),
    )


def submission(job: Job, names: Mapping[str, Mapping[str, str]], prefix: str) -> Graph:
    """The graph as it is sent: names of inputs and file prefixes take their places, nothing else changes.

    Args:
        names: from :meth:`Steps.upload`.
        prefix: from :attr:`Attempt.prefix`.
    """
    graph: Graph = {node: {**data, "inputs": dict(data["inputs"])} for node, data in job.graph.items()}
    for upload in job.uploads:
        graph[upload.node]["inputs"][upload.field] = names["inputs"][upload.input]
    for artifact in job.artifacts_in:
        graph[artifact.node]["inputs"][artifact.field] = names["artifacts"][artifact.id]
    prefixed = [(artifact.node, artifact.field) for artifact in job.artifacts_out]
    prefixed += [(save.node, save.field) for save in job.saves if save.field is not None]
    for number, (node, field) in enumerate(prefixed, 1):
        # Two files of one job are saved by two nodes; each needs a name of its own.
        graph[node]["inputs"][field] = prefix if len(prefixed) == 1 else f"{prefix}-{number}"
    return graph
