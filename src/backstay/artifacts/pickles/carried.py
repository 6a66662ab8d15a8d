"""Carried code: what the code that a pickle makes into functions names, as far as that can be read."""

from typing import TYPE_CHECKING

from backstay.artifacts.pickles.constants import UnknownError
from backstay.artifacts.pickles.fold import literal
from backstay.artifacts.pickles.terms import Call, Global, Group, Value
from backstay.artifacts.report import Sign

if TYPE_CHECKING:
    from backstay.artifacts.pickles.judge import Verdicts

_DEEPEST = 4

# Names that no function of a model has a use for, and that run programs, code or connections.
_WORDS = """
    __import__ __subclasses__ check_call check_output create_subprocess_exec create_subprocess_shell ctypes eval
    exec execl execle execlp execv execve execvp execvpe f_globals fork forkpty get_ipython getoutput
    getstatusoutput import_module invoke_shell popen Popen posix_spawn posix_spawnp pty rmtree run_module run_path
    runpy socket spawn spawnl spawnv spawnve startfile subprocess system unlink urlopen urlretrieve WinDLL
"""
_HARMFUL = frozenset(_WORDS.split())


def weigh(judge: "Verdicts", function: Global, args: Value, at: int) -> None:
    """Look at what code is made of: the names that it uses are among the arguments, as texts."""
    for name in sorted(_names(judge, args, 0)):
        judge.findings.add(Sign.EXECUTES, f"{function.path}: {name}", "makes code that uses this name", "", at)


def _names(judge: "Verdicts", value: Value, depth: int) -> set[str]:
    if isinstance(value, Group) and depth < _DEEPEST:
        return {name for one in value.items or () for name in _names(judge, one, depth + 1)}
    if isinstance(value, int | Call | Global) and not isinstance(value, int):
        return set()
    try:
        text = literal(value, judge.constants)
    except UnknownError:
        return set()
    return {text} & _HARMFUL if isinstance(text, str) else set()
