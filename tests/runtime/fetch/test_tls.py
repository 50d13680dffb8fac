"""Downloads over TLS, with a certificate that is trusted and one that is not."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import model_host
import pytest
from model_host import Host, dropped, status

from reelc_runtime.comfy import tls
from reelc_runtime.comfy.clock import SystemClock
from reelc_runtime.fetch import FetchFault, FetchRequest, Outcome, Want, fetch
from reelc_runtime.fetch.wants import safe_url

CONTENT = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    key, file = folder / "key.pem", folder / "cert.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*made, "-addext", names, "-keyout", str(key), "-out", str(file)], check=True, capture_output=True)
    (folder / "both.pem").write_bytes(key.read_bytes() + file.read_bytes())
    return file


@pytest.fixture
def host(certificate: Path) -> Iterator[Host]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.with_name("both.pem"))
    tls.context.cache_clear()
    with model_host.running(context) as found:
        yield found
    tls.context.cache_clear()


async def fetched(root: Path, want: Want, tokens: dict[str, str] | None = None) -> Outcome:
    request = FetchRequest(
        wants=(want,), root=root, jobs=1, tokens=tokens or {}, clock=SystemClock(), report=lambda event: None
    )
    (outcome,) = await asyncio.wait_for(fetch(request), 30)
    return outcome


async def test_a_trusted_host(tmp_path: Path, host: Host, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    host.put("/a.bin", b"").always = status(302, Location=host.url("/real.bin", "127.0.0.1"))
    file = host.put("/real.bin", CONTENT, status(503), dropped(100_000))
    want = Want(folder="vae", file="a.bin", url=host.url("/a.bin", "localhost"), sha256=file.sha256)
    outcome = await fetched(tmp_path, want, {"localhost": "secret-token"})
    assert outcome.fetched
    sent = {asked.path: asked.headers.get("authorization") for asked in host.asked}
    assert sent == {"/a.bin": "Bearer secret-token", "/real.bin": None}
    assert [a.start for a in host.asked if a.path == "/real.bin"] == [None, None, 100_000]


async def test_a_host_that_is_not_trusted(tmp_path: Path, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    host.put("/a.bin", CONTENT)
    outcome = await fetched(tmp_path, Want(folder="vae", file="a.bin", url=host.url("/a.bin")))
    assert outcome.fault is not None
    assert outcome.fault.code.code == "E0608"
    assert "certificate" in outcome.fault.message
    assert host.asked == []


@pytest.mark.parametrize(
    ("url", "start", "fine"),
    [
        ("https://huggingface.co/a", None, True),
        ("http://huggingface.co/a", None, False),
        ("http://localhost:1/a", None, True),
        ("http://[::1]/a", None, True),
        ("http://127.0.0.2/a", None, True),
        ("http://127.0.0.1.example.com/a", None, False),
        ("https://cdn.example.com/a", "https://huggingface.co/a", True),
        ("http://cdn.example.com/a", "https://huggingface.co/a", False),
        # A host out there has no business with servers in here.
        ("http://127.0.0.1/a", "https://huggingface.co/a", False),
        ("HTTPS://HuggingFace.co/a", None, True),
        ("https:///a", None, False),
        ("https://huggingface.co:port/a", None, False),
    ],
)
def test_addresses(url: str, start: str | None, fine: bool) -> None:
    before = urlsplit(start) if start is not None else None
    if fine:
        assert safe_url(url, "vae/a", before).hostname
    else:
        with pytest.raises(FetchFault) as caught:
            safe_url(url, "vae/a", before)
        assert caught.value.diagnostic.code.code == "E0612"
