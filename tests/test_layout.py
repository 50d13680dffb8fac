"""Where lines break, rule by rule: what is written, and how it is laid out."""

import pytest

import reelc
from reelc_dsl.printer import WIDTH

LONG = "a_name_that_takes_thirty_chars"


def laid_out(body: str) -> str:
    """Statements of a pipeline, laid out, without the two spaces before them."""
    first, *lines, last = reelc.format(f"pipeline p {{\n{body}\n}}").splitlines()
    assert (first, last) == ("pipeline p {", "}")
    return "\n".join(line[2:] for line in lines)


def case(name: str, before: str, after: str) -> object:
    return pytest.param(before.strip("\n"), after.strip("\n"), id=name)


STATEMENTS = [
    case("spaces", "let  a:list [ int ]=[ 1,2 ]", "let a: list[int] = [1, 2]"),
    case("records", 'let a = {model:m , "x.y" :1}', 'let a = { model: m, "x.y": 1 }'),
    case("empty", "let a = f( [ ] , { } )", "let a = f([], {})"),
    case("operators", "let a = - b*( c-1 )%8..  2 + d", "let a = -b * (c - 1) % 8..2 + d"),
    case("logic", "let a = not(b and c)or d!=e", "let a = not (b and c) or d != e"),
    case("parentheses stay", "let a = ((b)) + (c * d)", "let a = ((b)) + (c * d)"),
    case("of one rank, too", "let a = (b + c) + (d and e) and f", "let a = (b + c) + (d and e) and f"),
    case("around steps", "let a = (b |> c) |> d", "let a = (b |> c) |> d"),
    case("around calls", "let a = ((f(x)).y)[0]", "let a = ((f(x)).y)[0]"),
    case(
        "around branches",
        "let a = if b then c else (if d then e else f)",
        "let a = if b then c else (if d then e else f)",
    ),
    case("postfix", "let a = f ( x ) . y [ 0 ] ( ... z )", "let a = f(x).y[0](...z)"),
    case("literals", "let a = [1.50, 1E+3, 50%, 24fps, 007]", "let a = [1.50, 1E+3, 50%, 24fps, 007]"),
    case("texts", r'let a = "a\"b\\ {{ c }}  "', r'let a = "a\"b\\ {{ c }}  "'),
    case("nodes", 'let a = node "RIFE VFI" ( x : 1 )', 'let a = node "RIFE VFI"(x: 1)'),
    case("one statement a line", "let a = 1 let b = 2", "let a = 1\nlet b = 2"),
    case("one empty line", "\n\nlet a = 1\n\n\n\nlet b = 2\nlet c = 3\n\n", "let a = 1\n\nlet b = 2\nlet c = 3"),
    case("a step without parentheses", "output f = x |> video", "output f = x |> video"),
    case("settings", "estimate{vram=1GB,ram=2GB}", "estimate { vram = 1GB, ram = 2GB }"),
    case("window", "window{blend,overlap:8}", "window { blend, overlap: 8 }"),
    case(
        "preview",
        "preview resize{rule=how}preview move preview none{}",
        "preview resize { rule = how }\npreview move\npreview none {}",
    ),
    case("param", 'param a:text in["x","y"]="x"', 'param a: text in ["x", "y"] = "x"'),
    # -- brackets
    case("a comma at the end keeps brackets open", "let a = f(1, b: 2,)", "let a = f(\n  1, b: 2,\n)"),
    case("without one they close", "let a = f(\n  1,\n  b: 2\n)", "let a = f(1, b: 2)"),
    case("breaks between elements stay", "let a = f(1,\n2, 3,\n4,)", "let a = f(\n  1,\n  2, 3,\n  4,\n)"),
    case(
        "elements fill the line",
        f"let a = f({', '.join([LONG] * 6)})",
        f"let a = f(\n  {LONG}, {LONG}, {LONG},\n  {LONG}, {LONG}, {LONG},\n)",
    ),
    case(
        "records in a list have lines of their own",
        f"let a = [{{ x: {LONG} }}, {{ x: {LONG} }}, {{ x: {LONG} }}]",
        f"let a = [\n  {{ x: {LONG} }},\n  {{ x: {LONG} }},\n  {{ x: {LONG} }},\n]",
    ),
    case(
        "an element of several lines stands alone",
        "let a = f(1, g(2,), 3)",
        "let a = f(\n  1,\n  g(\n    2,\n  ),\n  3,\n)",
    ),
    case(
        "an only list is broken instead of the call",
        f"let a = f([{LONG}, {LONG}, {LONG}, {LONG}])",
        f"let a = f([\n  {LONG}, {LONG}, {LONG},\n  {LONG},\n])",
    ),
    case(
        "nothing of this helps a long text",
        f'let a = "{"x" * WIDTH}"',
        f'let a = "{"x" * WIDTH}"',
    ),
    case("unless a comma keeps it open", "let a = f([1],)", "let a = f(\n  [1],\n)"),
    case(
        "what stands behind on the line counts",
        f'let a = chain p from f({LONG}, {LONG}) until """{LONG}\n""" {{ p }}',
        f'let a = chain p from f(\n  {LONG}, {LONG},\n) until """{LONG}\n  """ {{ p }}',
    ),
    # -- rows
    case("a pipe that fits", "let a = b |> c() |> d()", "let a = b |> c() |> d()"),
    case("a pipe that the author broke", "let a = b\n|> c() |> d()", "let a = b\n  |> c()\n  |> d()"),
    case("not broken inside a step", "let a = b |> c(1,\n2) |>\nd()", "let a = b |> c(1, 2) |> d()"),
    case(
        "a pipe that is too long",
        f"let a = {LONG} |> {LONG}() |> {LONG}()",
        f"let a = {LONG}\n  |> {LONG}()\n  |> {LONG}()",
    ),
    case(
        "a step that is too long",
        f"let a = b |> c({LONG}, {LONG}, {LONG})",
        f"let a = b\n  |> c(\n    {LONG}, {LONG},\n    {LONG},\n  )",
    ),
    case(
        "operators of one rank",
        f"let a = {LONG} * 2 + {LONG} - {LONG} / 3",
        f"let a = {LONG} * 2\n  + {LONG}\n  - {LONG} / 3",
    ),
    case(
        "in parentheses",
        f"let a = ({LONG} + {LONG} + {LONG} + 1) * 2",
        f"let a = (\n  {LONG}\n  + {LONG}\n  + {LONG}\n  + 1\n)\n  * 2",
    ),
    # -- require, warn
    case("a demand that fits", 'require a > b else "no" help "so"', 'require a > b else "no" help "so"'),
    case("a demand that the author broke", 'warn a > b\nelse "no" help "so"', 'warn a > b\n  else "no"\n  help "so"'),
    case(
        "a note that the author broke",
        'note a == none\nelse "{{ a }}"\nhelp "so"',
        'note a == none\n  else "{{ a }}"\n  help "so"',
    ),
    case(
        "a demand that is too long",
        f'require {LONG} and {LONG} else "no" help "{LONG}"',
        f'require {LONG} and {LONG}\n  else "no"\n  help "{LONG}"',
    ),
    case(
        "a test that is too long",
        f"require {LONG} and {LONG} and {LONG} and a",
        f"require {LONG}\n    and {LONG}\n    and {LONG}\n    and a",
    ),
    # -- if, for
    case("an if that fits", "let a = if b then c else d", "let a = if b then c else d"),
    case(
        "an if that the author broke",
        "let a = if b then\nc else if d then e else f",
        "let a = if b then\n    c\n  else if d then\n    e\n  else\n    f",
    ),
    case(
        "an if in parentheses",
        "let a = (if b then\nc else d) |> e()",
        "let a = (\n  if b then\n    c\n  else\n    d\n)\n  |> e()",
    ),
    case("a for that fits", "let a = for k in 1..3 { k * 2 }", "let a = for k in 1..3 { k * 2 }"),
    case("a for that the author broke", "let a = for k in b {\nk }", "let a = for k in b {\n  k\n}"),
    case("a for with names", "let a = for k in b { let c = k\n\n\nc }", "let a = for k in b {\n  let c = k\n\n  c\n}"),
    case(
        "a for before a pipe",
        "let a = (for k in b {\nk }) |> c()",
        "let a = (for k in b {\n  k\n})\n  |> c()",
    ),
    case("a chain", "let a = chain p from b until 30s{p}", "let a = chain p from b until 30s { p }"),
    case("an overlap", "let a = chain p from b times 3 overlap 8{p}", "let a = chain p from b times 3 overlap 8 { p }"),
    # -- comments
    case("before", "#a\n\n\n# b\nlet a = 1", "#a\n\n# b\nlet a = 1"),
    case("behind", "let a = 1 # one\nlet b = 2# two \t ", "let a = 1  # one\nlet b = 2  # two"),
    case("at the end", "let a = 1\n\n# that was all", "let a = 1\n\n# that was all"),
    case("alone", "# nothing yet", "# nothing yet"),
    case(
        "in a list",
        "let a = [1 # one\n, 2, # two\n# three\n3, 4\n# five\n]",
        "let a = [\n  1,  # one\n  2,  # two\n  # three\n  3, 4,\n  # five\n]",
    ),
    case("in an empty list", "let a = f( # none\n)", "let a = f(  # none\n)"),
    case(
        "between steps",
        "let a = b # one\n# two\n|> c() |> d() # three",
        "let a = b  # one\n  # two\n  |> c()\n  |> d()  # three",
    ),
    case("before a value", "let a = # one\n# two\n3", "let a =  # one\n  # two\n  3"),
    case(
        "in branches",
        "let a = if b # one\nthen c # two\n# three\nelse # four\nd",
        "let a = if b  # one\n  then\n    c  # two\n  # three\n  else  # four\n    d",
    ),
    case("not in a text", 'let a = f("# a",\n"b # c")', 'let a = f("# a", "b # c")'),
    # -- texts of several lines
    case(
        "a block is moved",
        'let a = """\n        one\n          two\n\n        three\n"""',
        'let a = """\n  one\n    two\n\n  three\n  """',
    ),
    case(
        "a block whose lines an escape makes is not",
        'let a = """\n      one\\n    two\n """',
        'let a = """\n      one\\n    two\n """',
    ),
]


