"""Placement: whether a file is production code, a test, an example or documentation, by its path."""

import re

_TEST = frozenset(
    ("test", "tests", "testing", "__tests__", "__mocks__", "mocks", "spec", "specs", "testdata", "fixtures", "e2e")
)
_EXAMPLE = frozenset(
    ("example", "examples", "sample", "samples", "demo", "demos", "tutorial", "tutorials", "cookbook", "cookbooks")
)
_DOCUMENTATION = frozenset(("doc", "docs", "documentation", "website"))
_TEST_NAME = re.compile(
    r"test_.*|conftest\..*|.*_test\.[a-z]+|.*[.](?:test|spec|mock|stories)\.[a-z]+|.*tests?\.(?:java|kt|cs)"
    r"|mock_.*\.go|.*_mock\.go"
)


def placement_of(path: str) -> str:
    """`test`, `example`, `documentation` or `production`."""
    *folders, name = path.lower().split("/")
    if _TEST.intersection(folders) or (len(name) < 256 and _TEST_NAME.fullmatch(name)):
        return "test"
    if _EXAMPLE.intersection(folders):
        return "example"
    if _DOCUMENTATION.intersection(folders) or name.startswith(("readme.", "changelog.")):
        return "documentation"
    return "production"


def placement_of_all(paths: list[str]) -> str:
    """The placement of what is seen at several paths: production as soon as one of them is; empty for none."""
    found = {placement_of(path) for path in paths}
    return next((one for one in ("production", "example", "test", "documentation") if one in found), "")
