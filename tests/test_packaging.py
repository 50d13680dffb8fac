"""What a wheel carries: the data that the code looks for in its own package."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from reelc_compiler.catalog import catalog_names
from reelc_compiler.loader import std_names
from reelc_dsl.diagnostics.codes import CODES

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=100)
    (built,) = folder.glob("*.whl")
    return built


def test_data_is_in_the_wheel(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    wanted = {f"reelc/data/diagnostics/{code}.md" for code in CODES}
    wanted |= {f"reelc_dsl/std/{name}.reel" for name in (*std_names(), "prelude")}
    wanted |= {f"reelc_compiler/data/catalogs/{name}.catalog" for name in catalog_names()}
    wanted |= {f"reelc/data/templates/{name}" for name in ("still/main.reel", "shots/main.reel", "gitignore")}
    wanted |= {f"reelc_compiler/data/{name}.json" for name in ("models", "fonts")}
    assert not wanted - names


def test_commands_work_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    ZipFile(wheel).extractall(tmp_path / "site")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); from reelc.cli.app import main; main()"
    for args, part in ((["explain", "E0301"], "# E0301: kind-mismatch"), (["new", "harbor"], "harbor/.gitignore")):
        done = subprocess.run(
            [sys.executable, "-c", code, *args], capture_output=True, text=True, cwd=tmp_path, check=False
        )
        assert done.returncode == 0, done.stderr
        assert part in done.stdout
    where = subprocess.run(
        [sys.executable, "-c", code.replace("from reelc.cli.app import main; main()", "import reelc; print(reelc)")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert str(tmp_path / "site") in where.stdout
