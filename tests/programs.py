"""Programs at random: all that the grammar knows, in any layout, with comments between any two words."""

import random
import re
from collections.abc import Callable, Sequence

# Keywords are contextual: most may be names.
KEYWORDS = [
    "stage",
    "target",
    "window",
    "preview",
    "estimate",
    "help",
    "from",
    "times",
    "workflow",
    "reel",
    "param",
    "note",
]
NAMES = ["a", "k", "clip", "photo", "svd", "shots", "größe", "日本", "a_name_that_takes_quite_some_room_on_a_line"]
WORDS = [*NAMES, *NAMES, *KEYWORDS]
TYPES = ["image", "clip", "int", "MODEL", "size"]
TEXTS = [
    '""',
    '"h264"',
    '"# no comment"',
    '"say \\"so\\""',
    '"{{ start.size }} is what this clip of some length in frames would have had at a slower rate"',
    '"""one line # with a mark"""',
    '"""\n    # not a comment\n  two lines\n\n      deeper\n  """',
    '"""first\n\tsecond\n\t  third"""',
    '"""\n\n"""',
    '"""   \n   a \\"""\\n  b\n  c   \n     """',
    '""""""',
    '"""no-break\n   \u00a0"""',
]
NUMBERS = ["1", "25", "007", "0.5", "1e-3", "1.5E+10", "24fps", "23.976fps", "2.5s", "50%", "48GB", "7what", "1024x576"]
OPERATORS = ["+", "-", "*", "/", "%", "==", "!=", "<=", ">=", "<", ">", "and", "or"]
SPACES = ["", " ", " ", " ", "  ", "\t", "\n", "\n", "\n  ", "\n\n", "\n\n\n   \n", " \f "]
COMMENTS = [" # {}\n", "#{}\n", "\n# {}\n", "\n\n  # {}  \n\n", " # {}\n# and {}\n", "\n#\n#{}\n\n\n#{}\n"]
# Two words that a space must part: letters and digits, and signs that would become one.
JOINED = re.compile(r"\w\Z")
BEGINS = re.compile(r"\A\w")


