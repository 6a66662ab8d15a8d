"""Headings: what a JavaScript file imports, found without parsing it; machine-made files are passed over."""

import re

from backstay.code.language import Heading

# What may stand between a keyword and the module it names; every repetition is bounded.
_SPECIFIER = re.compile(rb"\s{0,40}\(?\s{0,40}(?:/\*[^*]{0,200}\*/\s{0,40})?([\"'`])([^\"'`\s$]{1,200})\1")
_KEYWORDS = (b"from", b"import", b"require")
_BUNDLERS = (b"__webpack_require__(", b"__commonJSMin(", b"__commonJS({", b"parcelRequire(")
LARGE = 100_000  # bytes; below that a bundle is read like any other file
LONG_LINE = 1_000


def heading(path: str, source: bytes) -> Heading:
    """The modules a file names after `from`, `import` or `require`; none for one that a bundler or minifier made."""
    if is_minified(source) or (len(source) > LARGE and any(mark in source for mark in _BUNDLERS)):
        return Heading()
    found: dict[tuple[str, int], None] = {}
    for keyword in _KEYWORDS:
        at = source.find(keyword)
        while at >= 0:
            match = _SPECIFIER.match(source, at + len(keyword))
            if match is not None:
                found[match[2].decode("utf-8", "replace"), 0] = None
            at = source.find(keyword, at + len(keyword))
    return Heading(list(found))


def is_minified(source: bytes) -> bool:
    """Whether most of a file is code in very long lines: dense with brackets, short of blanks.

    Long lines of data (base64, a lookup table) and of prose (a prompt) do not count: the first has no brackets, the
    second many blanks.
    """
    if len(source) <= LONG_LINE:
        return False
    long = code = at = 0
    while at < len(source):
        end = source.find(b"\n", at)
        end = len(source) if end < 0 else end
        if end - at > LONG_LINE:
            brackets = source.count(b"(", at, end) + source.count(b"{", at, end)
            blanks = source.count(b" ", at, end)
            if brackets * 50 > end - at and blanks * 12 < end - at:
                code += end - at
            long += end - at
        at = end + 1
    return long * 2 > len(source) and code * 2 > len(source)
