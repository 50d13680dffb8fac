"""Any lock is read back as it was written, and written the same again."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelc_compiler.facts import Facts
from reelc_compiler.lock import Lock, LockedCatalog, LockedInput, LockedModel, LockedPack, LockedStages, Settings
from reelc_compiler.locktext import read, write

# A file system's names and a command line's texts may be anything but halves of letters.
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
MAYBE = st.none() | TEXTS
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
SIZES = st.integers(0, 2**50)


def _model(folder: str, file: str, url: str | None, sha256: str | None, size: int | None, exact: bool) -> LockedModel:
    return LockedModel(
        folder=folder, file=file, url=url, sha256=sha256, bytes=size, exact=exact and size is not None, licence=url
    )


MODELS = st.builds(_model, TEXTS, TEXTS, MAYBE, st.none() | HASHES, st.none() | SIZES, st.booleans())
FACTS = st.builds(
    Facts,
    kind=st.sampled_from(["image", "clip", "audio"]),
    width=SIZES,
    height=SIZES,
    frames=SIZES,
    fps=st.none() | st.fractions(1, 240, max_denominator=1001),
    eyes=st.sampled_from(["mono", "sbs", "tb"]),
    projection=st.sampled_from(["flat", "equirect180"]),
    alpha=st.booleans(),
    seconds=st.none() | st.fractions(0, 50_000, max_denominator=192_000),
)
LOCKS = st.builds(
    Lock,
    programs=st.dictionaries(
        TEXTS,
        st.builds(Settings, pipeline=MAYBE, overrides=st.dictionaries(TEXTS, TEXTS, max_size=3)),
        max_size=3,
    ),
    catalog=st.builds(LockedCatalog, name=TEXTS, comfyui=TEXTS, sha256=HASHES),
    std=HASHES,
    packs=st.dictionaries(TEXTS, st.builds(LockedPack, repo=MAYBE, commit=MAYBE), max_size=3),
    stages=st.dictionaries(TEXTS, st.builds(LockedStages, package=TEXTS, version=TEXTS, sha256=HASHES), max_size=2),
    models=st.lists(MODELS, max_size=4).map(lambda found: {(m.folder, m.file): m for m in found}),
    inputs=st.dictionaries(TEXTS, st.builds(LockedInput, sha256=HASHES, bytes=SIZES, facts=FACTS), max_size=3),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LOCKS)
def test_a_lock_says_the_same_after_reading_and_writing(lock: Lock) -> None:
    text = write(lock)
    assert read(text) == lock
    assert write(read(text)) == text
