"""Dotted names: dynamic combos, repeating inputs, a pack's own widgets."""

from collections.abc import Mapping

from reelc_compiler.catalog import InputSchema, expand_inputs, load_catalog


def names(class_type: str, **values: object) -> Mapping[str, InputSchema]:
    schema = load_catalog().get(class_type)
    assert schema is not None
    return expand_inputs(schema, {key.replace("__", "."): value for key, value in values.items()})


def test_a_dynamic_combo_adds_what_its_key_wants():
    found = names("SaveVideo", format="mp4", format__codec="h264", format__codec__encoding="re-encode")
    assert list(found)[:6] == [
        "video",
        "filename_prefix",
        "format",
        "format.codec",
        "format.codec.encoding",
        "format.codec.encoding.color_space",
    ]
    crf = found["format.codec.encoding.crf"]
    assert (crf.name, crf.default, crf.max) == ("format.codec.encoding.crf", 23.0, 51.0)


def test_the_ranges_follow_the_chosen_key():
    found = names("SaveVideo", format="webm", format__codec="av1", format__codec__encoding="re-encode")
    assert found["format.codec.encoding.crf"].max == 63.0


def test_an_unknown_missing_or_linked_key_adds_nothing():
    for key in ("h264?", None, 0, ["3", 0], {"a": 1}):
        found = names("ResizeImageMaskNode", resize_type=key)
        assert not [n for n in found if n.startswith("resize_type.")]
    assert "resize_type" in names("ResizeImageMaskNode")


def test_a_repeating_input_becomes_its_slots():
    found = names("BatchImagesNode")
    assert list(found)[:2] == ["images.image0", "images.image1"]
    assert len(found) == 50
    assert [n for n, i in found.items() if i.required] == ["images.image0"]
    assert found["images.image49"].type == "IMAGE"


def test_named_slots():
    assert {"values.a", "values.z", "expression"} <= set(names("ComfyMathExpression"))


def test_a_packs_own_widgets_come_on_request():
    combine = load_catalog().get("VHS_VideoCombine")
    assert combine is not None
    values = {"format": "video/h264-mp4"}
    assert {"pix_fmt", "crf"} <= set(expand_inputs(combine, values))
    assert not {"pix_fmt", "crf"} & set(expand_inputs(combine, values, widgets=False))
    assert "crf" not in expand_inputs(combine, {"format": "image/gif"})
