"""The bundled catalog: its data, its loading, and what its schemas say."""

import importlib.util
import json
import os
import re
from pathlib import Path
from types import ModuleType

import pytest

from reelc_compiler.catalog import (
    Catalog,
    UnknownCatalog,
    catalog_names,
    load_catalog,
    lookup,
    socket_compatible,
    store,
)
from reelc_compiler.catalog.check import checked
from reelc_compiler.catalog.models import known_models
from reelc_compiler.catalog.write import content_sha256

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("REELC_SHARED", ROOT.parent / "shared"))
DATA = ROOT / "compiler" / "reelc_compiler" / "data" / "catalogs"


def maintainer_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_catalogs", ROOT / "tools" / "build_catalogs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_default_is_bundled_and_an_unknown_name_says_what_is():
    assert store.DEFAULT in catalog_names()
    for name in ("comfyui-9.9.9", "../models", "", "a\nb"):
        with pytest.raises(UnknownCatalog) as error:
            load_catalog(name)
        assert error.value.known == catalog_names()


BUNDLED = {"comfyui-0.8.0": 959, "comfyui-0.33.0": 1306}


@pytest.mark.parametrize("bundled", BUNDLED)
def test_every_class_decodes_and_names_are_sorted(bundled: str):
    catalog = load_catalog(bundled)
    names = catalog.class_names()
    assert list(names) == sorted(names)
    assert len(names) == len(set(names)) == len(catalog) == BUNDLED[bundled]
    for name in names:
        schema = catalog.get(name)
        assert schema is not None
        assert schema.class_type == name
        assert schema.pack in catalog.packs


@pytest.mark.parametrize("name", ["", "NoSuchNode", "KSampler\t{}", "\nKSampler", "KSampler\n", "\ud800", '{"comfyui"'])
def test_what_is_no_class_is_not_found(name: str):
    assert load_catalog().get(name) is None
    assert name not in load_catalog()


def test_loading_one_class_parses_one_line(monkeypatch: pytest.MonkeyPatch):
    catalog = Catalog((DATA / f"{store.DEFAULT}.catalog").read_bytes())
    parsed: list[bytes] = []
    loads = json.loads

    def counting(text: bytes) -> object:
        parsed.append(text)
        return loads(text)

    monkeypatch.setattr(store.json, "loads", counting)
    assert catalog.opaque_types() > {"MODEL", "VAE", "CONDITIONING", "IMAGE", "LATENT"}
    assert "KSampler" in catalog
    assert len(catalog.class_names()) > 900
    assert parsed == []
    assert catalog.get("KSampler") is catalog.get("KSampler")
    assert len(parsed) == 1


def test_sha256_covers_the_header_and_the_classes():
    text = (DATA / f"{store.DEFAULT}.catalog").read_bytes()
    head, _, body = text.partition(b"\n")
    header = json.loads(head)
    assert content_sha256(header, body) == header["sha256"] == load_catalog().sha256
    assert content_sha256({**header, "comfyui": "0"}, body) != header["sha256"]
    assert content_sha256(header, body.replace(b'"INT"', b'"FLOAT"', 1)) != header["sha256"]


@pytest.mark.parametrize("bundled", BUNDLED)
def test_the_files_are_what_the_script_makes_of_the_captures(bundled: str):
    captures = SHARED / "catalog" / bundled.removeprefix("comfyui-")
    if not captures.is_dir():
        pytest.skip("the captured schemas are not here (REELC_SHARED)")
    name, text = maintainer_script().build(captures)
    assert name == bundled
    assert text == (DATA / f"{name}.catalog").read_bytes()


def test_the_bundled_files_are_whole_and_these():
    assert set(catalog_names()) == set(BUNDLED)
    for name in BUNDLED:
        assert checked((DATA / f"{name}.catalog").read_bytes()).name == name


def test_size_stays_small():
    assert sum(f.stat().st_size for f in DATA.iterdir()) < 1_300_000


def test_paid_services_are_comfyuis_own_nodes():
    catalog = load_catalog()
    paid = [n for n in catalog.class_names() if (schema := catalog.get(n)) is not None and schema.api]
    assert len(paid) == 233
    schemas = [catalog.get(name) for name in paid]
    assert {schema.pack for schema in schemas if schema is not None} == {"core"}


