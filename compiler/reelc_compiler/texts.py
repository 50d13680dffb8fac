"""Texts in files: which can stand in one at all, and how TOML writes them."""

import json
import re

# Half of a character: JSON can escape one, and one stands for each byte of a command line or a file's name that is no
# UTF-8.
_HALF = re.compile(r"[\ud800-\udfff]")


def is_unicode(text: str) -> bool:
    """Whether a text is made of whole characters, so that UTF-8 can hold it."""
    return _HALF.search(text) is None


def toml_text(text: str) -> str:
    """A basic string of TOML: JSON's escapes are TOML's, and TOML wants one more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(name: str) -> str:
    """A key of TOML, bare where it can be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_text(name)