class Programs:
    """Makes programs.

    Args:
        choice: the source of randomness.
    """

    def __init__(self, choice: random.Random) -> None:
        self.random = choice
        self.out: list[str] = []

    def pick(self, options: Sequence[str]) -> str:
        return self.random.choice(options)

    def chance(self, of: int) -> bool:
        return self.random.randrange(of) == 0

    def put(self, *words: str) -> None:
        self.out += words

    def some(self, make: Callable[[], None], most: int, *, least: int = 0, comma: bool = True) -> None:
        """Several things with commas between them, and perhaps one behind them."""
        count = self.random.randint(least, most)
        for index in range(count):
            if index:
                self.put(",")
            make()
        if comma and count and self.chance(3):
            self.put(",")

    # -- expressions -------------------------------------------------------------------------

    def expr(self, depth: int) -> None:
        if depth <= 0 or self.chance(6):
            self.atom()
            return
        form = self.random.randrange(13)
        if form < 5:
            self.rows(depth, form)
        elif form < 9:
            self.brackets(depth, form - 5)
        else:
            self.forms(depth, form - 9)

    def atom(self) -> None:
        self.put(self.pick([self.pick(WORDS), self.pick(NUMBERS), self.pick(TEXTS), "true", "false", "none"]))

    def low(self, depth: int) -> None:
        """What may stand beside an operator."""
        match self.random.randrange(5):
            case 0:
                self.put("(")
                if depth > 0 and self.chance(2):
                    self.rows(depth - 1, self.random.randrange(5))
                else:
                    self.expr(depth - 1)
                self.put(")")
            case 1:
                self.call(depth)
            case 2:
                self.put("-")
                self.atom()
            case _:
                self.atom()

    def rows(self, depth: int, form: int) -> None:
        match form:
            case 0:
                self.low(depth)
                for _ in range(self.random.randint(1, 4)):
                    self.put("|>", self.pick(WORDS))
                    if self.chance(3):
                        self.put(".", self.pick(WORDS))
                    if not self.chance(4):
                        self.args(depth)
            case 1:
                if self.chance(4):
                    self.put("not")
                self.low(depth)
                for _ in range(self.random.randint(1, 5)):
                    self.put(self.pick(["and", "or", "+", "-", "*", "/", "%"]))
                    self.low(depth)
            case 2:
                self.low(depth)
                self.put(self.pick(["==", "!=", "<=", ">=", "<", ">"]))
                self.low(depth)
            case 3:
                self.low(depth)
                self.put("..")
                self.low(depth)
            case _:
                self.call(depth)

    def call(self, depth: int) -> None:
        self.put(self.pick(WORDS))
        for _ in range(self.random.randint(1, 3)):
            match self.random.randrange(3):
                case 0:
                    self.args(depth)
                case 1:
                    self.put(".", self.pick(WORDS))
                case _:
                    self.put("[")
                    self.expr(depth - 1)
                    self.put("]")

    def args(self, depth: int) -> None:
        self.put("(")
        self.some(lambda: self.arg(depth), 5)
        self.put(")")

    def arg(self, depth: int) -> None:
        match self.random.randrange(4):
            case 0:
                self.expr(depth - 1)
            case 1:
                self.put("...")
                self.expr(depth - 1)
            case _:
                self.put(self.pick([*WORDS, '"resize_type.multiplier"']), ":")
                self.expr(depth - 1)

    def brackets(self, depth: int, form: int) -> None:
        match form:
            case 0:
                self.put("[")
                self.some(lambda: self.expr(depth - 1), 5)
                self.put("]")
            case 1:
                self.put("{")
                self.some(lambda: self.entry(depth - 1), 4)
                self.put("}")
            case 2:
                self.put("node", self.pick(["KSampler", '"RIFE VFI"', "VAEDecode"]))
                self.args(depth)
            case _:
                self.put("(")
                self.expr(depth - 1)
                self.put(")")

    def pair(self, between: str, depth: int) -> None:
        self.put(self.pick(WORDS), between)
        self.expr(depth)

    def entry(self, depth: int) -> None:
        self.pair(":", depth)
        if self.chance(8):
            self.put("?")

    def forms(self, depth: int, form: int) -> None:
        match form:
            case 0:
                self.put("for", self.pick(WORDS), "in")
                self.low(depth)
                self.body(depth)
            case 1:
                self.put("chain", self.pick(WORDS), "from")
                self.low(depth)
                self.put(self.pick(["until", "times"]))
                self.low(depth)
                if self.random.choice([False, True]):
                    self.put("overlap")
                    self.low(depth)
                self.body(depth)
            case _:
                self.put("if")
                self.expr(depth - 1)
                self.put("then")
                self.expr(depth - 1)
                self.put("else")
                self.expr(depth - 1)

    def body(self, depth: int) -> None:
        self.put("{")
        for _ in range(self.random.choice([0, 0, 1, 2])):
            self.let(depth - 1)
        self.expr(depth - 1)
        self.put("}")

    # -- types, statements, items ------------------------------------------------------------

    def type(self, depth: int = 2) -> None:
        match self.random.randrange(5):
            case 0 if depth > 0:
                self.put("list", "[")
                self.some(lambda: self.type(depth - 1), 2, least=1)
                self.put("]")
            case 1:
                self.put("file", "[", '"checkpoints"', "]")
            case 2:
                self.put("house", ".", "Look")
            case _:
                self.put(self.pick(TYPES))
        if self.chance(4):
            self.put("?")

    def let(self, depth: int) -> None:
        self.put("let", self.pick(WORDS))
        if self.chance(3):
            self.put(":")
            self.type()
        self.put("=")
        self.expr(depth)

    def param(self) -> None:
        self.put(self.pick(WORDS), ":")
        self.type()
        if self.chance(3):
            self.put("in")
            self.put(*self.random.choice([["2", "..", "25"], ["2", ".."], ["[", '"a"', ",", '"b"', "]"]]))
        if self.chance(2):
            self.put("=")
            self.expr(1)

    def settings(self) -> None:
        self.put("{")
        self.some(lambda: self.pair("=", 1), 3)
        self.put("}")

    def statement(self) -> None:
        match self.random.randrange(9):
            case 0:
                self.put("param")
                self.param()
            case 1 | 2:
                self.let(3)
            case 3:
                keyword = self.pick(["require", "warn", "note"])
                self.put(keyword)
                self.expr(2)
                if keyword != "require" or self.chance(2):
                    self.put("else", self.pick(TEXTS))
                if self.chance(2):
                    self.put("help", self.pick(TEXTS))
            case 4:
                self.put("output", self.pick(WORDS), "=")
                self.expr(3)
            case 5:
                self.put("return")
                self.expr(3)
            case 6:
                self.put(self.pick(["estimate", "target"]))
                self.settings()
            case 7:
                self.put("window", "{", "blend")
                for _ in range(self.random.randint(0, 2)):
                    self.put(",")
                    self.pair(":", 1)
                self.put("}")
            case _:
                self.put("preview", self.pick(["move", "none", "resize"]))
                if self.chance(2):
                    self.settings()

    def block(self) -> None:
        self.put("{")
        if self.chance(3):
            self.put(self.pick([text for text in TEXTS if text.startswith('"""')]))
        for _ in range(self.random.randint(0, 5)):
            self.statement()
        self.put("}")

    def item(self) -> None:
        match self.random.randrange(8):
            case 0 | 1:
                self.use()
            case 2:
                self.let(3)
            case 3:
                self.put("record", self.pick(WORDS), "{")
                self.some(self.field, 4)
                self.put("}")
            case 4 | 5:
                self.put("stage", self.pick(WORDS), "(")
                self.some(self.param, 5)
                self.put(")", "->")
                self.type()
                self.block()
            case 6:
                self.put("pipeline", self.pick(WORDS))
                self.block()
            case _:
                self.put("workflow", self.pick(WORDS), "=", '"look.json"', "{")
                for _ in range(self.random.randint(0, 3)):
                    self.put(self.pick(["in", "out"]))
                    self.field()
                    self.put("=", '"12.image"')
                self.put("}")

    def field(self) -> None:
        self.put(self.pick(WORDS), ":")
        self.type()

    def use(self) -> None:
        self.put("use")
        if self.chance(2):
            self.some(lambda: self.renamed("upscale"), 7, least=1, comma=False)
            if not self.chance(8):
                self.put("from", *self.random.choice([["std", ".", "finish"], ['"./house.reel"']]))
        else:
            self.renamed(self.pick(["svd", '"./house.reel"']))

    def renamed(self, name: str) -> None:
        self.put(name)
        if self.chance(3):
            self.put("as", self.pick(WORDS))

    # -- layout ------------------------------------------------------------------------------

    def words(self) -> list[str]:
        """The words of a program."""
        self.out = []
        if self.chance(2):
            self.put("reel", "1")
        for _ in range(self.random.randint(0, 3)):
            self.item()
        return self.out

    def laid_out(self, words: Sequence[str]) -> str:
        """The words in any layout."""
        often = self.random.choice([3, 12, 50, 10**9])
        number = 0
        text = ""
        for word in [*words, ""]:
            gap = self.pick(SPACES)
            if self.chance(often):
                form = self.pick(COMMENTS)
                while "{}" in form:
                    form = form.replace("{}", f"c{number}", 1)
                    number += 1
                gap += form
            if not gap and JOINED.search(text) and BEGINS.search(word):
                gap = " "
            # Two quotes, dots or signs would become another word.
            if not gap and text and word and text[-1] in '".-<>=|' and word[0] in '".-<>=|':
                gap = " "
            text += gap + word
        return text