@pytest.mark.parametrize(("before", "after"), STATEMENTS)
def test_statements(before: str, after: str) -> None:
    # A text that must not be moved keeps its place in the file, whatever stands around it.
    if "\\n" in before:
        assert after in reelc.format(f"pipeline p {{\n{before}\n}}")
        return
    assert laid_out(before) == after
    assert laid_out(after) == after


ITEMS = [
    case("use", 'use  std . svd\nuse a , b  as c from "./x.reel"', 'use std.svd\nuse a, b as c from "./x.reel"\n'),
    case(
        "order stays",
        "use std.svd\nuse std.finish\nuse a from std.b",
        "use std.svd\nuse std.finish\nuse a from std.b\n",
    ),
    case(
        "a long use",
        f"use {LONG}, {LONG}, {LONG}, b from std.x",
        f"use {LONG}, {LONG}, {LONG},\n  b from std.x\n",
    ),
    case("record", "record A{b:int,c:list[image]?}", "record A { b: int, c: list[image]? }\n"),
    case("bodies are never on one line", "stage s()->int{return 1}", "stage s() -> int {\n  return 1\n}\n"),
    case("empty body", "pipeline p {\n\n}", "pipeline p {}\n"),
    case(
        "workflow",
        'reel 1 workflow w="w.json"{in a:image="1.image" out b:clip="2.out"}',
        'reel 1\n\nworkflow w = "w.json" {\n  in a: image = "1.image"\n  out b: clip = "2.out"\n}\n',
    ),
    case(
        "stages are set off",
        "reel 1\nstage s() -> int { return 1 } # one\n# p\npipeline p {}\nlet a = 1\nlet b = 2",
        "reel 1\n\nstage s() -> int {\n  return 1\n}  # one\n\n# p\npipeline p {}\n\nlet a = 1\nlet b = 2\n",
    ),
    case(
        "an empty line of the author sets off too",
        "pipeline p {}\n# about p\n\npipeline q {}",
        "pipeline p {}\n# about p\n\npipeline q {}\n",
    ),
    case(
        "so does one between comments",
        "pipeline p {}\n# about p\n\n# about q\npipeline q {}",
        "pipeline p {}\n# about p\n\n# about q\npipeline q {}\n",
    ),
    case(
        "description",
        'stage s() -> int { """One.\n      Two.""" return 1 }',
        'stage s() -> int {\n  """One.\n  Two."""\n  return 1\n}\n',
    ),
    case(
        "parameters that the author grouped",
        f"stage s({LONG}: int, b: int,\n{LONG}: int, {LONG}: int) -> int {{ return 1 }}",
        f"stage s(\n  {LONG}: int, b: int,\n  {LONG}: int, {LONG}: int,\n) -> int {{\n  return 1\n}}\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), ITEMS)
def test_items(before: str, after: str) -> None:
    assert reelc.format(before) == after + "\n" * (not after.endswith("\n"))


@pytest.mark.parametrize("over", [0, 1])
def test_a_line_may_be_as_long_as_the_width(over: int) -> None:
    name = "x" * (WIDTH + over - len("let a = f(, b)"))
    lines = reelc.format(f"let a = f({name}, b)").splitlines()
    assert (len(lines), len(lines[0]) == WIDTH) == ((3, False) if over else (1, True))


@pytest.mark.parametrize("over", [0, 1])
def test_an_element_leaves_room_for_its_comma(over: int) -> None:
    name = "x" * (WIDTH + over - len("  g(),"))
    lines = reelc.format(f"let a = f(1, g({name}))").splitlines()
    assert lines[2] == ("  g(" if over else f"  g({name}),")


def test_line_ends_and_byte_order_mark() -> None:
    assert reelc.format('\ufefflet a = 1\r\nlet b = """x\r\n\r\ny"""\r') == 'let a = 1\nlet b = """x\n\n  y"""\n'
