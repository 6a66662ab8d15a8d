"""Source: what Python text that a model brings would do: custom architectures, handlers, layers, TorchScript code.

Such code runs when the model is loaded: that it is there is always noted. Accused is only what no model needs and no
honest one was seen to do: commands that are no compiler's or converter's, code that is decoded and then run, shells
over sockets, keys that are read and sent.
"""

import re

import tree_sitter
import tree_sitter_python

from backstay import trees
from backstay.artifacts.exam import Exam
from backstay.artifacts.programs.names import known
from backstay.artifacts.programs.python import Scope, children
from backstay.artifacts.report import Sign

MAX_SOURCE = 4 << 20  # bytes that are parsed; the largest honest module has a quarter of it
MAX_DEPTH = 3  # code in texts in code
_LANGUAGE = tree_sitter.Language(tree_sitter_python.language())
_CODING = re.compile(rb"\A(?:[^\n]{0,200}\n)?[ \t\f]{0,100}#[^\n]{0,100}?coding[:=][ \t]{0,20}([-\w.]{1,40})")
_HIDING = frozenset(
    {"utf-7", "utf7", "u7", "rot13", "rot-13", "raw-unicode-escape", "unicode-escape", "hex", "base64", "punycode"}
)
_ADDRESS = re.compile(r"\A(?:[a-z]{2,6}://)?(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b")
_OWN = re.compile(r"\A(?:[a-z]{2,6}://)?(?:127\.|0\.0\.0\.0|10\.|192\.168\.|localhost)")
_LIBC = re.compile(r"libc\b|libc\.so|msvcrt|kernel32|ntdll|user32")


def judge(source: bytes, exam: Exam, subject: str) -> None:
    """Note that a model brings this code, and what in it no model needs. Offsets are bytes of the source."""
    if not source.strip():
        return
    _Judge(exam, subject).source(source, 0, -1)
    exam.note(Sign.CARRIES, subject, "Python code that runs when the model is loaded or used")


