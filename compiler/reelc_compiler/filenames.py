"""Names that become names of files, on any system, whichever compiled the plan."""

from unicodedata import normalize

# File systems take 255 bytes or UTF-16 units; the longest name that is made of one has a number, a stage's or a
# medium's name, and several endings.
MOST_BYTES = 100
# What Windows keeps for devices, whatever ending follows.
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in "0123456789¹²³")})


def folded(name: str) -> str:
    """What file systems that take capitals and accents for the same go by."""
    return normalize("NFC", normalize("NFC", name).casefold())


def is_device(name: str) -> bool:
    """Whether Windows takes a file's name, with any ending or none, for a device."""
    return folded(name).partition(".")[0].rstrip(" ") in DEVICES


def is_short(name: str) -> bool:
    """Whether a file can be written under a name everywhere, with what comes before and after it."""
    return len(name.encode()) <= MOST_BYTES
