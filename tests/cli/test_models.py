"""``reelc models``: what is listed, what is pinned, that programs hold to it, and what is downloaded."""

import json
import shutil
import signal
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import model_host
import pytest
from command import START, call
from model_host import Host, dropped, silent, status

import reelc
from reelc.cli.models.progress import Bars, Lines, sentence
from reelc.models import NeededModel, page_of, warnings
from reelc_compiler.facts import Facts
from reelc_compiler.lock import Lock, LockedCatalog, LockedInput, LockedModel, LockedPack, Settings
from reelc_compiler.locktext import BadLock, read, write
from reelc_runtime.fetch import events

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def project(tmp_path: Path, examples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples, in which the user stands."""
    for name in ("harbor.reel", "storm_cogvideox.reel", "two_shots.reel", "dandelion.jpg", "rocket.jpg"):
        shutil.copy(examples / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for name in ("HF_TOKEN", "CIVITAI_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def host() -> Iterator[Host]:
    with model_host.running() as found:
        yield found


def edited(project: Path, change: Any) -> None:
    """Change the lock as its reader and writer see it."""
    path = project / "reel.lock"
    path.write_text(write(change(read(path.read_text("utf-8")))), "utf-8")


def serve(project: Path, host: Host, *, known: bool = True) -> dict[str, model_host.File]:
    """Have all files of the lock at the host, and the lock say so."""
    files: dict[str, model_host.File] = {}

    def change(lock: Lock) -> Lock:
        models: dict[tuple[str, str], LockedModel] = {}
        for key in lock.models:
            path = "/" + "/".join(key)
            files[path] = host.put(path, CONTENT + path.encode())
            models[key] = LockedModel(
                folder=key[0],
                file=key[1],
                url=host.url(path),
                sha256=files[path].sha256 if known else None,
                licence="MIT",
                commercial="yes",
            )
        return Lock(
            programs=lock.programs,
            catalog=lock.catalog,
            std=lock.std,
            packs=lock.packs,
            models=models,
            inputs=lock.inputs,
        )

    call("models", "lock", "harbor.reel")
    edited(project, change)
    return files


# -- ls --------------------------------------------------------------------------------------


def test_ls_lists_files_with_what_their_licences_allow(project: Path) -> None:
    done = call("models", "ls", "harbor.reel")
    assert "models/checkpoints/svd_xt_1_1.safetensors" in done.out
    assert "about 4.78 GB" in done.out
    assert "harbor.reel:11 svd.load" in done.out
    assert "67.04 MB" in done.out
    assert "3 files for ComfyUI 0.33.0, about 4.85 GB, and 1 file of unknown size" in done.out
    assert "! commercial use is limited (Stability AI Community License)" in done.out
    assert "https://huggingface.co/stabilityai/stable-video-diffusion-img2vid-xt-1-1" in done.out


def test_ls_as_json(project: Path) -> None:
    value = call("models", "ls", "harbor.reel", "--json").json
    assert value["ok"]
    svd = next(m for m in value["models"] if m["file"] == "svd_xt_1_1.safetensors")
    assert (svd["folder"], svd["exact"], svd["commercial"], svd["gated"]) == ("checkpoints", False, "limited", True)
    assert svd["uses"] == [{"file": "harbor.reel", "line": 11, "stage": "svd.load"}]
    assert value["total"] == {"count": 3, "bytes": 4847040989, "exact": False, "unknown": 1}
    assert [m["folder"] for m in value["models"]] == sorted(m["folder"] for m in value["models"])


def test_ls_names_what_packs_download_by_themselves(project: Path) -> None:
    value = call("models", "ls", "storm_cogvideox.reel", "--json").json
    own = [m for m in value["models"] if m["by_pack"]]
    assert {m["folder"].split("/")[1] for m in own} == {"CogVideo"}
    assert all(m["uses"] for m in own)
    assert any("bigmodel.cn" in w["message"] for w in value["warnings"])


def test_ls_takes_parameters_and_finds_faults(project: Path) -> None:
    assert call("models", "ls", "harbor.reel", "--set", "photo=rocket.jpg", "--json").json["ok"]
    found = call("models", "ls", "harbor.reel", "--set", "nothing=1", "--json", code=1).json
    assert found["diagnostics"][0]["code"] == "E0212"
    (project / "stages.reel").write_text("reel 1\n\nstage s(a: image) -> image {\n  return a\n}\n")
    assert "E0109" in call("models", "ls", "stages.reel", code=1).err
    assert "E0506" in call("models", "ls", "harbor.reel", "--catalog", "nothing", code=1).err


def test_a_program_may_need_none(project: Path) -> None:
    (project / "none.reel").write_text(
        'reel 1\n\npipeline none {\n  param photo: image = "dandelion.jpg"\n'
        "  output film = clip(node RepeatImageBatch(image: photo, amount: 8), frames: 8, fps: 8fps, size: photo.size)"
        "\n    |> video()\n}\n"
    )
    assert "needs no model files" in call("models", "ls", "none.reel").err
    assert call("models", "ls", "none.reel", "--json").json["models"] == []


def test_licences_are_said_plainly() -> None:
    said = dict(
        warnings(
            [
                NeededModel(folder="vae", file="a", licence="L", commercial="no"),
                NeededModel(
                    folder="vae", file="b", licence="L", commercial="yes", excludes=("European Union", "Japan")
                ),
                NeededModel(folder="vae", file="c"),
                NeededModel(folder="vae", file="d", licence="L", commercial="limited", note="ask first"),
                NeededModel(folder="vae", file="e", licence="L", commercial="yes"),
            ]
        )
    )
    assert said == {
        "not for commercial use (L)": ("a",),
        "the L does not apply in the European Union and Japan: it gives no right to use the file there": ("b",),
        "the licence is unknown to reelc: read it where the file comes from": ("c",),
        "commercial use is limited (L): ask first": ("d",),
    }


def test_the_page_of_an_address() -> None:
    assert page_of("https://huggingface.co/a/b/resolve/main/x.bin") == "https://huggingface.co/a/b"
    assert page_of("https://example.com/a/b") is None
    assert page_of(None) is None


# -- lock ------------------------------------------------------------------------------------


def test_a_lock_is_the_same_for_the_same_program(project: Path) -> None:
    call("models", "lock", "harbor.reel")
    first = (project / "reel.lock").read_bytes()
    done = call("models", "lock", "harbor.reel")
    assert "up to date" in done.out
    assert (project / "reel.lock").read_bytes() == first
    value = tomllib.loads(first.decode())
    assert value["catalog"]["name"] == "comfyui-0.33.0"
    assert {m["file"]: m.get("rounded", False) for m in value["models"]} == {
        "svd_xt_1_1.safetensors": True,
        "rife_v4.26.safetensors": False,
        "RealESRGAN_x4plus.pth": False,
    }
    assert value["inputs"]["dandelion.jpg"]["width"] == 1600
    assert str(project) not in first.decode()


def test_check_says_whether_the_lock_would_change(project: Path) -> None:
    assert "missing" in call("models", "lock", "--check", "harbor.reel", code=1).err
    assert not (project / "reel.lock").exists()
    call("models", "lock", "harbor.reel")
    call("models", "lock", "--check", "harbor.reel")
    shutil.copy("rocket.jpg", "dandelion.jpg")
    found = call("models", "lock", "--check", "harbor.reel", "--json", code=1).json["diagnostics"][0]
    assert (found["code"], found["notes"]) == ("E0607", ["the input dandelion.jpg is another"])


def test_one_lock_for_the_programs_of_a_folder(project: Path) -> None:
    call("models", "lock", "harbor.reel", "--set", "photo=rocket.jpg")
    value = call("models", "lock", "storm_cogvideox.reel", "--json").json
    assert value["changed"]
    lock = read((project / "reel.lock").read_text("utf-8"))
    assert set(lock.programs) == {"harbor.reel", "storm_cogvideox.reel"}
    # How it was compiled is remembered.
    assert lock.programs["harbor.reel"] == Settings(overrides={"photo": "rocket.jpg"})
    assert "rocket.jpg" in lock.inputs
    assert set(lock.packs) == {"ComfyUI-CogVideoXWrapper"}
    assert lock.packs["ComfyUI-CogVideoXWrapper"].commit
    (project / "harbor.reel").unlink()
    done = call("models", "lock", "storm_cogvideox.reel")
    assert "the program harbor.reel is gone" in done.out
    assert "the model checkpoints/svd_xt_1_1.safetensors is gone" in done.out


def test_what_is_pinned_by_hand_stays(project: Path) -> None:
    call("models", "lock", "harbor.reel")
    path = project / "reel.lock"
    known = "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1"
    text = path.read_text("utf-8").replace(known, "1" * 64).replace("https://github.com/", "https://mirror.example/")
    path.write_text(text, "utf-8")
    value = call("models", "lock", "harbor.reel", "--json").json
    assert path.read_text("utf-8") == text
    assert value["conflicts"] == [
        "upscale_models/RealESRGAN_x4plus.pth: the lock pins 111111111111, and reelc knows 4fa0d38905f7"
    ]
    assert value["unknown"] == ["frame_interpolation/rife_v4.26.safetensors"]
    assert "delete its `sha256`" in call("models", "lock", "harbor.reel").err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = ", "not TOML"),
        ("version = 2", "version is 2"),
        ("", "version is None"),
        ("version = 1", "`catalog` is missing"),
        ("version = 1\n[catalog]\nname = 3\n", "`catalog.name` is not a text"),
        ('version = 1\n[catalog]\nname = "a"\n', "`catalog.comfyui` is missing"),
        ('version = 1\n[catalog]\nname = "a"\ncomfyui = "1"\nsha256 = "a"', "no SHA-256"),
    ],
)
def test_a_broken_lock_is_an_error_with_a_way_out(project: Path, text: str, said: str) -> None:
    (project / "reel.lock").write_text(text)
    for command in (["check"], ["plan"], ["models", "ls"], ["models", "lock"]):
        done = call(*command, "harbor.reel", code=1)
        assert "E0605" in done.err
        assert said in done.err
        assert "reelc models lock harbor.reel" in done.err
    assert reelc.check("harbor.reel")[0].code.code == "E0605"


@pytest.mark.parametrize(
    "extra",
    [
        "models = 3",
        "models = [3]",
        '[[models]]\nfolder = "a"',
        '[[models]]\nfolder = "a"\nfile = "b"\nbytes = -1',
        '[[models]]\nfolder = "a"\nfile = "b"\nbytes = true',
        '[[models]]\nfolder = "a"\nfile = "b"\nsha256 = "A"',
        '[[models]]\nfolder = "a"\nfile = "b"\ncommercial = "perhaps"',
        "inputs = 3",
        "[inputs]\na = 3",
        f'[inputs.a]\nkind = "image"\nsha256 = "{"0" * 64}"',
        f'[inputs.a]\nkind = "clip"\nbytes = 1\nfps = "x"\nsha256 = "{"0" * 64}"',
        f'[inputs.a]\nkind = "clip"\nbytes = 1\nfps = "1/0"\nsha256 = "{"0" * 64}"',
        "[programs.a]\nset = { a = 3 }",
        "[packs.a]\nrepo = 3",
    ],
)
def test_a_lock_is_read_with_suspicion(extra: str) -> None:
    text = f'version = 1\n{extra if extra[0] not in "[" else ""}\n[catalog]\nname = "a"\ncomfyui = "1"\n'
    text += f'sha256 = "{"0" * 64}"\n[std]\nsha256 = "{"0" * 64}"\n{extra if extra[0] == "[" else ""}\n'
    with pytest.raises(BadLock):
        read(text)


def test_a_lock_says_the_same_after_reading_and_writing() -> None:
    odd = 'ä "quoted" \\ \n \t \x7f \x00 ☔'
    lock = Lock(
        programs={odd: Settings(pipeline=odd, overrides={odd: odd, "b": "a = 1"}), "b.reel": Settings()},
        catalog=LockedCatalog(name=odd, comfyui="0.33.0", sha256="0" * 64),
        std="1" * 64,
        packs={odd: LockedPack(repo=odd), "p": LockedPack()},
        models={
            (f, "x"): LockedModel(folder=f, file="x", bytes=size, exact=exact, commercial="no")
            for f, size, exact in (("a", 3, True), ("b", 3, False), ("c", None, False))
        },
        inputs={
            odd: LockedInput(sha256="2" * 64, bytes=0, facts=Facts(kind="image", width=3, height=4, frames=1)),
            "v": LockedInput(
                sha256="2" * 64,
                bytes=9,
                facts=Facts.from_json(
                    Facts(kind="clip", frames=3, eyes="sbs", alpha=True).to_json() | {"fps": "24000/1001"}
                ),
            ),
        },
    )
    text = write(lock)
    assert read(text) == lock
    assert write(read(text)) == text


# -- holding to it ---------------------------------------------------------------------------


def test_the_catalog_is_the_locks(project: Path) -> None:
    call("models", "lock", "harbor.reel", "--catalog", "comfyui-0.8.0")
    assert "catalog comfyui-0.8.0" in call("plan", "harbor.reel").out
    assert "catalog comfyui-0.33.0" in call("plan", "harbor.reel", "--catalog", "comfyui-0.33.0").out
    assert reelc.compile("harbor.reel").plan.catalog.name == "comfyui-0.8.0"


@pytest.mark.parametrize(("name", "said"), [("comfyui-0.33.0", "reelc's own is another one"), ("mine", "not here")])
def test_a_catalog_that_is_not_at_hand(project: Path, name: str, said: str) -> None:
    call("models", "lock", "harbor.reel")
    path = project / "reel.lock"
    text = path.read_text("utf-8").replace('name = "comfyui-0.33.0"', f'name = "{name}"')
    path.write_text(text.replace(tomllib.loads(text)["catalog"]["sha256"], "0" * 64), "utf-8")
    for command in (["check"], ["plan"], ["compile"], ["check", "--fix"], ["models", "lock"]):
        done = call(*command, "harbor.reel", code=1)
        assert "E0606" in done.err
        assert said in done.err
    # Another catalog is a way out, for once or for good.
    call("check", "harbor.reel", "--catalog", "comfyui-0.33.0")
    call("models", "lock", "harbor.reel", "--catalog", "comfyui-0.33.0")
    call("check", "harbor.reel")


def test_a_catalog_file_beside_the_program(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reelc_compiler.catalog import store

    bundled = Path(store.__file__).parent.parent / "data" / "catalogs" / "comfyui-0.8.0.catalog"
    (project / "catalogs").mkdir()
    shutil.copy(bundled, project / "catalogs" / "comfyui-0.8.0.catalog")
    call("models", "lock", "harbor.reel", "--catalog", "catalogs/comfyui-0.8.0.catalog")
    # Looked for beside the program, wherever the user stands.
    monkeypatch.chdir("/")
    call("check", project / "harbor.reel")


def test_a_models_hash_and_address_go_into_the_plan(project: Path) -> None:
    call("models", "lock", "harbor.reel")
    path = project / "reel.lock"
    text = path.read_text("utf-8").replace(
        'file = "rife_v4.26.safetensors"\nurl = "https://huggingface.co/',
        f'file = "rife_v4.26.safetensors"\nsha256 = "{"7" * 64}"\nurl = "https://mirror.example/',
    )
    path.write_text(text, "utf-8")
    plan = reelc.compile("harbor.reel").plan
    (rife,) = [m for job in plan.jobs for m in job.needs.models if m.file.startswith("rife")]
    assert rife.sha256 == "7" * 64
    assert rife.url is not None
    assert rife.url.startswith("https://mirror.example/")


def test_an_input_that_is_not_there(project: Path) -> None:
    before = call("plan", "harbor.reel", "--json").json
    call("models", "lock", "harbor.reel")
    (project / "dandelion.jpg").unlink()
    for command in (["check"], ["plan"], ["compile", "-o", "plan"]):
        done = call(*command, "harbor.reel")
        assert "N0605" in done.err
    assert call("plan", "harbor.reel", "--json").json == before
    call("models", "lock", "--check", "harbor.reel")
    # Rendering needs the file itself.
    assert "E0601" in call("preview", "harbor.reel", code=3).err
    # A file that the lock does not have is still missing.
    assert "E0601" in call("check", "harbor.reel", "--set", "photo=other.jpg", code=1).err


def test_an_input_that_is_another(project: Path) -> None:
    call("models", "lock", "harbor.reel")
    shutil.copy("rocket.jpg", "dandelion.jpg")
    done = call("check", "harbor.reel")
    assert "`dandelion.jpg` is not the file that reel.lock was made with" in done.err
    assert "W0606" in done.err
    assert "reelc models lock harbor.reel" in done.err
    call("models", "lock", "harbor.reel")
    assert "W0606" not in call("check", "harbor.reel").err


def test_another_library_and_files_that_are_not_in_the_lock(project: Path) -> None:
    call("models", "lock", "harbor.reel")
    path = project / "reel.lock"
    value = tomllib.loads(path.read_text("utf-8"))
    path.write_text(path.read_text("utf-8").replace(value["std"]["sha256"], "0" * 64), "utf-8")
    assert "W0605" in call("check", "harbor.reel").err
    done = call("plan", "storm_cogvideox.reel")
    assert "W0607" in done.err
    assert "text_encoders/t5xxl_fp8_e4m3fn.safetensors" in done.err
    done = call("models", "lock", "storm_cogvideox.reel")
    assert "W06" not in done.err
    assert "the standard library is another" in done.out
    assert "W06" not in call("plan", "storm_cogvideox.reel").err


# -- fetch -----------------------------------------------------------------------------------


def test_fetch_downloads_and_then_finds_all_there(project: Path, host: Host) -> None:
    files = serve(project, host)
    done = call("models", "fetch", "harbor.reel", "--to", "models")
    assert done.out == "3 fetched\n"
    assert "its SHA-256 is right" in done.err
    for path, file in files.items():
        assert (project / f"models{path}").read_bytes() == file.content
    asked = len(host.asked)
    assert call("models", "fetch", "harbor.reel", "--to", "models").out == "3 there already\n"
    assert len(host.asked) == asked


def test_fetch_records_what_was_not_known(project: Path, host: Host) -> None:
    files = serve(project, host, known=False)
    done = call("models", "fetch", "harbor.reel", "--to", "models")
    assert "recorded in reel.lock" in done.err
    lock = read((project / "reel.lock").read_text("utf-8"))
    for (folder, name), model in lock.models.items():
        file = files[f"/{folder}/{name}"]
        assert (model.sha256, model.bytes, model.exact) == (file.sha256, len(file.content), True)
    # From now on it counts: another file under that name is refused.
    shutil.rmtree("models")
    files["/upscale_models/RealESRGAN_x4plus.pth"].content += b"!"
    done = call("models", "fetch", "harbor.reel", "--to", "models", code=3)
    assert "E0610" in done.err
    assert done.out == "2 fetched, 1 failed\n"
    assert not (project / "models" / "upscale_models" / "RealESRGAN_x4plus.pth").exists()


def test_a_lock_that_is_written_later_has_what_was_fetched(project: Path, host: Host) -> None:
    files = serve(project, host, known=False)
    text = (project / "reel.lock").read_text("utf-8")
    call("models", "fetch", "harbor.reel", "--to", "models")
    (project / "reel.lock").write_text(text, "utf-8")
    done = call("models", "fetch", "harbor.reel", "--to", "models")
    assert done.out == "3 there already\n"
    assert "recorded in reel.lock" in done.err
    assert len(host.asked) == len(files)


def test_fetch_as_json(project: Path, host: Host) -> None:
    files = serve(project, host, known=False)
    files["/upscale_models/RealESRGAN_x4plus.pth"].always = status(404)
    files["/checkpoints/svd_xt_1_1.safetensors"].answers.append(dropped(1000))
    done = call("models", "fetch", "harbor.reel", "--to", "models", "--jobs", "1", "--json", code=3)
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [e["event"] for e in told if e["event"] != "file-progress"] == [
        "fetch-started",
        "file-started",
        "file-retried",
        "file-started",
        "file-fetched",
        "file-started",
        "file-fetched",
        "file-failed",
        "fetch-ended",
    ]
    assert told[-1]["failed"] == ["upscale_models/RealESRGAN_x4plus.pth"]
    assert told[-1]["pinned"] == told[-1]["fetched"]
    assert next(e for e in told if e["event"] == "file-failed")["code"] == "E0608"
    bad = call("models", "fetch", "nothing.reel", "--to", "models", "--json", code=1).json
    assert (bad["event"], bad["diagnostics"][0]["code"]) == ("failed", "E0101")


def test_a_gated_file_says_what_to_do(project: Path, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    import reelc.fetching

    files = serve(project, host)
    for file in files.values():
        file.always = status(401)
    monkeypatch.setattr(reelc.fetching, "VARIABLES", {"127.0.0.1": "HF_TOKEN"})
    done = call("models", "fetch", "harbor.reel", "--to", "models", code=3)
    assert "E0609" in done.err
    assert "environment variable HF_TOKEN" in done.err
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    done = call("models", "fetch", "harbor.reel", "--to", "models", code=3)
    assert host.asked[-1].headers["authorization"] == "Bearer hf_secret"
    assert "hf_secret" not in done.out + done.err


def test_an_interrupt_keeps_what_was_transferred(project: Path, host: Host) -> None:
    files = serve(project, host)
    path = "/checkpoints/svd_xt_1_1.safetensors"
    files[path].answers.append(silent(50_000))
    command = [*START, "models", "fetch", "harbor.reel", "--to", "models"]
    going = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    part = project / f"models{path}.part"
    for _ in range(600):
        # What has come lies in memory until there is enough of it, so it is waited for the request.
        if any(asked.path == path for asked in host.asked):
            break
        time.sleep(0.05)
    time.sleep(0.5)
    going.send_signal(signal.SIGINT)
    _, err = going.communicate(timeout=30)
    assert going.returncode == 130, err
    assert "the same command goes on" in err
    assert part.stat().st_size == 50_000
    assert call("models", "fetch", "harbor.reel", "--to", "models").out.endswith("1 fetched, 2 there already\n")
    assert host.asked[-1].start == 50_000


def test_without_a_lock_nothing_is_recorded_and_it_is_said(project: Path, host: Host) -> None:
    from reelc.fetching import download
    from reelc.models import compiled, needed

    file = host.put("/a.bin", CONTENT)
    model = NeededModel(folder="vae", file="a.bin", url=host.url("/a.bin"), uses=())
    (outcome,) = download([model], project / "models", report=lambda event: None)
    assert outcome.sha256 == file.sha256
    assert needed(compiled(Path("harbor.reel"), overrides={}))
    assert not (project / "reel.lock").exists()


# -- how it is shown -------------------------------------------------------------------------


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_lines_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Time()
    shown = Lines(clock)
    shown(events.FileStarted(file="vae/a", at=0, bytes=4_000_000))
    for second in range(1, 25):
        clock.now += 1
        shown(events.FileProgress(file="vae/a", done=100_000 * second, bytes=4_000_000))
    shown(events.FileFetched(file="vae/a", bytes=4_000_000, sha256="0" * 64, known=True))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "vae/a: 4 MB",
        "  vae/a  1 MB of 4 MB  25 %  100 KB/s  0:30 left",
        "  vae/a  2 MB of 4 MB  50 %  100 KB/s  0:20 left",
        "vae/a: done, 4 MB, its SHA-256 is right",
    ]


def test_a_line_for_each_file_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Time()
    shown = Bars(clock)
    for name in ("a", "b"):
        shown(events.FileStarted(file=name, at=0, bytes=None))
    clock.now += 1
    shown(events.FileProgress(file="a", done=1000, bytes=None))
    shown(events.FileFetched(file="a", bytes=1000, sha256="0" * 64, known=False))
    shown.close()
    err = capsys.readouterr().err
    assert "a  1 KB  1 KB/s\nb  0 bytes" in err
    assert err.endswith("\r\x1b[1A\x1b[J" + f"a: done, 1 KB, its SHA-256 is {'0' * 64}\n")


def test_every_event_has_words_or_none() -> None:
    assert sentence(events.FileProgress(file="a", done=1, bytes=2)) == ""
    assert "again in 0.5 s" in sentence(events.FileRetried(file="a", reason="x", wait=0.5))
    assert "from 1 KB on" in sentence(events.FileStarted(file="a", at=1000, bytes=2000))
    assert sentence(events.FileRead(file="a", bytes=10)) == ""
    assert "reading the 4 GB" in sentence(events.FileRead(file="a", bytes=4 * 10**9))
    assert "not verified" in sentence(events.FilePresent(file="a", checked="nothing"))
    assert sentence(events.FetchStarted(folder="m", files=(), bytes=0)) == ""
