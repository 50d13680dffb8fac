"""Kinds in all code, called or not: files, stages, pipelines and their statements."""

from collections.abc import Mapping

from reelc_compiler.catalog import Catalog
from reelc_compiler.sema import outputs as names
from reelc_compiler.sema.exprs import Exprs
from reelc_compiler.sema.kinds import (
    BOOL,
    BYTES,
    CLIP,
    DURATION,
    FILM,
    FLOAT,
    IMAGE,
    INT,
    MONEY,
    RANGE,
    TEXT,
    UNKNOWN,
    Kind,
    ListKind,
    NodeKind,
    Opaque,
    a_kind,
    assignable,
    holds,
    present,
    single,
)
from reelc_compiler.sema.program import (
    Local,
    ModuleInfo,
    ParamInfo,
    PipelineInfo,
    Program,
    Scope,
    StageInfo,
    WorkflowBinding,
)
from reelc_compiler.sema.resolve import duplicate
from reelc_compiler.sema.signatures import Signatures
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Label, Sink
from reelc_dsl.diagnostics.codes import (
    DUPLICATE_NAME,
    KIND_MISMATCH,
    MISPLACED,
    MISSING_ARGUMENT,
    NO_EFFECT_YET,
    NO_RETURN,
    RECURSION,
    UNKNOWN_ARGUMENT,
    UNKNOWN_NAME,
    UNUSED_LET,
)
from reelc_dsl.diagnostics.fixes import respell
from reelc_dsl.diagnostics.suggest import did_you_mean

STAND_INS = (
    "move",
    "resize",
    "upscale",
    "flow",
    "pick",
    "fade",
    "color",
    "depth",
    "stereo",
    "equirect",
    "card",
    "silence",
    "dissolve",
    "repeat",
    "title",
    "overlay",
    "none",
)
SETTINGS: dict[str, dict[str, Kind]] = {
    "estimate": {"vram": BYTES, "ram": BYTES, "work": FLOAT},
    "target": {
        "deadline": DURATION,
        "budget": MONEY,
        "vram": BYTES,
        "ram": BYTES,
        "duration": DURATION,
        "policy": TEXT,
    },
}
WINDOWS: dict[str, dict[str, Kind]] = {
    "exact": {"frames": INT, "overlap": INT, "align": INT},
    "blend": {"frames": INT, "overlap": INT, "align": INT},
    "part": {"first": INT},
}
# What they cannot do without: its name, what to say, and what to do.
NEEDED = {
    "blend": (
        "overlap",
        "windows that blend into each other share frames, and this does not say how many",
        "give it an `overlap`, such as `overlap: 5`",
    ),
    "part": (
        "first",
        "a part begins with a frame of its clip, and this does not say with which",
        "give it a `first`, such as `first: 0`",
    ),
}


def check(program: Program, catalog: Catalog, sink: Sink, *, library_texts: bool = False) -> None:
    """Check every module of a program.

    Args:
        program: with all names entered.
        catalog: the node classes that ``node`` expressions may use.
        sink: receives E02xx, E03xx, E05xx and W0201, W0501, W0901.
        library_texts: also check the templates in the standard library's messages, which its own
            tests do once instead of every run.
    """
    signatures = Signatures(catalog.opaque_types(), sink)
    order = list(program.modules.values())
    # Used modules are found while their user is parsed, so types resolve from the last one back.
    done: set[str] = set()

    def visit(module: ModuleInfo) -> None:
        if module.key in done:
            return
        done.add(module.key)
        for used in module.uses:
            visit(used)
        signatures.module(module)

    for module in order:
        visit(module)
    for module in order:
        for item in module.tree.items:
            binding = module.names.get(item.name.text) if isinstance(item, ast.Workflow) else None
            if isinstance(binding, WorkflowBinding) and binding.decl is item:
                # Few programs have one, and need what reads graphs.
                from reelc_compiler.sema.workflows import workflow

                found = workflow(module, binding, signatures, catalog, sink)
                if found is not None:
                    module.workflows[binding.decl.name.text] = found
    exprs = Exprs(program, catalog, signatures, sink, library_texts)
    for module in order:
        for item in module.tree.items:
            if isinstance(item, ast.Let):
                exprs.constant(module, item)
        if module is program.main or not _proven(module, library_texts):
            for stage in module.stages.values():
                _Body(exprs, sink, stage.module, stage.decl.body).stage(stage)
        for pipeline in module.pipelines.values():
            _Body(exprs, sink, module, pipeline.decl.body).pipeline(pipeline)
    _called(exprs, sink, library_texts)
    _recursion(program, exprs, sink)


