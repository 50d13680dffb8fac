"""One TLS context for HTTP and WebSocket: made once, and only when an address is https."""

import ssl
from functools import cache

import httpx


@cache
def context() -> ssl.SSLContext:
    """Certificates as httpx has them, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` included."""
    return httpx.create_ssl_context(trust_env=True)
