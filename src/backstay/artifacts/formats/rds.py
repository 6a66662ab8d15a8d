"""R data: reads what saveRDS and save wrote (once decompressed) and tells code that waits in it from data.

Reading a file never runs its functions, but a promise in it runs when what was read is first used (CVE-2024-27322;
R 4.4 refuses some). The steps through the items are in `tabular.serialised_r`.
"""

from backstay.artifacts.containers import tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.tabular.serialised_r import Found, Promise, Reader

_SINGLE = (b"X\n\0\0\0\2", b"X\n\0\0\0\3", b"A\n2\n", b"A\n3\n", b"B\n\2\0\0\0", b"B\n\3\0\0\0")
_SEVERAL = (b"RDX2\nX\n", b"RDX3\nX\n", b"RDA2\nA\n", b"RDA3\nA\n", b"RDB2\nB\n", b"RDB3\nB\n")
# Functions that no value of a model waits for: commands, code from elsewhere, libraries, removal of files.
_DANGEROUS = {
    "system", "system2", "shell", "shell.exec", "pipe", "source", "sys.source", "download.file", "socketConnection",
    "make.socket", "url", "curl", "dyn.load", "install.packages", "unlink", "file.remove", "py_run_string",
    "py_run_file", "sourceCpp", "cppFunction", "run", "process", "r_bg", "Sys.chmod", "Sys.setenv", ".jcall",
}  # fmt: skip
_TOLD = 20


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    if head.startswith((b"A\n2\n", b"A\n3\n")):  # the versions of writer and reader follow, as large numbers
        words = head[4:40].split(b"\n")
        return len(words) > 2 and all(word.isdigit() and 5 <= len(word) <= 6 for word in words[:2])
    return head.startswith(_SINGLE) or head.startswith(_SEVERAL)


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "R")
    found = Found()
    at = 5 if content.read(0, 2) == b"RD" else 0
    try:
        Reader(content, at, exam, found).read()
    finally:
        _judge(found, exam)
    tail.check(content, found.end, exam)


def _judge(found: Found, exam: Exam) -> None:
    if found.classes:
        exam.fact("architecture", ", ".join(found.classes))
    for package in found.packages:
        exam.needs(package, "")
    waiting = 0
    for promise in found.promises:
        message = _accusation(promise)
        if message:
            waiting += 1
            if waiting <= _TOLD:
                exam.note(
                    Sign.EXECUTES, ", ".join(dict.fromkeys(promise.calls[:5])) or "promise", message, promise.offset
                )
    kept = sum(promise.waiting for promise in found.promises) - waiting
    if kept > 0:
        exam.note(Sign.CARRIES, "promises", f"{kept} expressions that run when their value is first asked for")
    if found.closures:
        known = [name for name in found.closure_calls if name in _DANGEROUS]
        calls = f", which call {', '.join(known[:5])}" if known else ""
        at = found.closure_calls[known[0]] if known else -1
        exam.note(
            Sign.CARRIES, "functions", f"{found.closures} functions of R{calls}: they run when the model is used", at
        )
    if found.pointers:
        message = f"{found.pointers} pointers into memory, which mean nothing elsewhere"
        exam.note(Sign.IRREGULAR, "external pointer", message)


def _accusation(promise: Promise) -> str:
    """Why a promise is one that no model has; "" for those that functions leave behind."""
    if not promise.waiting:
        return ""
    calls = set(promise.calls)
    if promise.exposed:
        return "a promise in place of a value: R runs its expression when what was read is used (CVE-2024-27322)"
    if calls & _DANGEROUS or {"eval", "parse"} <= calls:
        return "a promise that runs this when its value is asked for (CVE-2024-27322)"
    return ""


FORMAT = Format("rds", _matches, _read, suffixes=(".rds", ".rdata", ".rda"), executable=None)
