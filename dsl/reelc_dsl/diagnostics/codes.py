"""Every diagnostic code, declared once. A published code is never reused or renumbered.

Ranges: 01 files and syntax, 02 names, 03 kinds and units, 04 facts and limits, 05 nodes and
catalogs, 06 input and model files, 07 runs, 08 graphs from elsewhere, 09 not yet and internal. Each has a page
in ``docs/diagnostics/``.
"""

from reelc_dsl.diagnostics.model import Code, Severity

CODES: dict[str, Code] = {}


def _declare(code: str, name: str, summary: str) -> Code:
    if code in CODES or any(c.name == name for c in CODES.values()):
        raise ValueError(f"diagnostic {code} {name} is declared twice")
    severity = {"E": Severity.ERROR, "W": Severity.WARNING, "N": Severity.NOTE}[code[0]]
    CODES[code] = Code(code=code, name=name, severity=severity, summary=summary)
    return CODES[code]


# -- 01 files and syntax
UNREADABLE_FILE = _declare("E0101", "unreadable-file", "A source file cannot be read.")
NOT_TEXT = _declare("E0102", "not-text", "A source file is not UTF-8 text.")
FILE_TOO_LARGE = _declare("E0103", "file-too-large", "A source file is larger than a program can be.")
SYNTAX = _declare("E0104", "syntax", "Something stands where the grammar does not allow it.")
UNCLOSED = _declare("E0105", "unclosed", "A brace, bracket or parenthesis is never closed.")
UNCLOSED_TEXT = _declare("E0106", "unclosed-text", "A text has no closing quote on its line.")
BAD_CHARACTER = _declare("E0107", "bad-character", "A character that no Reel program contains.")
BAD_VERSION = _declare("E0108", "bad-version", "The file asks for a version of Reel that this reelc does not speak.")
NO_PIPELINE = _declare("E0109", "no-pipeline", "There is nothing to compile in the file.")
BAD_ESCAPE = _declare("E0110", "bad-escape", "A backslash in a text starts no known escape.")
TOO_DEEP = _declare("E0111", "too-deep", "Expressions are nested more deeply than anyone could read.")

# -- 02 names
UNKNOWN_NAME = _declare("E0201", "unknown-name", "A name that nothing in scope has.")
DUPLICATE_NAME = _declare("E0202", "duplicate-name", "One name is introduced twice where both can be seen.")
UNKNOWN_MODULE = _declare("E0203", "unknown-module", "A `use` names a module or file that is not there.")
CIRCULAR_USE = _declare("E0204", "circular-use", "Files use each other in a circle.")
NOT_IN_MODULE = _declare("E0205", "not-in-module", "A module has no such name.")
UNKNOWN_TYPE = _declare("E0206", "unknown-type", "A type that neither Reel, the file nor the catalog knows.")
UNKNOWN_ARGUMENT = _declare("E0207", "unknown-argument", "A stage or function has no such parameter.")
MISSING_ARGUMENT = _declare("E0208", "missing-argument", "A parameter without a default was given nothing.")
SURPLUS_ARGUMENT = _declare("E0209", "surplus-argument", "An argument is given twice, or there are too many.")
UNKNOWN_FIELD = _declare("E0210", "unknown-field", "A value has no such field.")
RECURSION = _declare("E0211", "recursion", "A stage calls itself, or a name stands in its own definition.")
UNKNOWN_PARAM = _declare("E0212", "unknown-param", "`--set` names a parameter that the pipeline does not have.")
UNSET_PARAM = _declare("E0213", "unset-param", "A pipeline's parameter has neither a default nor a value.")
UNKNOWN_PIPELINE = _declare("E0214", "unknown-pipeline", "Which pipeline is meant is not clear.")
MISPLACED = _declare("E0215", "misplaced", "A statement stands where it can have no meaning.")
OUTPUT_NAME = _declare("E0216", "output-name", "An output's name cannot be the name of a file on every system.")
PACKAGE_CLASH = _declare("E0217", "package-clash", "An installed package offers stages under a name that is taken.")
BROKEN_PACKAGE = _declare("E0218", "broken-package", "The stages of an installed package cannot be read.")
PACKAGE_REACH = _declare("E0219", "package-reach", "The stages of a package name a file, which they cannot have.")
UNUSED_LET = _declare("W0201", "unused-let", "A name is introduced and no output needs it.")
PACKAGE_CHANGED = _declare("W0217", "package-changed", "The stages of a package are not those of the lock.")

