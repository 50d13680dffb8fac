"""A worker: whether it answers, what it is, and how it compares with the bundled catalog."""

import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from reelc.asking import asking, worker_fault
from reelc.doctor.check import FAIL, OK, WARN, Check, broken
from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.catalog.diff import diff_class
from reelc_compiler.catalog.dump import from_dump
from reelc_compiler.units import bytes_text
from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_runtime import comfy
from reelc_runtime.run.request import Address

TIMEOUTS = comfy.Timeouts(connect=5.0, read=20.0, answer=60.0)
# The same name each time, so that at most one file of the doctor stays on a worker: ComfyUI deletes none.
UPLOAD = "reelc_doctor.txt"
NAMED = 5


async def examine(worker: Address, *, write: bool, now: Callable[[], float] = time.perf_counter) -> list[Check]:
    """All findings about a worker. One that does not answer is asked nothing more.

    Args:
        worker: its address, with its credentials.
        write: also upload a file.
        now: seconds.
    """
    found: list[Check] = []
    try:
        async with asking(worker, timeouts=TIMEOUTS) as client:
            await client.system_stats()  # makes the connection, which is no part of the latency
            started = now()
            stats = await client.system_stats()
            found.append(Check(name="answers", state=OK, text=f"answers in {(now() - started) * 1000:.0f} ms"))
            known = load_catalog()
            found += [_version(stats, known), *_hardware(stats)]
            found += await _part("queue", _queue(client))
            if stats.engine != "preview":
                found += await _part("classes", _classes(client, stats.version, known))
            if write:
                found += await _part("upload", _upload(client))
    except ReelError as error:
        found.append(_fault("answers", error.diagnostics[0]))
    except Exception as error:
        found.append(broken("worker", error))
    return found


async def _part(name: str, question: Awaitable[list[Check]]) -> list[Check]:
    """The answer to one question; that it fails keeps nobody from asking the next."""
    try:
        return await question
    except comfy.ComfyError as error:
        return [_fault(name, worker_fault(error))]
    except Exception as error:
        return [broken(name, error)]


def _fault(name: str, fault: Diagnostic) -> Check:
    return Check(name=name, state=FAIL, text=f"{fault.message} ({fault.code.code})", help="; ".join(fault.help))


async def _queue(client: comfy.ComfyClient) -> list[Check]:
    queue = await client.queue()
    text = f"{len(queue.running)} running, {len(queue.pending)} waiting in its queue"
    return [Check(name="queue", state=OK, text=text)]


def _version(stats: comfy.SystemStats, known: Catalog) -> Check:
    if stats.engine == "preview":
        text, help_ = "is a preview worker of reelc: it renders nothing", "name a ComfyUI server to render on"
        return Check(name="comfyui", state=WARN, text=text, help=help_)
    if stats.version == known.comfyui:
        return Check(name="comfyui", state=OK, text=f"ComfyUI {stats.version}, as the bundled catalog")
    shown = f"ComfyUI {stats.version}" if stats.version else "a ComfyUI that does not tell its version"
    return Check(
        name="comfyui",
        state=WARN,
        text=f"{shown}; the bundled catalog is of {known.comfyui}",
        help="its nodes may differ: `reelc catalog pull` and `--catalog` compile for it",
    )


def _hardware(stats: comfy.SystemStats) -> list[Check]:
    found: list[Check] = []
    for device in stats.devices:
        memory = f"{bytes_text(device.vram_total)}, {bytes_text(device.vram_free)} free"
        if device.type != "cpu":
            found.append(Check(name="gpu", state=OK, text=f"{device.name}: {memory}"))
    if not found and stats.engine != "preview":
        text, help_ = "has no GPU: models take hours on a CPU", "is ComfyUI started with --cpu, or the driver missing?"
        found.append(Check(name="gpu", state=WARN, text=text, help=help_))
    if stats.ram_total:
        text = f"{bytes_text(stats.ram_total)} of host memory, {bytes_text(stats.ram_free)} free"
        found.append(Check(name="ram", state=OK, text=text))
    return found


async def _classes(client: comfy.ComfyClient, version: str, known: Catalog) -> list[Check]:
    """The packs of the bundled catalog, and the classes whose inputs or outputs are others."""
    here = from_dump(await client.all_object_info(), (known,), name="worker", comfyui=version).catalog().without_lists()
    return [*_packs(known, here), *_schemas(known, here)]


def _packs(known: Catalog, here: Catalog) -> Iterator[Check]:
    missing: list[str] = []
    for pack in known.packs.values():
        mine = [name for name in known.class_names() if _pack_of(known, name) == pack.name]
        there = [name for name in mine if name in here]
        # ComfyUI itself is not installed as a pack.
        what = "of ComfyUI's own node classes" if pack.name == "core" else f"node classes of {pack.name}"
        check = Check(name=f"pack {pack.name}", state=OK, text=f"has all {len(mine)} {what}")
        if not there:
            missing.append(pack.name)
            continue
        if len(there) < len(mine):
            text = f"has {len(there)} of {len(mine)} {what}; {_some(sorted(set(mine) - set(there)))} are not there"
            help_ = f"update {'ComfyUI' if pack.name == 'core' else pack.name}, or compile for what is there"
            check = replace(check, state=WARN, text=text, help=help_)
        yield check
    if missing:
        # Nobody has all of them, and most films use none: one line.
        text = f"does not have {len(missing)} of the catalog's {len(known.packs)} node packs: {', '.join(missing)}"
        help_ = "only films that use them need them; `reelc catalog list` says where they come from"
        yield Check(name="packs", state=WARN, text=text, help=help_)


def _schemas(known: Catalog, here: Catalog) -> Iterator[Check]:
    differ = [name for name in known.class_names() if name in here and not _same(known, here, name)]
    if differ:
        yield Check(
            name="schemas",
            state=WARN,
            text=f"{len(differ)} of the classes that both have differ from the catalog: {_some(differ)}",
            help="`reelc catalog pull` and `--catalog` compile for it",
        )
    else:
        yield Check(name="schemas", state=OK, text="no class differs from the catalog")
    more = sum(1 for name in here.class_names() if name not in known)
    yield Check(name="classes", state=OK, text=f"{len(here)} node classes, {more} of which the catalog lacks")


def _pack_of(catalog: Catalog, name: str) -> str:
    schema = catalog.get(name)
    return "" if schema is None else schema.pack


def _same(known: Catalog, here: Catalog, name: str) -> bool:
    """Whether a graph cannot tell a class of two catalogs apart."""
    mine, theirs = known.get(name), here.get(name)
    assert mine is not None
    assert theirs is not None
    return not diff_class(mine, theirs)


def _some(names: list[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(f"`{n}`" for n in names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


async def _upload(client: comfy.ComfyClient) -> list[Check]:
    """Put a small file into the input folder, and see that it is there."""
    content = b"reelc doctor --write was here; this file can be deleted.\n"
    with tempfile.TemporaryDirectory(prefix="reelc-doctor-") as folder:
        path = Path(folder) / UPLOAD
        path.write_bytes(content)
        await client.upload_image(path, UPLOAD)
    if await client.has_input(UPLOAD, len(content)):
        return [Check(name="upload", state=OK, text=f"takes uploads; {UPLOAD} stays in its input folder")]
    text, help_ = "took an upload, and does not have the file", "do all requests reach the same server?"
    return [Check(name="upload", state=FAIL, text=text, help=help_)]
