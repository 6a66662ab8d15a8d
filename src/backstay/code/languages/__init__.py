"""Languages: one front-end a folder, loaded when the first file of its language is met."""

from functools import cache

from backstay.code.language import Language

# Ends of names, and how the programs begin that a script's first line names.
SUFFIXES = {
    "python": (".py", ".pyi", ".ipynb"),
    "javascript": (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte"),
    "jvm": (".java", ".kt", ".kts"),
    "go": (".go",),
    "dotnet": (".cs", ".razor", ".csproj"),
}
# Languages of programs that no front-end reads: what is not understood is said.
OTHERS = {
    ".rs": "Rust",
    ".rb": "Ruby",
    ".php": "PHP",
    ".swift": "Swift",
    ".scala": "Scala",
    ".c": "C",
    ".cc": "C++",
    ".cpp": "C++",
    ".cxx": "C++",
    ".m": "Objective-C",
    ".ex": "Elixir",
    ".exs": "Elixir",
    ".clj": "Clojure",
    ".dart": "Dart",
    ".lua": "Lua",
    ".r": "R",
    ".jl": "Julia",
    ".fs": "F#",
    ".vb": "Visual Basic",
    ".hs": "Haskell",
    ".pl": "Perl",
    ".groovy": "Groovy",
    ".zig": "Zig",
}
INTERPRETERS = {"python": (b"python",), "javascript": (b"node", b"deno", b"bun", b"tsx", b"ts-node", b"zx")}


@cache
def front_end(id: str) -> Language:
    """A language's front-end by the language's id. Raises KeyError for one that there is no front-end of."""
    match id:  # imported where used: five grammars and their readers take longer to load than most scans
        case "python":
            from backstay.code.languages import python as found  # noqa: PLC0415
        case "javascript":
            from backstay.code.languages import javascript as found  # type: ignore[no-redef]  # noqa: PLC0415
        case "jvm":
            from backstay.code.languages import jvm as found  # type: ignore[no-redef]  # noqa: PLC0415
        case "go":
            from backstay.code.languages import go as found  # type: ignore[no-redef]  # noqa: PLC0415
        case "dotnet":
            from backstay.code.languages import dotnet as found  # type: ignore[no-redef]  # noqa: PLC0415
        case _:
            raise KeyError(id)
    return found.language


@cache
def _by_suffix() -> dict[str, str]:
    return {suffix: id for id, suffixes in SUFFIXES.items() for suffix in suffixes}


def language_of(path: str, head: bytes = b"") -> Language | None:
    """The language of a file, by the end of its name or, without one, the interpreter that its first line names."""
    name = path[path.rfind("/") + 1 :].lower()
    if "." in name:
        found = _by_suffix().get(name[name.rfind(".") :])
        if found is not None:
            return front_end(found)
    if head.startswith(b"#!"):
        words = head[2:120].partition(b"\n")[0].replace(b"/", b" ").split()
        for id, programs in INTERPRETERS.items():
            if any(word.startswith(program) for word in words for program in programs):
                return front_end(id)
    return None
