"""Takes and variants: seeds chosen by a shot's name, several settings in one plan, contact sheets."""

import json
from pathlib import Path

import av
import pytest
from command import call
from hypothesis import given
from hypothesis import strategies as st
from recordings import write_film, write_recordings

import reelc
from reelc.takes import read_takes, takes_file, write_takes
from reelc_compiler.plan import PlanError
from reelc_dsl.diagnostics import ReelError
from reelc_runtime.run.faults import RunFault
from reelc_runtime.run.manifest import manifest
from reelc_runtime.run.until import goal_of

FILM = """
use std.svd
record Shot { name: text, still: image }
pipeline film {
  param seed: seed = 1
  param mood: text = "fog"
  param pace: float = 1
  param photo: image = "photo.png"
  let m = svd.load()
  let shots: list[Shot] = [{ name: "pier", still: photo }, { name: "boats", still: photo }]
  let clips = for s in shots {
    s.still |> fit(256x256) |> svd.animate(using: m, seed: derive(seed, s.name), frames: 3)
  }
  output film = sequence(clips) |> video()
}
"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "photo.png").write_bytes((Path(__file__).parents[2] / "examples" / "rocket.jpg").read_bytes())
    path = tmp_path / "film.reel"
    path.write_text(FILM, "utf-8")
    return path


def seeds(film: Path, **settings: str) -> list[int]:
    plan = reelc.compile(film, overrides=settings).plan
    return [node["inputs"]["seed"] for job in plan.jobs for node in job.graph.values() if "seed" in node["inputs"]]


def test_a_take_changes_its_own_shot_only(film: Path) -> None:
    pier, boats = seeds(film)
    keys = {job.keys["render"] for job in reelc.compile(film).plan.jobs}
    call("take", film, "pier=7")
    assert takes_file(film).name == "film.takes.toml"
    assert seeds(film) == [7, boats]
    kept = {job.keys["render"] for job in reelc.compile(film).plan.jobs} & keys
    assert len(kept) == len(keys) - 2
    assert json.loads(call("take", film, "--json").out)["takes"] == {"pier": 7}
    call("take", film, "--forget", "pier")
    assert not takes_file(film).exists()
    assert seeds(film) == [pier, boats]


def test_a_take_that_nothing_asks_for_is_said(film: Path) -> None:
    call("take", film, "peir=7")
    found = next(d for d in reelc.check(film) if d.code.code == "W0403")
    assert (found.code.code, found.help) == ("W0403", ("did you mean `pier`?",))


@pytest.mark.parametrize("text", ["pier", "=3", "pier=", "pier=-1", "pier=x", f"pier={2**50}"])
def test_a_take_is_a_name_and_a_seed(text: str, film: Path) -> None:
    assert "is not NAME=SEED" in call("take", film, text, code=2).err
    assert not takes_file(film).exists()


@pytest.mark.parametrize(
    ("name", "text", "place", "help_"),
    [
        ("derive.nope", "1", "1", "seeds are derived from `boats`, `pier`"),
        ("derive.peir", "1..2", "1..2", "did you mean `pier`?"),
        ("@", "seeds.csv", "seeds.csv", "seeds are derived from `boats`, `pier`"),
    ],
)
def test_a_take_of_the_command_line_is_said_there(name: str, text: str, place: str, help_: str, film: Path) -> None:
    (film.parent / "seeds.csv").write_text("name,derive.nope\na,5\n", "utf-8")
    if name == "@":
        text = place = str(film.parent / text)
    found = next(d for d in reelc.check(film, overrides={name: text}) if d.code.code == "W0403")
    assert found.span is not None
    assert (found.span.source.name, found.span.text) == (f"--set {name}", place)
    assert found.help == (help_,)


@pytest.mark.parametrize("args", [("a=1",), (), ("--forget", "a"), ("--json",)])
def test_takes_are_those_of_a_program(args: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "nofile.reel"
    assert "E0101" in call("take", file, *args, code=1).err
    assert not list(tmp_path.iterdir())


def test_a_take_has_a_name_that_a_file_can_hold(film: Path) -> None:
    assert "the name in" in call("take", film, "\udcff=3", code=2).err
    assert not takes_file(film).exists()


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("mood", "\udcff", "E0301", "the value given to `mood` is not UTF-8"),
        ("seed", "\udcff", "E0301", "the value given to `seed` is not UTF-8"),
        ("photo", "\udcff.png", "E0601", "is not UTF-8"),
        ("derive.\udcff", "3", "E0212", "no seed is derived from a name that is not UTF-8"),
        ("derive.\udcff", "1..2", "E0212", "no seed is derived from a name that is not UTF-8"),
        ("\udcff", "3", "E0212", "has no parameter"),
    ],
)
def test_settings_that_are_not_utf8_are_refused(name: str, text: str, code: str, words: str, film: Path) -> None:
    (found,) = [d for d in reelc.check(film, overrides={name: text}) if d.is_error]
    assert found.code.code == code
    assert words in found.message


def test_only_a_chosen_take_can_be_forgotten(film: Path) -> None:
    assert "no take of `pier` was chosen" in call("take", film, "--forget", "pier", code=2).err


@pytest.mark.parametrize(
    "text",
    [
        "[takes",
        "takes = 3",
        "[takes]\npier = -1",
        '[takes]\npier = "7"',
        "[takes]\npier = true",
        "[other]\na = 1",
        "\0",
    ],
)
def test_a_file_that_holds_something_else_is_refused(text: str, film: Path) -> None:
    takes_file(film).write_text(text, "utf-8")
    with pytest.raises(ReelError) as caught:
        reelc.compile(film)
    assert [d.code.code for d in caught.value.diagnostics] == ["E0616"]
    assert [d.code.code for d in reelc.check(film)] == ["E0616"]


@given(takes=st.dictionaries(st.text(min_size=1, max_size=12), st.integers(0, 2**50 - 1), max_size=4))
def test_any_name_comes_back(takes: dict[str, int], tmp_path_factory: pytest.TempPathFactory) -> None:
    program = tmp_path_factory.getbasetemp() / "any.reel"
    takes = {name: seed for name, seed in takes.items() if not any("\ud800" <= c <= "\udfff" for c in name)}
    write_takes(program, takes)
    assert read_takes(program) == takes


# -- variants ---------------------------------------------------------------------------------


def test_variants_share_what_they_can(film: Path) -> None:
    plan = reelc.compile(film, overrides={"derive.pier": "1..3"}).plan
    assert [o.name for o in plan.outputs] == ["film-pier-1", "film-pier-2", "film-pier-3"]
    made = [a.names for job in plan.jobs for a in job.artifacts_out if a.container == "png"]
    assert sum("clips.boats" in names for names in made) == 1
    assert sum("clips.pier" in names for names in made) == 3


def test_ranges_are_crossed_and_rows_are_not(film: Path) -> None:
    (film.parent / "takes.csv").write_text("name,seed,mood\ncalm,3,sun\nwild,4,storm\n", "utf-8")
    plan = reelc.compile(film, overrides={"@": str(film.parent / "takes.csv"), "derive.pier": "8..9"}).plan
    names = ["film-calm-pier-8", "film-calm-pier-9", "film-wild-pier-8", "film-wild-pier-9"]
    assert [o.name for o in plan.outputs] == names
    assert plan.params["seed"] == [3, 3, 4, 4]
    files = {name: json.loads(text) for name, text in plan.to_files().items()}
    assert type(plan).from_files(files) == plan


def test_each_film_says_what_its_own_variant_is_made_with(film: Path) -> None:
    (film.parent / "takes.csv").write_text("name,seed\ncalm,3\nwild,4\n", "utf-8")
    plan = reelc.compile(film, overrides={"@": str(film.parent / "takes.csv"), "derive.pier": "8..9"}).plan
    files = {name: json.loads(text) for name, text in plan.to_files().items()}
    assert type(plan).from_files(files) == plan
    told = {o.name: manifest(plan, o, "render", file=o.file, size=1, digest="") for o in plan.outputs}
    made = {name: (m["variant"], m["params"]["seed"], m["takes"]) for name, m in told.items()}
    assert made == {
        "film-calm-pier-8": ("calm-pier-8", 3, {"pier": 8}),
        "film-calm-pier-9": ("calm-pier-9", 3, {"pier": 9}),
        "film-wild-pier-8": ("wild-pier-8", 4, {"pier": 8}),
        "film-wild-pier-9": ("wild-pier-9", 4, {"pier": 9}),
    }
    files["plan.json"]["assembly"][0]["variant"] = "other"
    with pytest.raises(PlanError, match="of what is not there"):
        type(plan).from_files(files)


def test_a_plan_without_variants_says_which_takes_were_chosen(film: Path) -> None:
    assert not {"takes", "variants"} & reelc.compile(film).plan.to_json().keys()
    call("take", film, "pier=7", "peir=8")
    plan = reelc.compile(film).plan
    assert plan.to_json()["takes"] == {"pier": 7}
    told = manifest(plan, plan.outputs[0], "render", file="film.mp4", size=1, digest="")
    assert (told["variant"], told["params"]["seed"], told["takes"]) == (None, 1, {"pier": 7})


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"seed": "5..2"}, "E0402", "this range is empty"),
        ({"seed": "1..1001"}, "E0402", "these are 1001 variants, and at most 1000 are made"),
        ({"@": "nothing.csv"}, "E0601", "there is no file `nothing.csv`"),
        ({"derive.pier": "x"}, "E0404", "a seed is a whole number"),
        ({"mood": "1..3", "sed": "1..2"}, "E0212", "has no parameter `sed`"),
        ({"pace": "1..2"}, "E0301", "a range goes from one whole number to another, and `pace` is a float"),
        ({"pace": "0.5 .. 2"}, "E0301", "a range goes from one whole number to another, and `pace` is a float"),
        ({"seed": "-1..2"}, "E0301", "a range goes from one whole number to another, from 0 on, and this is `-1..2`"),
    ],
)
def test_settings_that_make_no_variants(settings: dict[str, str], code: str, words: str, film: Path) -> None:
    found = [d for d in reelc.check(film, overrides=settings) if d.is_error]
    assert [d.code.code for d in found] == [code]
    assert words in found[0].message


def test_two_rows_of_one_name_are_refused(film: Path) -> None:
    (film.parent / "takes.toml").write_text('[[take]]\nname = "a"\nseed = 1\n[[take]]\nname = "a"\nseed = 2\n', "utf-8")
    (found,) = reelc.check(film, overrides={"@": str(film.parent / "takes.toml")})
    assert (found.code.code, found.message) == ("E0615", "two variants are called `a`")


@pytest.mark.parametrize("name", ["seed", "derive.pier"])
@pytest.mark.parametrize("text", ["7", "1..2"])
def test_what_a_column_sets_is_not_set_beside_it(name: str, text: str, film: Path) -> None:
    (film.parent / "takes.csv").write_text(f"name,mood,{name}\na,sun,3\nb,rain,\n", "utf-8")
    table = str(film.parent / "takes.csv")
    (found,) = reelc.check(film, overrides={"@": table, name: text})
    assert (found.code.code, found.help) == ("E0615", ("leave one of them out",))
    assert found.message == f"`{name}` is set twice: here, and in a column of `{table}`"
    assert found.span is not None
    assert (found.span.source.name, found.span.text) == (f"--set {name}", text)
    # What no row sets is set for all.
    (film.parent / "takes.csv").write_text(f"name,mood,{name}\na,sun,\nb,rain,\n", "utf-8")
    assert not [d for d in reelc.check(film, overrides={"@": table, name: "7"}) if d.is_error]


def test_variants_that_differ_in_capitals_only_are_refused(film: Path) -> None:
    (film.parent / "takes.csv").write_text("name,seed\nfog,1\nFog,2\n", "utf-8")
    (found,) = reelc.check(film, overrides={"@": str(film.parent / "takes.csv")})
    assert (found.code.code, found.message) == ("E0615", "`Fog` and `fog` are one file on some systems")


def test_a_look_never_has_a_name_that_a_film_or_another_look_has(film: Path) -> None:
    shots = [
        "pier",
        "film",
        "Film-night",
        "Con",
        "com¹",
        "a/b",
        "A/B",
        "x" * 101,
        "grün",
    ]
    program = FILM.replace(
        '[{ name: "pier", still: photo }, { name: "boats", still: photo }]',
        "[" + ", ".join(f'{{ name: "{name}", still: photo }}' for name in shots) + "]",
    )
    film.write_text(program, "utf-8")
    plan = reelc.compile(film).plan
    named = [name for name in goal_of(plan, "clips").looks if "animate" not in name]
    assert named == ["pier", "grün"]
    assert len(goal_of(plan, "clips").looks) == len(shots)
    # What a look is called does not hang on what else is looked at.
    assert [list(goal_of(plan, name).looks) for name in ("pier", "b")] == [["pier"], ["11-animate"]]


def test_looks_at_variants_are_called_after_what_makes_them_others(film: Path) -> None:
    plan = reelc.compile(film, overrides={"derive.pier": "1..3"}).plan
    assert list(goal_of(plan, "pier").looks) == ["pier-1", "pier-2", "pier-3"]
    film.write_text(FILM.replace("output film", "output pier"), "utf-8")
    plan = reelc.compile(film, overrides={"derive.pier": "1..3"}).plan
    assert not any("pier" in name for name in goal_of(plan, "clips").looks)


JOINED = """
use std.svd
stage %s(source: image, using: svd.SvdModel) -> clip {
  preview move
  return source |> svd.animate(using: using, seed: 1, frames: 6)
}
pipeline film {
  let m = svd.load()
  let start = "photo.png" |> fit(256x256)
  let first = start |> %s(using: m)
  let parts = chain prev from start times 2 { prev |> svd.animate(using: m, seed: 2, frames: 6) }
  output film = sequence([first, parts[0], parts[1]], crossfade: 2) |> video()
}
"""


def test_what_the_language_itself_hands_over_is_nothing_to_look_at(film: Path) -> None:
    film.write_text(JOINED % ("made", "made"), "utf-8")
    plan = reelc.compile(film).plan
    taken = {a.id: a.facts.kind for job in plan.jobs for a in job.artifacts_out if not a.names}
    assert set(taken.values()) == {"clip", "image"}
    assert all(a.counted == (taken.get(a.id) == "clip") for job in plan.jobs for a in job.artifacts_out)
    for name in ("end", "last", *taken, "nope"):
        with pytest.raises(RunFault) as caught:
            goal_of(plan, name)
        (found,) = caught.value.diagnostics
        assert (found.code.code, found.help[-1]) == (
            "E0724",
            "here that is `first`, `made`, `parts`, `animate`, `film`",
        )


@pytest.mark.parametrize("name", ["end", "last"])
def test_a_stage_of_such_a_name_is_the_users_own(name: str, film: Path) -> None:
    film.write_text(JOINED % (name, name), "utf-8")
    plan = reelc.compile(film).plan
    (look,) = goal_of(plan, name).looks.values()
    assert look.names == ("first", name)
    assert not look.counted


@pytest.mark.media
def test_takes_are_shown_by_their_names(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call("preview", film, "--set", "derive.pier=1..2", "--only", "pier", "--out", out, "--quiet")
    assert sorted(p.name for p in out.glob("*.mp4")) == ["pier-1.preview.mp4", "pier-2.preview.mp4"]
    done = call("sheet", *sorted(out.glob("*.mp4")), "-o", tmp_path / "sheet.jpg", "--frames", "2", "--width", "64")
    assert "2 films" in done.out
    with av.open(str(tmp_path / "sheet.jpg")) as sheet:
        picture = next(sheet.decode(video=0)).to_ndarray(format="rgb24")
    # Two frames of 64 pixels, three gaps; a name and a frame for each of two films, three gaps.
    assert picture.shape == (2 * (24 + 64) + 3 * 8, 2 * 64 + 3 * 8, 3)


@pytest.mark.media
def test_a_sheet_is_what_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(tmp_path / "walk.mp4")
    for name, head in (("a.png", b"\x89PNG"), ("b.jpg", b"\xff\xd8\xff"), ("c.JPEG", b"\xff\xd8\xff")):
        call("sheet", tmp_path / "walk.mp4", "-o", tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(head)
    for name in ("a.webp", "a", "a.mp4"):
        said = call("sheet", tmp_path / "walk.mp4", "-o", tmp_path / name, code=2).err
        assert "end it in .jpg, .jpeg, .png" in said
    # A sheet of so many films takes gigabytes.
    monkeypatch.setattr("reelc_runtime.media.sheet.MOST_JPEG", 100)
    assert (
        "and a JPEG has at most 100 a side"
        in call("sheet", tmp_path / "walk.mp4", "-o", tmp_path / "d.jpg", code=3).err
    )
    assert not (tmp_path / "d.jpg").exists()


@pytest.mark.media
def test_a_sheet_is_of_films(tmp_path: Path) -> None:
    write_recordings(tmp_path)
    for name in ("notes.mp4", "song.wav"):
        assert "E0613" in call("sheet", tmp_path / name, "-o", tmp_path / "sheet.jpg", code=1).err
    assert not (tmp_path / "sheet.jpg").exists()
    call("sheet", tmp_path / "walk.mp4", "-o", tmp_path / "no" / "way" / "sheet.jpg")
    assert (tmp_path / "no" / "way" / "sheet.jpg").exists()
