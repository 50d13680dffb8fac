"""What `reelc check` imports when nothing is wrong: each of these costs as much as a part of its work."""

import json
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples" / "harbor.reel"
HEAVY = {
    *("lark", "jinja2", "networkx", "jsonschema", "httpx", "websockets", "anyio", "asyncio"),
    *("importlib.resources", "importlib.metadata", "urllib.request", "ssl", "email", "xml", "zipfile", "pickle"),
    *("tempfile", "shutil", "logging", "tomllib", "difflib", "textwrap", "subprocess"),
    *("reelc.rendering", "reelc_runtime", "reelc_compiler.plan", "reelc_compiler.jobs", "reelc_compiler.lower"),
    *("reelc.packages", "reelc_compiler.stages"),
    *("reelc_dsl.printer", "reelc_compiler.importing", "reelc_compiler.target.comfyui.validate"),
}


def test_a_check_imports_nothing_heavy() -> None:
    # Without `site`: what an environment adds to every Python is not reelc's.
    program = (
        "import json, sys\n"
        f"sys.path[:] = {[path for path in sys.path if path]!r}\n"
        "before = set(sys.modules)\n"
        "from reelc.cli.app import app\n"
        f"app.main(['check', {str(EXAMPLE)!r}], standalone_mode=False)\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout))
    assert "reelc_compiler.elaborate" in imported
    assert not imported & HEAVY


def test_the_standard_library_is_not_parsed() -> None:
    program = (
        "import sys\n"
        f"sys.path[:] = {[path for path in sys.path if path]!r}\n"
        "from reelc_dsl import lalr\n"
        "parse, seen = lalr.parse, []\n"
        "lalr.parse = lambda text, start: seen.append(text) or parse(text, start)\n"
        "from reelc.cli.app import app\n"
        f"app.main(['check', {str(EXAMPLE)!r}], standalone_mode=False)\n"
        f"assert seen == [open({str(EXAMPLE)!r}, encoding='utf-8').read()], len(seen)\n"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)