def _proven(module: ModuleInfo, library_texts: bool) -> bool:
    """Whether a module's stages matter only where they are called: those of the standard library have tests."""
    return module.key.startswith("std.") and module.source.library and not library_texts


def _called(exprs: Exprs, sink: Sink, library_texts: bool) -> None:
    """Check the stages of the standard library that are called, and those that they call."""
    waiting = [stage for calls in exprs.calls.values() for stage, _ in calls]
    done: set[StageInfo] = set()
    while waiting:
        stage = waiting.pop()
        if stage not in done and _proven(stage.module, library_texts):
            done.add(stage)
            _Body(exprs, sink, stage.module, stage.decl.body).stage(stage)
            waiting += [callee for callee, _ in exprs.calls.get(stage, ())]


class _Body:
    """The statements of one stage or pipeline."""

    def __init__(self, exprs: Exprs, sink: Sink, module: ModuleInfo, body: tuple[ast.Stmt, ...]) -> None:
        self.exprs = exprs
        self.sink = sink
        self.module = module
        self.body = body
        self.scope = Scope(module)

    def stage(self, info: StageInfo) -> None:
        self.exprs.caller = info
        self.params(info.params)
        returns = [s for s in self.body if isinstance(s, ast.Return)]
        for statement in self.body:
            self.statement(statement, "stage", info.returns)
        self.once("estimate", "window", "preview")
        if not info.decl.broken and (len(returns) != 1 or self.body[-1] is not returns[0]):
            self.sink.add(
                Diagnostic(
                    code=NO_RETURN,
                    message=f"the stage `{info.decl.name.text}` must end in one `return`",
                    span=returns[0].span if returns else info.decl.name.span,
                    help=("`return` is the last statement, and there is just one",),
                )
            )
        if not info.decl.broken:
            self.unused()
        self.exprs.caller = None

    def pipeline(self, info: PipelineInfo) -> None:
        self.params(info.params)
        outputs: dict[str, ast.OutputStmt] = {}
        for statement in self.body:
            self.statement(statement, "pipeline", None)
            if isinstance(statement, ast.OutputStmt):
                first = outputs.setdefault(statement.name.text, statement)
                if first is not statement:
                    self.sink.add(duplicate(statement.name, first.name.span))
        self.once("target")
        names.check((statement.name for statement in outputs.values()), self.sink)
        if not outputs and not info.decl.broken:
            self.sink.add(
                Diagnostic(
                    code=NO_RETURN,
                    message=f"the pipeline `{info.decl.name.text}` has no output",
                    span=info.decl.name.span,
                    help=("say what is to be made: `output film = ... |> video()`",),
                )
            )

    def once(self, *words: str) -> None:
        """Refuse a second statement of a sort of which only one can hold."""
        seen: dict[str, ast.Stmt] = {}
        for statement in self.body:
            match statement:
                case ast.Settings(kind=kind):
                    word = kind
                case ast.Window():
                    word = "window"
                case ast.Preview():
                    word = "preview"
                case _:
                    continue
            first = seen.setdefault(word, statement)
            if first is not statement and word in words:
                self.sink.add(
                    Diagnostic(
                        code=DUPLICATE_NAME,
                        message=f"here is another `{word}`, and only one can hold",
                        span=statement.span,
                        label="given again here",
                        labels=(Label(first.span, "given first here"),),
                        help=("put what is meant into one of them",),
                    )
                )

    def params(self, params: tuple[ParamInfo, ...]) -> None:
        for param in params:
            decl = param.decl
            self.exprs.scope = self.scope
            if decl.among is not None:
                self.among(param, self.exprs.kind(decl.among))
            if decl.default is not None:
                self.exprs.expect(decl.default, param.kind, f"the parameter `{param.name}`", decl.type.span)
            self.enter(decl.name, param.kind, "parameter")

    def among(self, param: ParamInfo, kind: Kind) -> None:
        assert param.decl.among is not None
        # `none` is within any set of values.
        wanted = present(param.kind)
        fits = kind == UNKNOWN or (
            (isinstance(kind, ListKind) and assignable(kind.element, wanted))
            or (kind == RANGE and wanted.name in ("int", "float", "seed"))
        )
        if not fits:
            self.sink.add(
                Diagnostic(
                    code=KIND_MISMATCH,
                    message=f"`{param.name}` is {a_kind(wanted)}, and this is {a_kind(kind)}",
                    span=param.decl.among.span,
                    help=("give a range for numbers, `in 2..25`, or a list of choices",),
                )
            )

    def enter(self, name: ast.Ident, kind: Kind, what: str) -> None:
        other = self.scope.find(name.text)
        if other is None:
            self.scope.names[name.text] = Local(kind, name.span, what)
        elif name.text not in self.module.tree.broken:
            self.sink.add(duplicate(name, other.span))

    # -- statements --------------------------------------------------------------------------

    def statement(self, statement: ast.Stmt, where: str, returns: Kind | None) -> None:
        self.exprs.scope = self.scope
        match statement:
            case ast.Let():
                kind = self.let(statement)
                self.enter(statement.name, kind, "let")
            case (
                ast.Require(test=test, message=message, help=help_)
                | ast.Warn(test=test, message=message, help=help_)
                | ast.Note(test=test, message=message, help=help_)
            ):
                self.exprs.expect(test, BOOL, "a test", None)
                for text in (message, help_):
                    if text is not None:
                        self.exprs.kind(text)
            case ast.Return(value=value) if where == "stage" and returns is not None:
                self.exprs.expect(value, returns, "what the stage returns", None)
            case ast.OutputStmt(value=value) if where == "pipeline":
                self.output(value)
            case ast.ParamStmt() if where == "pipeline":
                pass
            case ast.Settings(kind="estimate") if where == "stage":
                self.settings(statement)
            case ast.Settings(kind="target") if where == "pipeline":
                self.settings(statement)
                self.target(statement)
            case ast.Window() if where == "stage":
                self.window(statement)
            case ast.Preview(kind=kind, settings=settings) if where == "stage":
                self.preview(kind, settings)
            case _:
                self.misplaced(statement, where)

    def let(self, let: ast.Let) -> Kind:
        if let.type is None:
            return self.exprs.kind(let.value)
        kind = self.exprs.signatures.kind(self.module, let.type)
        self.module.kinds[id(let)] = kind
        self.exprs.expect(let.value, kind, f"`{let.name.text}`", let.type.span)
        return kind

    def output(self, value: ast.Expr) -> None:
        kind = self.exprs.kind(value)
        if assignable(kind, FILM) or (isinstance(kind, NodeKind) and kind.saves):
            return
        help_ = 'say how it is to be written: `... |> video(codec: "h264", crf: 18)`'
        if isinstance(kind, NodeKind) or isinstance(single(kind), Opaque):
            help_ = "give it to a node that saves it: `output NAME = node SaveImage(images: ...)`"
        self.sink.add(
            Diagnostic(
                code=KIND_MISMATCH,
                message=f"an output is a film, and this is {a_kind(kind)}",
                span=value.span,
                help=(help_,),
            )
        )

    def settings(self, block: ast.Settings) -> None:
        self.named_settings(block.kind, block.settings, SETTINGS[block.kind])

    def named_settings(self, what: str, settings: tuple[ast.Setting, ...], known: Mapping[str, Kind]) -> None:
        seen: dict[str, ast.Setting] = {}
        for setting in settings:
            name = setting.name.text
            if name in seen:
                self.sink.add(duplicate(setting.name, seen[name].name.span))
            elif name not in known:
                self.sink.add(
                    Diagnostic(
                        code=UNKNOWN_ARGUMENT,
                        message=f"`{what}` has no setting `{name}`",
                        span=setting.name.span,
                        help=did_you_mean(name, known) or ("it has " + ", ".join(f"`{k}`" for k in known),),
                        fix=respell(setting.name.span, name, known),
                    )
                )
            else:
                self.exprs.expect(setting.value, known[name], f"`{name}`", None)
            seen.setdefault(name, setting)

    def window(self, window: ast.Window) -> None:
        mode = window.mode.text
        if mode not in WINDOWS:
            self.sink.add(
                Diagnostic(
                    code=UNKNOWN_NAME,
                    message=f"there are no windows `{mode}`",
                    span=window.mode.span,
                    help=did_you_mean(mode, WINDOWS) or ("they are `exact`, `blend` or `part`",),
                    fix=respell(window.mode.span, mode, WINDOWS),
                )
            )
        # Of one that is no mode, what others take is checked all the same.
        self.named_settings("window", window.args, WINDOWS.get(mode, WINDOWS["exact"]))
        lacking = NEEDED.get(mode)
        if lacking is not None and all(s.name.text != lacking[0] for s in window.args):
            _, why, help_ = lacking
            self.sink.add(
                Diagnostic(
                    code=MISSING_ARGUMENT,
                    message=why,
                    span=window.span,
                    help=(help_,),
                )
            )
        stage = self.exprs.caller
        kinds = [p.kind for p in stage.params] if stage is not None else []
        made = (CLIP, IMAGE) if mode == "part" else (CLIP,)
        if stage is not None and ([k for k in kinds if holds(k, CLIP)] != [CLIP] or stage.returns not in made):
            self.sink.add(
                Diagnostic(
                    code=MISPLACED,
                    message="a stage that is split in time makes one clip from one clip",
                    span=window.span,
                    help=("leave `window` out: the stage then sees its clips whole",),
                )
            )

    def preview(self, kind: ast.Ident, settings: tuple[ast.Setting, ...]) -> None:
        if kind.text not in STAND_INS:
            self.sink.add(
                Diagnostic(
                    code=UNKNOWN_NAME,
                    message=f"there is no stand-in `{kind.text}`",
                    span=kind.span,
                    help=did_you_mean(kind.text, STAND_INS)
                    or ("the stand-ins are " + ", ".join(f"`{s}`" for s in STAND_INS),),
                    fix=respell(kind.span, kind.text, STAND_INS),
                )
            )
        for setting in settings:
            self.exprs.kind(setting.value)

    def no_effect(self, statement: ast.Stmt, message: str) -> None:
        if not self.module.source.library:
            self.sink.add(Diagnostic(code=NO_EFFECT_YET, message=message, span=statement.span))

    def target(self, statement: ast.Settings) -> None:
        """Say which settings of a target nothing acts on: yet, or without another one."""
        given = {s.name.text: s for s in statement.settings}
        if "policy" in given and "duration" not in given:
            self.sink.add(
                Diagnostic(
                    code=MISSING_ARGUMENT,
                    message="a `policy` says what becomes of films of another `duration`, and none is given",
                    span=given["policy"].span,
                    help=("say how long films are to be: `target { duration = 30s, policy = ... }`",),
                )
            )
        names = [s.name.text for s in statement.settings if s.name.text in ("deadline", "budget")]
        if names:
            shown = ", ".join(f"`{name}`" for name in names)
            self.no_effect(statement, f"`target` is read, and nothing acts on {shown} yet")

    def misplaced(self, statement: ast.Stmt, where: str) -> None:
        word = statement.span.text.split(None, 1)[0]
        home = {"param": "pipeline", "output": "pipeline", "target": "pipeline"}.get(word, "stage")
        self.sink.add(
            Diagnostic(
                code=MISPLACED,
                message=f"`{word}` has no place in a {where}",
                span=statement.span,
                help=(f"it belongs in a {home}",),
            )
        )

    def unused(self) -> None:
        for name, local in self.scope.names.items():
            if local.what == "let" and not local.used and not self.module.source.library:
                self.sink.add(
                    Diagnostic(
                        code=UNUSED_LET,
                        message=f"nothing uses `{name}`",
                        span=local.span,
                        help=("remove it",),
                    )
                )


def _recursion(program: Program, exprs: Exprs, sink: Sink) -> None:
    """Stages may not call themselves, directly or in a circle: Reel programs always end."""
    state: dict[StageInfo, str] = {}

    def visit(stage: StageInfo, path: list[StageInfo]) -> None:
        state[stage] = "open"
        for callee, span in exprs.calls.get(stage, ()):
            if state.get(callee) == "open":
                circle = [*path[path.index(callee) :], callee]
                sink.add(
                    Diagnostic(
                        code=RECURSION,
                        message="stages call each other in a circle: " + " -> ".join(s.decl.name.text for s in circle),
                        span=span,
                        labels=(Label(callee.decl.name.span, f"`{callee.decl.name.text}` starts here"),),
                        help=("Reel has no recursion; use `for` over a list",),
                    )
                )
            elif callee not in state:
                visit(callee, [*path, callee])
        state[stage] = "done"

    for module in program.modules.values():
        for stage in module.stages.values():
            if stage not in state:
                visit(stage, [stage])