# -- 03 kinds and units
KIND_MISMATCH = _declare("E0301", "kind-mismatch", "A value of one kind stands where another is wanted.")
BAD_OPERANDS = _declare("E0302", "bad-operands", "An operator cannot combine these kinds.")
UNKNOWN_UNIT = _declare("E0303", "unknown-unit", "A number carries a unit that Reel does not know.")
NOT_CALLABLE = _declare("E0304", "not-callable", "Something is called that is not a stage or function.")
BRANCHES_DIFFER = _declare("E0305", "branches-differ", "The branches of an `if` give different kinds.")
ELEMENTS_DIFFER = _declare("E0306", "elements-differ", "The elements of a list are of different kinds.")
BAD_ARITHMETIC = _declare("E0307", "bad-arithmetic", "A calculation has no usable result.")
BAD_TEMPLATE = _declare("E0308", "bad-template", "A text's template uses what templates here may not.")
TEMPLATE_NAME = _declare("E0309", "template-name", "A text's template names something that is not there.")
BAD_RECORD = _declare("E0310", "bad-record", "A record lacks a field, or has one too many.")
BAD_INDEX = _declare("E0311", "bad-index", "An index lies outside its list.")
NO_RETURN = _declare("E0312", "no-return", "A stage does not end in exactly one `return`.")

# -- 04 facts and limits
REQUIREMENT = _declare("E0401", "requirement", "A stage's requirement is not met.")
OUT_OF_RANGE = _declare("E0402", "out-of-range", "A value lies outside what the parameter takes.")
NOT_WHOLE = _declare("E0403", "not-whole", "A count of frames or pixels does not come out whole.")
BAD_SEED = _declare("E0404", "bad-seed", "A seed that ComfyUI's window could not hold exactly.")
TOO_LARGE = _declare("E0405", "too-large", "The program makes more nodes than anything should.")
OVER_TARGET = _declare("E0406", "over-target", "A stage takes more memory than the pipeline's target allows.")
UNSAID_VIEW = _declare(
    "E0430", "unsaid-view", "A stage does not say what becomes of pictures for two eyes or of a sphere."
)
STAGE_WARNING = _declare("W0401", "stage-warning", "A stage advises against what it was given.")
FRAGILE_SEED = _declare(
    "W0402", "fragile-seed", "A seed is derived from a position, so inserting a shot changes the others."
)
UNUSED_TAKE = _declare("W0403", "unused-take", "A take was chosen for a name from which no seed is derived.")
MUCH_MEMORY = _declare("W0404", "much-memory", "A stage takes more host RAM than a worker usually has.")
STAGE_NOTE = _declare("N0401", "stage-note", "A stage says what it made of what it was given.")
SOUND_LENGTH = _declare("N0402", "sound-length", "The sound over a film is longer or shorter than the film.")

# -- 05 nodes and catalogs
UNKNOWN_NODE = _declare("E0501", "unknown-node", "The catalog has no node class of this name.")
UNKNOWN_INPUT = _declare("E0502", "unknown-input", "A node class has no such input.")
MISSING_INPUT = _declare("E0503", "missing-input", "A node's required input is given nothing.")
BAD_INPUT_VALUE = _declare("E0504", "bad-input-value", "A node's input does not take this value.")
BAD_LINK = _declare("E0505", "bad-link", "A node's input does not take this type.")
UNKNOWN_CATALOG = _declare("E0506", "unknown-catalog", "There is no node catalog of this name.")
INVALID_GRAPH = _declare("E0507", "invalid-graph", "ComfyUI would refuse the graph that was made.")
BAD_CATALOG = _declare("E0508", "bad-catalog", "A catalog file cannot be used.")
OLD_NODE = _declare("W0501", "old-node", "A node class is deprecated or experimental.")
NO_RATE_FACTOR = _declare(
    "W0502", "no-rate-factor", "The catalog's ComfyUI saves films in a quality of its own choice."
)
BAD_DUMP = _declare("E0510", "bad-dump", "A file with a server's answer of /object_info cannot be used.")
UNWRITABLE = _declare("E0520", "unwritable-input", "An input in a graph has no form in Reel.")
IMPORT_DIFFERS = _declare("E0521", "import-differs", "No Reel is known that compiles back to a graph.")
BAD_PORT = _declare("E0522", "bad-port", "A port of a workflow names nothing in its graph.")
PORT_KIND = _declare("E0523", "port-kind", "A port of a workflow and its graph do not fit together.")
EQUAL_NODES = _declare("W0520", "equal-nodes", "Equal nodes of an imported graph become one.")
UNUSED_PORT = _declare("W0521", "unused-port", "A port of a workflow feeds nothing that comes out.")

