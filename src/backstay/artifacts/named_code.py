"""Named code: judges dotted names that a loader imports, by the same policy as the names in a pickle."""

from backstay.artifacts.exam import Exam
from backstay.artifacts.pickles.policy import Standing, entry
from backstay.artifacts.report import Sign
from backstay.catalog.artifacts.folders import table, words

_HARMLESS = words("targets", "harmless")
_FRAMEWORKS = words("targets", "frameworks")
_LOADING = words("targets", "loading")
_EXECUTING = words("targets", "executing")


def judge(dotted: str, exam: Exam, what: str, *, unknown: bool = True) -> Standing:
    """Judge `package.module.name`, which a loader imports and calls. `what` says how: "calls this".

    Notes Sign.EXECUTES for what runs commands or code, Sign.UNKNOWN for what nobody here knows. Where the name stands
    in a project's own settings (`unknown=False`), what is not known is its own, and so is the file that it loads.
    """
    dotted = dotted if "." in dotted else f"builtins.{dotted}"
    module, _, name = dotted.rpartition(".")
    exam.needs(module, name)
    if any(_fits(dotted, one) for one in _HARMLESS):
        return Standing.SAFE
    found = entry(module, name)
    top = dotted.partition(".")[0]
    executing = any(_fits(dotted, one) for one in _EXECUTING)
    if executing or (found.standing is Standing.DANGEROUS and top in words("targets", "standard")):
        exam.note(Sign.EXECUTES, dotted, f"{what}: {found.reason or 'runs code or commands'}")
        return Standing.DANGEROUS
    if any(_fits(dotted, one) for one in _LOADING):
        if unknown:
            exam.note(Sign.EXECUTES, dotted, f"{what}: loads or fetches what may hold code")
        return Standing.DANGEROUS
    if top in _FRAMEWORKS or found.standing is Standing.SAFE:
        return Standing.SAFE
    if unknown:
        exam.note(Sign.UNKNOWN, dotted, f"{what}, which is not known")
    return Standing.UNKNOWN


def _fits(dotted: str, pattern: str) -> bool:
    """Whether a name is a pattern of the tables: `os.path.*` is everything below, `os.getenv` itself alone."""
    return dotted.startswith(pattern[:-1]) if pattern.endswith("*") else dotted == pattern


def known_module(kind: str, module: str) -> bool:
    """Whether a module is one of those that `targets.toml` lists under a kind, or stands below one."""
    return any(module == one or module.startswith(f"{one}.") for one in str(table("targets")[kind]).split())
