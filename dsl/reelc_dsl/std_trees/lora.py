"""The syntax tree that tools/build_std.py made of std/lora.reel, for :mod:`reelc_dsl.frozen`."""

# ruff: noqa: E501
# fmt: off
TREES: dict[str, tuple[int | None, tuple[object, ...]]] = {
  "2181a8aa9c2c09d41a6fe2ad34ebeb095d09fd6d0b34d60f459e4287f7934629": (1, (
    ('Stage', (171, 646), ('Ident', (177, 181), 'lora'), (None, ('Param', (182, 194), ('Ident', (182, 187), 'model'), ('TypeExpr', (189, 194), 'MODEL', (None,), False), None, None), ('Param', (196, 215), ('Ident', (196, 200), 'file'), ('TypeExpr', (202, 215), 'file', (None, ('TextLit', (207, 214), 'loras', ('', 1, 2, 3, 4, 5, 6))), False), None, None), ('Param', (217, 251), ('Ident', (217, 225), 'strength'), ('TypeExpr', (227, 232), 'float', (None,), False), ('RangeExpr', (236, 245), ('UnaryExpr', (236, 240), '-', ('NumberLit', (237, 240), '100', True)), ('NumberLit', (242, 245), '100', True)), ('NumberLit', (248, 251), '1.0', False))), ('TypeExpr', (256, 261), 'MODEL', (None,), False), 'A model with a LoRA on it, at a strength: 1 is as it was trained, 0 is without.\n\nSeveral follow each other: `model |> lora("a.safetensors") |> lora("b.safetensors", 0.5)`.', (None, ('Return', (556, 644), ('NodeExpr', (563, 644), ('Ident', (568, 587), 'LoraLoaderModelOnly'), (None, ('Arg', (588, 600), ('Ident', (588, 593), 'model'), ('NameExpr', (595, 600), 'model'), False), ('Arg', (602, 617), ('Ident', (602, 611), 'lora_name'), ('NameExpr', (613, 617), 'file'), False), ('Arg', (619, 643), ('Ident', (619, 633), 'strength_model'), ('NameExpr', (635, 643), 'strength'), False))))), False),
  )),
}
