"""C#: source files, the code of Razor components, and the usings of project files."""

from backstay.code.facts import Module
from backstay.code.language import Heading, Language
from backstay.code.languages.dotnet.declarations import parse_source
from backstay.code.languages.dotnet.headings import source_heading
from backstay.code.languages.dotnet.modules import modules
from backstay.code.languages.dotnet.projects import project_heading, project_module
from backstay.code.languages.dotnet.razor import component


def heading(path: str, source: bytes) -> Heading:
    """What a file says of itself at first sight."""
    if path.endswith(".csproj"):
        return project_heading(source)
    if path.endswith(".razor"):
        spaces, _ = component(_stem(path), source)
        return Heading([(one.strip(), 0) for one in spaces], "", [_stem(path)])
    return source_heading(source)


def parse(path: str, source: bytes) -> Module:
    """The facts of a file. Never raises."""
    if path.endswith(".csproj"):
        return project_module(path, source)
    return parse_source(path, component(_stem(path), source)[1] if path.endswith(".razor") else source)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


language = Language("dotnet", "C#", heading, parse, modules)
