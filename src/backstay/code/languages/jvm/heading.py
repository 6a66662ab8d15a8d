"""What a Java or Kotlin file says of itself at first sight: package, imports and the names it declares."""

import re

from backstay.code.language import Heading

MAX_NAMES = 2_000
_PACKAGE = re.compile(rb"^[ \t]*package[ \t]+([\w.`]{1,300})", re.MULTILINE)
_IMPORT = re.compile(rb"^[ \t]*import[ \t]+(static[ \t]+)?([\w.`]{1,300}\*?)", re.MULTILINE)
# Declarations stand at the start of a line, behind annotations and modifiers.
_MARKS = rb"(?:@[\w.:]{1,100}(?:\([^()\n]{0,300}\))?[ \t]+)*(?:[a-z][a-z-]{1,14}[ \t]+)*?"
_TYPE = rb"(?:class|interface|enum(?:[ \t]+class)?|record|object|@interface|typealias)[ \t]+(?P<type>\w+)"
_FUNCTION = rb"fun[ \t]+(?:<[^>\n]{0,200}>[ \t]*)?(?:[\w<>?, ]{1,100}\.)?(?P<function>\w+|`[^`\n]{1,100}`)[ \t]*\("
_VALUE = rb"(?:val|var)[ \t]+(?:[\w<>?]{1,100}\.)?(?P<value>\w+)"
_JAVA = re.compile(rb"^" + _MARKS + _TYPE, re.MULTILINE)
_KOTLIN = re.compile(rb"^" + _MARKS + rb"(?:" + _TYPE + rb"|" + _FUNCTION + rb"|" + _VALUE + rb")", re.MULTILINE)


def heading(path: str, source: bytes) -> Heading:
    """The heading of a file. A static import counts as one of the class its names stand in."""
    package = _PACKAGE.search(source)
    imports: dict[tuple[str, int], None] = {}
    for found in _IMPORT.finditer(source):
        name = _text(found.group(2))
        static = found.group(1) is not None and not name.endswith("*")
        imports[name.rpartition(".")[0] if static else name.removesuffix(".*"), 0] = None
    names: dict[str, None] = {}
    for found in (_JAVA if path.endswith(".java") else _KOTLIN).finditer(source):
        name = _text(next(filter(None, found.groups()), b""))
        names[name] = None
        if len(names) >= MAX_NAMES:
            break
    return Heading(list(imports), _text(package.group(1)) if package else "", list(names))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("`", "")