@pytest.mark.parametrize("name", BUNDLED)
def test_every_pack_has_an_origin(name: str):
    for pack in load_catalog(name).packs.values():
        assert pack.repo is not None
        assert pack.commit is not None
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", pack.repo)
        assert re.fullmatch(r"[0-9a-f]{40}", pack.commit)


def test_widgets_and_sockets_of_a_class():
    sampler = load_catalog().get("KSampler")
    assert sampler is not None
    assert [i.name for i in sampler.inputs][:4] == ["model", "seed", "steps", "cfg"]
    seed, model = sampler.input("seed"), sampler.input("model")
    assert seed is not None
    assert model is not None
    assert (seed.min, seed.max, seed.controlled, seed.takes_literal) == (0, 2**64 - 1, True, True)
    assert (model.takes_literal, model.takes_link, model.accepts("MODEL"), model.accepts("VAE")) == (
        False,
        True,
        True,
        False,
    )
    assert [(o.name, o.type) for o in sampler.outputs] == [("LATENT", "LATENT")]


def test_facts_that_object_info_hides():
    catalog = load_catalog()
    combine, load = catalog.get("VHS_VideoCombine"), catalog.get("LoadImage")
    assert combine is not None
    assert load is not None
    rate, picture = combine.input("frame_rate"), load.input("image")
    assert rate is not None
    assert picture is not None
    assert rate.accepts("INT")
    assert load.validates == {"image"}
    assert (picture.files, picture.upload) == ("input", "image")
    assert set(combine.input("format").widgets["video/h264-mp4"][0].choices or ()) == {"yuv420p", "yuv420p10le"}  # type: ignore[union-attr]


def test_borrowed_type_names_are_told_apart():
    """A class of the CogVideoX pack never takes what a class of ComfyUI gives under the same name, nor gives it."""
    catalog = load_catalog()
    borrowed = {"CONDITIONING", "LATENT", "VAE"}
    for name in catalog.class_names():
        schema = catalog.get(name)
        assert schema is not None
        own = "CogVideoX" if schema.pack == "ComfyUI-CogVideoXWrapper" else ""
        slots = {f"in {i.name}": i for i in schema.inputs} | {f"out {o.name}": o for o in schema.outputs}
        for slot, declared in slots.items():
            anybody = (name, slot) in {
                ("CogVideoSampler", "in samples"),
                ("SaveLatent", "in samples"),
                ("SaveLatent", "out samples"),
                ("LoadLatent", "out LATENT"),
            }
            if declared.type in borrowed:
                assert declared.dialect == ("*" if anybody else own), (name, slot)
            elif declared.type in ("*", "COMFY_MATCHTYPE_V3"):
                assert declared.dialect == "*", (name, slot)
            elif own:
                assert not declared.dialect, (name, slot)


def test_a_live_server_is_known_the_same_facts():
    seen = {"CogVideoXVAELoader": {"input": {}, "output": ["VAE"], "output_name": ["vae"]}}
    loader = Catalog.from_object_info(seen).get("CogVideoXVAELoader")
    assert loader is not None
    assert loader.outputs[0].dialect == "CogVideoX"


@pytest.mark.parametrize(
    ("given", "wanted", "fits"),
    [
        ("IMAGE", "IMAGE", True),
        ("IMAGE", "MASK", False),
        ("INT", "FLOAT", False),
        ("INT", "FLOAT,INT", True),
        ("FLOAT,INT", "INT, STRING", True),
        ("*", "MODEL", True),
        ("MODEL", "*", True),
        ("MODEL", "COMFY_MATCHTYPE_V3", True),
        ("COMFY_MATCHTYPE_V3", "VAE", True),
        ("STRING", "COMBO", False),
    ],
)
def test_socket_rules(given: str, wanted: str, fits: bool):
    assert socket_compatible(given, wanted) is fits


def test_models_say_what_is_known_and_nothing_else():
    info = lookup("upscale_models", "RealESRGAN_x4plus.pth")
    assert info is not None
    assert (info.bytes, info.bytes_exact, info.licence) == (67040989, True, "BSD-3-Clause")
    gated = lookup(None, "svd_xt_1_1.safetensors")
    assert gated is not None
    assert gated.gated
    assert not gated.bytes_exact
    assert lookup("checkpoints", "nobody_knows.safetensors") is None
    assert lookup("vae", "svd_xt_1_1.safetensors") is None
    for info in known_models():
        assert info.sha256 is None or len(info.sha256) == 64
        assert info.url is None or info.url.startswith("https://")
        assert not (info.bytes_exact and info.bytes is None)