# -- 06 input files
MISSING_INPUT_FILE = _declare("E0601", "missing-input-file", "An input file is not there.")
NOT_A_PICTURE = _declare("E0602", "not-a-picture", "An input file is not a picture that can be measured.")
INPUT_TOO_LARGE = _declare("E0603", "input-too-large", "An input file is too large to be sent to a worker.")
OUTSIDE_PROJECT = _declare("E0604", "outside-project", "A path leads outside the project's folder.")
BAD_LOCK = _declare("E0605", "bad-lock", "The lock file cannot be used.")
LOCK_CATALOG = _declare("E0606", "lock-catalog", "The node catalog that the lock names is not at hand.")
STALE_LOCK = _declare("E0607", "stale-lock", "The lock file is not what `reelc models lock` would write.")
NOT_FETCHED = _declare("E0608", "not-fetched", "A model file could not be downloaded.")
GATED_MODEL = _declare("E0609", "gated-model", "A host does not give a model file to just anyone.")
WRONG_MODEL = _declare("E0610", "wrong-model", "A model file is not the one that is meant.")
NO_MODEL_SOURCE = _declare("E0611", "no-model-source", "It is not known where a model file can be downloaded.")
UNSAFE_MODEL = _declare("E0612", "unsafe-model", "The address or name of a model file is not safe to use.")
NOT_A_RECORDING = _declare("E0613", "not-a-recording", "An input file is no film and no sound that can be measured.")
NO_MEDIA_LIBRARY = _declare("E0614", "no-media-library", "A film or a sound cannot be measured: an extra is missing.")
BAD_TABLE = _declare("E0615", "bad-table", "A table of rows cannot be used.")
BAD_TAKES = _declare("E0616", "bad-takes", "The file of chosen takes cannot be used.")
STD_CHANGED = _declare("W0605", "std-changed", "The standard library is not the one of the lock.")
LOCKED_INPUT_CHANGED = _declare("W0606", "locked-input-changed", "An input file is not the one of the lock.")
NOT_IN_LOCK = _declare("W0607", "not-in-lock", "A program needs model files that the lock does not have.")
LARGE_INPUT = _declare("W0608", "large-input", "A film is larger than what ComfyUI takes in one upload.")
LONG_INPUT = _declare("W0610", "long-input", "A film is needed whole, and takes more host RAM than a worker has.")
UNEVEN_RATE = _declare("W0609", "uneven-rate", "The frames of a film do not follow each other evenly.")
INPUT_FROM_LOCK = _declare("N0605", "input-from-lock", "An input file is not there; its facts come from the lock.")