class _Judge:
    def __init__(self, exam: Exam, subject: str) -> None:
        self._exam, self._subject = exam, subject

    def source(self, source: bytes, depth: int, at: int) -> None:
        """Look at a source; `at` is where the text stands that holds it, when it is no file of its own."""
        if len(source) > MAX_SOURCE:
            self._exam.gap("too large", f"code of {len(source)} bytes")
            source = source[:MAX_SOURCE]
        coding = _CODING.match(source)
        if coding and coding[1].decode("ascii", "replace").lower().replace("_", "-") in _HIDING:
            self._accuse(f"hides its text in the encoding {coding[1].decode('ascii', 'replace')}", at if at >= 0 else 0)
        self._exam.step(len(source) // 16 + 1)
        parsed = trees.tree(_LANGUAGE, source, angles=False, remarks=True)
        if parsed is None:
            self._exam.gap("too complex", f"code of {len(source)} bytes")
            return
        scope = Scope(source, self._exam)
        scope.learn(parsed.root_node)
        sends = any(scope.called(call) in known().sends for call in scope.calls)
        for call in scope.calls:
            self._exam.step()
            why = self._call(scope, call, sends, depth)
            if why:
                self._accuse(why, call.start_byte if at < 0 else at)
        if any(scope.called(call) in known().posts for call in scope.calls):
            for where in scope.dumps:
                self._accuse("reads all variables of the environment, and sends", where if at < 0 else at)

    def _accuse(self, why: str, at: int) -> None:
        self._exam.note(Sign.EXECUTES, self._subject, why, at)

    def _call(self, scope: Scope, call: tree_sitter.Node, sends: bool, depth: int) -> str:
        table, name = known(), scope.called(call)
        if not name:
            return ""
        first = scope.argument(call)
        if name in table.starts:
            return self._starts(scope, call, name, first)
        if name in table.runs:
            return self._runs(scope, name, first, call, depth)
        if name in table.unmarshals:
            return "loads compiled code out of bytes (marshal)"
        if name in table.unpickles and first is not None and scope.hidden(first) and scope.held(first):
            return f"loads a pickle that it holds itself ({name})"
        if name in ("__import__", "importlib.import_module", "importlib.__import__") and first is not None:
            asked = scope.text(first)
            if asked is None and scope.hidden(first):
                return f"imports a module whose name it decodes ({name})"
            if asked is not None and first.type != "string" and asked.partition(".")[0] in table.asked:
                return f"imports {asked} by a name that it puts together"
            return ""
        if name in ("getattr", "builtins.getattr"):
            return self._getattr(scope, call)
        return self._reaches(scope, name, first, sends)

    def _starts(self, scope: Scope, call: tree_sitter.Node, name: str, first: tree_sitter.Node | None) -> str:
        command = scope.command(first) if first is not None else None
        if command is None:
            if first is not None and scope.hidden(first):
                return f"starts a program whose command it decodes ({name})"
            at_once = scope.at_once(call)
            return f"starts a program as soon as it is imported ({name})" if at_once and not scope.guarded(call) else ""
        program = command.split()[0].rpartition("/")[2].lower() if command.split() else ""
        if program in known().tools and not _LIVE.search(command):
            return ""
        return f"starts a program: {name}({_cut(command)!r})"

    def _runs(self, scope: Scope, name: str, first: tree_sitter.Node | None, call: tree_sitter.Node, depth: int) -> str:
        if first is None:
            return ""
        if scope.hidden(first):
            return f"runs code that it decodes or fetches ({name})"
        code = scope.text(first)
        if code is None or depth >= MAX_DEPTH or name.endswith("Type"):
            return ""
        self.source(code.encode("utf-8", "surrogatepass"), depth + 1, call.start_byte)
        return ""

    def _getattr(self, scope: Scope, call: tree_sitter.Node) -> str:
        owner, attribute = scope.argument(call), scope.argument(call, 1)
        if owner is None or attribute is None:
            return ""
        module, asked = scope.path(owner), scope.text(attribute)
        if module not in known().asked or module in ("sys", "importlib", "pickle"):
            return ""
        if asked is None:
            return f"takes an attribute of {module} whose name it computes" if scope.hidden(attribute) else ""
        path = f"{module}.{asked}".replace("posix.", "os.")
        if attribute.type != "string" and (path in known().starts or asked in ("eval", "exec", "system")):
            return f"takes {path} by a name that it puts together"
        return ""

    def _reaches(self, scope: Scope, name: str, first: tree_sitter.Node | None, sends: bool) -> str:
        text = scope.text(first) if first is not None else None
        if name in (
            "open",
            "builtins.open",
            "io.open",
            "codecs.open",
            "pathlib.Path",
            "os.path.expanduser",
            "shutil.copy",
        ):
            private = next((one for one in known().private if one in text), "") if text is not None else ""
            return f"opens what is not the model's: {_cut(text or '')}" if private else ""
        if name.startswith("ctypes."):
            native = text is not None and _LIBC.search(text)
            return f"calls the operating system past Python ({name})" if native else ""
        if name in ("os.dup2", "os.fork", "os.forkpty", "os.setsid") and sends and scope.uses("socket"):
            return f"hands a process to a connection ({name})"
        if name in known().sends or name in known().hides:
            if text is not None and _ADDRESS.match(text) and not _OWN.match(text):
                return f"speaks to {_cut(text)} ({name})"
            return ""
        if name.endswith((".connect", ".connect_ex")) and scope.uses("socket") and first is not None:
            host = scope.text(children(first)[0]) if first.type == "tuple" and children(first) else None
            return f"connects to {_cut(host)}" if host is not None and not _OWN.match(host) else ""
        return ""


# What a command does beyond its first word: a second command, or something that is fetched and run.
_LIVE = re.compile(
    r"\|\s*(?:ba|z)?sh\b|/dev/tcp/|\bbase64\b|\bcurl\b|\bwget\b|python3?\s+-c|`|\$\(|\bnc\b|\bchmod\b|\bcrontab\b"
)


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
