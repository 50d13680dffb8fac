"""The model files that stages name in their texts."""

import re
from collections.abc import Iterator

from reelc_compiler.catalog import Catalog, ModelInfo, known_models
from reelc_compiler.stages.library import Found
from reelc_compiler.stages.texts import walk
from reelc_compiler.units import bytes_text
from reelc_dsl import ast
from reelc_dsl.records import dataclass

# How the files of models end.
WEIGHTS = (".safetensors", ".ckpt", ".pth", ".pt", ".gguf", ".sft", ".onnx", ".bin")
# A repository that a pack downloads: `THUDM/CogVideoX-5b-I2V`.
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """A model file that a stage names by itself.

    Args:
        folder: ComfyUI's models folder, or a path below ComfyUI for what a pack keeps; None is unknown.
        info: None where nothing is known of the file.
        pack: a node pack downloads it by itself.
    """

    file: str
    folder: str | None
    info: ModelInfo | None
    pack: bool

    @property
    def path(self) -> str:
        """``checkpoints/svd.safetensors``, as far as the folder is known."""
        return self.file if self.folder is None else f"{self.folder}/{self.file}"

    @property
    def size(self) -> str:
        """``4.89 GB``, ``about 4.78 GB``, ``unknown``"""
        if self.info is None or self.info.bytes is None:
            return "unknown"
        return ("" if self.info.bytes_exact else "about ") + bytes_text(self.info.bytes)

    @property
    def licence(self) -> str:
        """The licence, or ``unknown``."""
        return (self.info and self.info.licence) or "unknown"

    @property
    def commercial(self) -> str:
        """``yes``, ``limited``, ``no`` or ``unknown``."""
        return (self.info and self.info.commercial) or "unknown"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else is to be said of its licence and of where it comes from."""
        if self.info is None:
            return ("a node pack downloads it by this name",) if self.pack else ()
        excludes = (f"the licence does not apply in {', '.join(self.info.excludes)}",) if self.info.excludes else ()
        gated = ("downloading needs an account that has accepted the licence",) if self.info.gated else ()
        return (*((self.info.note,) if self.info.note else ()), *excludes, *gated)


def models(stages: tuple[Found, ...], catalogs: tuple[Catalog, ...]) -> Iterator[ModelUse]:
    """The model files that stages name in their bodies and defaults, each once."""
    done: set[tuple[str | None, str]] = set()
    for stage in stages:
        for value, folder in _named(stage.decl, catalogs):
            for use in _model(value, folder):
                if (use.folder, use.file) not in done:
                    done.add((use.folder, use.file))
                    yield use


def _named(decl: ast.Stage, catalogs: tuple[Catalog, ...]) -> Iterator[tuple[str, str | None]]:
    """The texts of a stage that may name a model, with the folder where that is said."""
    folders: dict[str, str] = {}
    for param in decl.params:
        if param.type.name == "file" and isinstance(param.type.args[0], ast.TextLit):
            folders[param.name.text] = param.type.args[0].value
        if isinstance(param.default, ast.TextLit):
            yield param.default.value, folders.get(param.name.text)
    body = tuple(s for s in decl.body if not isinstance(s, ast.Require | ast.Warn | ast.Note | ast.Preview))
    placed: dict[int, str] = {}
    for node in walk(body):
        if isinstance(node, ast.NodeExpr):
            schema = next((s for s in (c.get(node.class_type.text) for c in catalogs) if s is not None), None)
            for arg in node.args:
                field = None if schema is None or arg.name is None else schema.input(arg.name.text)
                if field is not None and field.files is not None:
                    placed.update((id(t), field.files) for t in walk(arg.value) if isinstance(t, ast.TextLit))
    for node in walk(body):
        if isinstance(node, ast.TextLit):
            yield node.value, placed.get(id(node))


def _model(value: str, folder: str | None) -> Iterator[ModelUse]:
    known = [info for info in known_models() if info.is_named(value)]
    # A text that is given to no loader directly means what its name is known for.
    mine = [info for info in known if info.folder == folder] or [i for i in known if i.of_pack] or known
    for info in mine:
        yield ModelUse(file=info.file, folder=info.folder, info=info, pack=info.of_pack)
    if not mine and (value.endswith(WEIGHTS) or _REPOSITORY.fullmatch(value)) and not re.search(r"[{}\s]", value):
        yield ModelUse(file=value, folder=folder, info=None, pack=not value.endswith(WEIGHTS))