# -- 07 runs
WORKER_UNREACHABLE = _declare("E0701", "worker-unreachable", "A worker does not answer.")
WORKER_SILENT = _declare("E0702", "worker-silent", "A worker stopped making progress.")
WORKER_LACKS_NODE = _declare("E0703", "worker-lacks-node", "A worker does not have a node class that the film needs.")
WORKER_LACKS_MODEL = _declare("E0704", "worker-lacks-model", "A worker does not have a model file that the film needs.")
GRAPH_REFUSED = _declare("E0705", "graph-refused", "A worker refused the graph.")
NODE_FAILED = _declare("E0706", "node-failed", "A node failed while it ran.")
OUT_OF_MEMORY = _declare("E0707", "out-of-memory", "A worker ran out of memory.")
BAD_RESULT = _declare("E0708", "bad-result", "A result is not what the plan says it must be.")
NO_WORKER = _declare("E0709", "no-worker", "There is no worker to render on.")
NO_STAND_IN = _declare("E0710", "no-stand-in", "A stage cannot be previewed.")
NO_SPACE = _declare("E0711", "no-space", "The disk is full.")
BAD_WORKER = _declare("E0712", "bad-worker", "A worker answers in a way that ComfyUI does not.")
WORKER_FORBIDS = _declare("E0713", "worker-forbids", "A worker wants another token.")
STOPPED_ON_WORKER = _declare("E0714", "stopped-on-worker", "Somebody stopped the job on the worker.")
WORKER_DIFFERS = _declare("E0715", "worker-differs", "A worker's nodes are not those the plan was made for.")
JOB_LOST = _declare("E0716", "job-lost", "A worker no longer knows the job.")
MISSING_EXTRA = _declare("E0717", "missing-extra", "A command needs an optional part of reelc that is not installed.")
CANNOT_WRITE = _declare("E0718", "cannot-write", "A file cannot be written.")
BAD_PLAN = _declare("E0719", "bad-plan", "A plan cannot be read.")
INPUT_CHANGED = _declare("E0720", "input-changed", "An input file is not the one the plan was made from.")
RUN_BUSY = _declare("E0721", "run-busy", "A run is already being carried out by another process.")
UNKNOWN_RUN = _declare("E0722", "unknown-run", "There is no such run.")
BAD_DATABASE = _declare("E0723", "bad-database", "The database of the runs cannot be used.")
UNKNOWN_STOP = _declare("E0724", "unknown-stop", "A run cannot stop after something of this name.")
BAD_CONFIG = _declare("E0725", "bad-config", "The configuration file cannot be used.")
UNKNOWN_WORKER = _declare("E0726", "unknown-worker", "No worker of this address was added.")
LOW_VRAM = _declare("W0701", "low-vram", "A worker has less GPU memory than a stage is said to need.")

# -- 08 graphs from elsewhere
NOT_A_GRAPH = _declare("E0801", "not-a-graph", "A file is no API-format graph that a ComfyUI server could read.")
BROKEN_LINK = _declare("E0802", "broken-link", "A link leads to no node, or to no output of it.")
LINK_CYCLE = _declare("E0803", "link-cycle", "The links of a graph form a circle.")
NO_OUTPUT_NODE = _declare("E0804", "no-output-node", "A graph has no node that saves or shows anything.")
FAILS_WHEN_RUN = _declare("E0805", "fails-when-run", "ComfyUI accepts the graph, and the node fails when it runs.")
KILLS_SERVER = _declare(
    "E0806", "kills-server", "ComfyUI accepts the graph, and its queue stops for good when it comes to it."
)
IGNORED_INPUT = _declare("W0801", "ignored-input", "ComfyUI ignores an input that the node class does not have.")
REWRITTEN_VALUE = _declare("W0802", "rewritten-value", "ComfyUI takes a value as another one.")
OFF_STEP = _declare("W0803", "off-step", "A number lies between the steps of its input.")
UNREACHED_NODE = _declare("W0804", "unreached-node", "No output needs the node, so it never runs.")
STALE_INPUT = _declare("W0805", "stale-input", "An input belongs to another choice than the one that is made.")
SLOT_GAP = _declare("W0806", "slot-gap", "A repeating input has an empty slot before a full one.")
PAID_SERVICE = _declare("W0807", "paid-service", "A node calls a service over the internet that costs money.")
WRONG_FILE_KIND = _declare("W0808", "wrong-file-kind", "A file is there, and is of a kind that the node does not read.")
WIDGET_VALUE = _declare("W0809", "widget-value", "A value lies outside what a pack's own widget offers.")
DUPLICATE_KEY = _declare("W0810", "duplicate-key", "A JSON object gives one name twice, and the last one counts.")
UNKNOWN_FILE = _declare("W0811", "unknown-file", "Whether a file is on the worker cannot be known from the catalog.")
SUSPECT_VALUE = _declare("W0812", "suspect-value", "ComfyUI lets a value pass that is probably not meant.")

# -- 09 not yet and internal
NOT_YET = _declare("E0901", "not-yet", "This is Reel, but this version of reelc gives it no meaning yet.")
NO_EFFECT_YET = _declare("W0901", "no-effect-yet", "This is Reel, but this version of reelc makes no use of it yet.")
INTERNAL = _declare("E0999", "internal", "A fault in reelc itself.")
