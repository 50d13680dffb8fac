"""The steps of a job, each an async function of JSON values to JSON values.

A step can be repeated: it looks before it acts. What a step needs besides its argument (the worker's
client, folders, who is told of progress) is in :class:`Steps`; nothing of that is in the values, so
a journal or an engine can record them and begin again from any of them.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelc_compiler.catalog import Catalog
from reelc_compiler.plan import Artifact, Graph, Job, Plan, media_to_json
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import BAD_RESULT, INPUT_CHANGED, MISSING_INPUT_FILE, NO_WORKER
from reelc_runtime.comfy import Clock, ComfyClient, ComfyError, OutputFile, Rejected, outputs_of
from reelc_runtime.run import events, match
from reelc_runtime.run.faults import Locator, RunFault
from reelc_runtime.run.follow import Follower
from reelc_runtime.run.refusals import refused

Json = dict[str, Any]
Report = Callable[[events.Event], None]
Warn = Callable[[Diagnostic], None]

# A film that is larger than this for each of its frames is no film that was asked for.
MAX_BYTES_PER_FRAME = 64 * 2**20
STOP_DEADLINE = 10.0
STOP_POLL = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The resources of one job on one worker.

    Args:
        plan, job: what is to be done.
        client: an open client of the worker.
        engine: ``render`` or ``preview``.
        clean: a preview without its label burnt in.
        catalog: the plan's catalog, None to skip matching (the embedded worker needs none).
        input_path: an input's path in the plan to where it lies.
        files: the folder for downloads.
        locator: finds source lines for faults.
        report, warn: are told what happens.
        stall: seconds without any sign of life after which a worker counts as silent.
        clock: time, injected.
    """

    plan: Plan
    job: Job
    client: ComfyClient
    engine: str
    clean: bool
    catalog: Catalog | None
    input_path: Callable[[str], Path]
    files: Path
    locator: Locator
    report: Report
    warn: Warn
    stall: float
    clock: Clock

    # -- match -------------------------------------------------------------------------------

    async def match(self, args: Json) -> Json:
        """``{}`` -> ``{"comfyui", "device", "vram"}``. Raises RunFault: E0703, E0704, E0715."""
        stats = await self.client.system_stats()
        if self.engine == "render" and stats.engine == "preview":
            # A preview is never sold as a render.
            raise RunFault(
                Diagnostic(
                    code=NO_WORKER,
                    message=f"{self.client.url} is a preview worker, which renders nothing",
                    help=("name a ComfyUI server, or call `reelc preview`",),
                )
            )
        device = next((d for d in stats.devices if d.type != "cpu"), None)
        if self.catalog is not None:
            found = await match.schemas(self.client, self.job)
            faults = match.findings(self.plan, self.job, self.client.url, found, self.catalog, self.locator)
            if faults:
                raise RunFault(*faults)
            name = device.name if device is not None else "no GPU"
            vram = device.vram_total if device is not None else None
            for warning in match.low_vram(self.job, self.client.url, name, vram):
                self.warn(warning)
        result: Json = {
            "comfyui": stats.version,
            "device": device.name if device is not None else "cpu",
            "vram": device.vram_total if device is not None else None,
        }
        self.report(events.WorkerMatched(job=self.job.id, worker=self.client.url, **result))
        return result

    # -- upload ------------------------------------------------------------------------------

    async def upload(self, args: Json) -> Json:
        """``{}`` -> ``{"inputs": {id: name on the worker}}``. Raises RunFault: E0601, E0720."""
        names: dict[str, str] = {}
        inputs = {i.id: i for i in self.plan.inputs}
        for key in dict.fromkeys(u.input for u in self.job.uploads):
            item = inputs[key]
            path = self.input_path(item.path)
            name = item.upload_name
            await asyncio.to_thread(self._unchanged, path, item.path, item.sha256)
            there = await self.client.has_input(name, item.bytes)
            if not there:
                try:
                    await self.client.upload_image(path, name)
                except OSError:
                    raise RunFault(_gone(item.path)) from None
            names[key] = name
            self.report(
                events.InputUploaded(job=self.job.id, input=item.path, name=name, bytes=item.bytes, sent=not there)
            )
        return {"inputs": names}

    def _unchanged(self, path: Path, shown: str, sha256: str) -> None:
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            raise RunFault(_gone(shown)) from None
        if digest != sha256:
            raise RunFault(
                Diagnostic(
                    code=INPUT_CHANGED,
                    message=f"the input file `{shown}` was changed after the plan was made",
                    help=("compile again; nothing was sent",),
                )
            )

    # -- submit and follow -------------------------------------------------------------------

    async def submit(self, args: Json) -> Json:
        """``{"prompt", "prefix", "inputs", "attempt"}`` -> ``{"prompt", "attached"}``. Raises RunFault: E0705.

        Looks for the prompt first: after a lost answer it may be queued, running or done already.
        """
        found = await self.client.find(args["prompt"])
        attached = found.state != "absent"
        if not attached:
            answer = await self.client.submit(
                submission(self.job, args["inputs"], args["prefix"]),
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
                prompt=args["prompt"],
                attempt=args["attempt"],
                nodes=len(self.job.graph),
                attached=attached,
            )
        )
        return {"prompt": args["prompt"], "attached": attached}

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
        """``{"prompt"}`` -> ``{"outputs": {artifact: file}}``, or ``{"lost": true}``.

        Raises RunFault: E0702, E0706, E0707, E0708, E0714. When it is cancelled, the prompt is stopped
        on the worker first.
        """
        prompt = args["prompt"]
        try:
            entry = await Follower(self.job, self.client, self.locator, self.report, self.stall).run(prompt)
        except asyncio.CancelledError:
            await self.stop(prompt)
            raise
        if entry is None:
            return {"lost": True}
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
        return {"outputs": outputs}

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
        confirmed, reason = False, "it still runs"
        try:
            async with asyncio.timeout(STOP_DEADLINE):
                await self.client.delete_pending(prompt)
                await self.client.interrupt(prompt)
                # An interrupt takes effect at the node's next step, which may be a while.
                while not confirmed:
                    confirmed = (await self.client.find(prompt)).state in ("done", "absent")
                    if not confirmed:
                        await self.clock.sleep(STOP_POLL)
        except TimeoutError:
            confirmed = False
        except ComfyError as error:
            confirmed, reason = False, str(error)
        self.report(
            events.PromptStopped(
                job=self.job.id,
                worker=self.client.url,
                prompt=prompt,
                confirmed=confirmed,
                reason="" if confirmed else reason,
            )
        )

    # -- download and verify -----------------------------------------------------------------

    async def download(self, args: Json) -> Json:
        """``{"outputs"}`` -> ``{"files": {artifact: {"name", "sha256", "bytes"}}}``; names lie in :attr:`files`."""
        files: Json = {}
        for artifact in self.job.artifacts_out:
            ref = OutputFile(**args["outputs"][artifact.id])
            name = f"{artifact.id}.{artifact.container}"
            part = self.files / f"{name}.part"
            limit = MAX_BYTES_PER_FRAME * max(1, artifact.facts.frames)
            got = await self.client.view(ref, part, max_bytes=limit)
            part.replace(self.files / name)
            files[artifact.id] = {"name": name, "sha256": got.sha256, "bytes": got.bytes}
            self.report(
                events.ArtifactDownloaded(job=self.job.id, artifact=artifact.id, bytes=got.bytes, sha256=got.sha256)
            )
        return {"files": files}

    async def verify(self, args: Json) -> Json:
        """``{"files"}`` -> ``{"verified": [artifact]}``. Raises RunFault: E0708 with what differs."""
        from reelc_runtime.media import errors, verify

        done: list[str] = []
        for artifact in self.job.artifacts_out:
            path = self.files / args["files"][artifact.id]["name"]
            try:
                wrong = [str(m) for m in await asyncio.to_thread(verify.check_artifact, artifact, path)]
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
                    fps=str(facts.fps),
                )
            )
        return {"verified": done}

    def _differs(self, artifact: Artifact, wrong: list[str], path: Path) -> Diagnostic:
        return self.locator.at(
            BAD_RESULT,
            "the result is not what was planned: " + "; ".join(wrong),
            self.job.id,
            artifact.node,
            notes=(f"the file is kept as {path}",),
        )


def _gone(shown: str) -> Diagnostic:
    return Diagnostic(code=MISSING_INPUT_FILE, message=f"the input file `{shown}` is no longer there")


def submission(job: Job, inputs: Mapping[str, str], prefix: str) -> Graph:
    """The graph as it is sent: input names and file prefixes take their places, nothing else changes."""
    graph: Graph = {node: {**data, "inputs": dict(data["inputs"])} for node, data in job.graph.items()}
    for upload in job.uploads:
        graph[upload.node]["inputs"][upload.field] = inputs[upload.input]
    for number, artifact in enumerate(job.artifacts_out):
        # Two films of one job are saved by two nodes; each needs a name of its own.
        own = prefix if len(job.artifacts_out) == 1 else f"{prefix}-{number + 1}"
        graph[artifact.node]["inputs"][artifact.field] = own
    return graph
