"""Report: what the inspection of one model file says: what was seen where, what was not read, and what it is."""

from enum import IntEnum, StrEnum

import msgspec


class State(IntEnum):
    """The four ends of an inspection, from best to worst. What is unknown or was not read is never `CLEAN`."""

    CLEAN = 0
    UNKNOWN = 1  # loading it needs code that nobody here knows, or part of it could not be read
    CODE = 2  # it brings code of its own: not proven harmful, and loading it is running it
    MALICIOUS = 3  # loading it does what no model has to do, or it is built to mislead its readers

    @property
    def word(self) -> str:
        return _WORDS[self]


_WORDS = {
    State.CLEAN: "clean",
    State.UNKNOWN: "depends on unknown code",
    State.CODE: "carries code",
    State.MALICIOUS: "malicious",
}


class Sign(StrEnum):
    """What can be wrong with a model file; each is an attribute of the asset and has a rule of its own."""

    EXECUTES = "executes"  # loading calls something that no model needs: a command, a file, the network, an interpreter
    OPERATIONS = "dangerous_operations"  # a graph holds operations that read or write files, or run code
    TEMPLATE = "template_injection"  # a template reaches beyond what a template needs, or speaks on a hidden condition
    ESCAPES = "escaping_paths"  # a path or link leads out of the model's own folder, or to a network
    ENTITIES = "xml_entities"  # XML defines entities or a document type
    DECEIVES = (
        "deceptive_structure"  # readers would see different things: duplicates, disagreeing headers, hidden parts
    )
    EXHAUSTS = "exhausting_content"  # a bomb: reading it takes memory or time out of all proportion
    PROGRAM = "embedded_programs"  # an executable, a library or a script inside weights
    TENSORS = "invalid_tensors"  # tensors that overlap, contradict their shape, or lie outside their file
    TOKENIZER = "tampered_tokenizer"  # a tokenizer that rewrites what passes through it
    CARRIES = "carried_code"  # functions, layers or handlers stored in the file
    NATIVE = "native_code"  # operations that only a native library knows
    UNKNOWN = "unknown_code"  # loading imports classes or functions of packages that the policy does not know
    IRREGULAR = "irregular_structure"  # odd, and explained by nothing harmful
    INCOMPLETE = "missing_parts"  # the file ends early, or shards or external data are missing
    DISGUISED = "disguised_format"  # the name promises another format than the content has
    INDICATOR = "backdoor_indicators"  # weights, names or tokens that look out of place; each has a false-alarm rate


STATES: dict[Sign, State] = {
    Sign.EXECUTES: State.MALICIOUS,
    Sign.OPERATIONS: State.MALICIOUS,
    Sign.TEMPLATE: State.MALICIOUS,
    Sign.ESCAPES: State.MALICIOUS,
    Sign.ENTITIES: State.MALICIOUS,
    Sign.DECEIVES: State.MALICIOUS,
    Sign.EXHAUSTS: State.MALICIOUS,
    Sign.PROGRAM: State.MALICIOUS,
    Sign.TENSORS: State.MALICIOUS,
    Sign.TOKENIZER: State.MALICIOUS,
    Sign.CARRIES: State.CODE,
    Sign.NATIVE: State.UNKNOWN,
    Sign.UNKNOWN: State.UNKNOWN,
    Sign.IRREGULAR: State.CLEAN,
    Sign.INCOMPLETE: State.CLEAN,
    Sign.DISGUISED: State.CLEAN,
    Sign.INDICATOR: State.CLEAN,
}

Fact = str | int | float | bool | list[str]


class Observation(msgspec.Struct, frozen=True, order=True):
    """One thing seen. `subject` is its name ("posix.system"), `message` says what about it, in words.

    `member` is the path of the part it stands in (`archive.zip!data.pkl` without the file's own name), `offset` the
    byte there; -1 where no byte can be named. Text of the file is cut and made printable before it gets here.
    """

    sign: Sign
    subject: str
    message: str = ""
    member: str = ""
    offset: int = -1

    @property
    def text(self) -> str:
        """All of it in one line, as an attribute of the asset has it."""
        what = f"{self.subject}: {self.message}" if self.message else self.subject
        return f"{what} [{self.where}]" if self.where else what

    @property
    def where(self) -> str:
        return " ".join(
            ([self.member] if self.member else []) + ([f"at byte {self.offset}"] if self.offset >= 0 else [])
        )


class Gap(msgspec.Struct, frozen=True, order=True):
    """A part that was not read, or not wholly: the reason is a fixed word or two ("encrypted"), `detail` a number."""

    reason: str
    detail: str = ""
    member: str = ""

    @property
    def text(self) -> str:
        """All of it in one line."""
        what = f"{self.reason}: {self.detail}" if self.detail else self.reason
        return f"{what} [{self.member}]" if self.member else what


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one file. `format` is empty when it is of none that is known; `model` says whether it is a model
    or holds one: an archive of anything else is none.

    `facts` are read from its bytes (`parameters`, `precision`), `declared` is what its author wrote in it
    (`license`, `base_model`). `imports` are the modules and names that loading it needs, known-safe ones too.
    """

    format: str
    model: bool
    size: int
    state: State
    observations: tuple[Observation, ...] = ()
    gaps: tuple[Gap, ...] = ()
    facts: dict[str, Fact] = {}
    declared: dict[str, Fact] = {}
    imports: tuple[str, ...] = ()
    members: int = 0

    def signs(self) -> dict[str, list[str]]:
        """The observations as text, by the value of their sign; only signs that were seen."""
        found: dict[str, list[str]] = {}
        for one in self.observations:
            found.setdefault(one.sign.value, []).append(one.text)
        return found

    @property
    def complete(self) -> bool:
        """Whether all of it was read that can change the verdict."""
        return not self.gaps
