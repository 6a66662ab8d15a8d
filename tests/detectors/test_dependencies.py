"""Versions, specifiers and scopes of dependencies, as the tools that install them read them."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from backstay.detectors.packages import detect
from backstay.detectors.support.dependencies import python_requirement
from backstay.model import Asset, Relationship
from backstay.plugin import File

Row = tuple[str, object, object, object, object, int]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def rows(path: str, text: str) -> Iterator[Row]:
    """Name, version, specifier, scope, direct and line of every dependency."""
    data = text.encode()
    facts = list(detect.detect(File(path, data, len(data), "0" * 64, "src")))
    names = {fact.key: fact for fact in facts if isinstance(fact, Asset)}
    for fact in facts:
        if isinstance(fact, Relationship):
            asset, use = names[fact.target], fact.attributes
            line = fact.evidence[0].line
            yield asset.name, asset.attributes["version"], use["specifier"], use["scope"], use["direct"], line


CASES: list[tuple[str, str, list[Row]]] = [
    (
        "go.mod",
        'module "m"\nrequire (\n  github.com/Azure/x/v2 v2.1.0 // indirect\n  a.io/b v1.0.0+incompatible\n)\n'
        "require c.io/d v0.1.0\nrequire e.io/f v1.2.0\nreplace a.io/b v1.0.0+incompatible => ../b\n"
        "replace c.io/d => g.io/h v3.0.0\nexclude i.io/j v1.0.0\nrequire (\n  bad\n  two words here\n",
        [
            ("github.com/azure/x", "v2.1.0", "", "runtime", False, 3),
            ("g.io/h", "v3.0.0", "", "runtime", True, 6),
            ("e.io/f", "v1.2.0", "", "runtime", True, 7),
        ],
    ),
    (
        "package.json",
        '{"workspaces": ["src/*"], "dependencies": {"@me/mine": "*", "openai": "^4.0.0"}}',
        [("openai", None, "^4.0.0", "runtime", True, 1)],
    ),
    (
        "requirements.txt",
        f"a==1.0\nB.c_d>=2,<3 ; python_version>'3'\n-e git+https://h.example/o/tool.git@{COMMIT}\nx @ https://h.example/x.zip\n",
        [
            ("a", "1.0", "==1.0", "runtime", True, 1),
            ("b-c-d", None, "<3,>=2", "runtime", True, 2),
            ("tool", COMMIT, "@ url", "runtime", True, 3),
            ("x", None, "@ url", "runtime", True, 4),
        ],
    ),
    ("requirements-dev.txt", "pytest\n", [("pytest", None, "", "development", True, 1)]),
    ("constraints.txt", "a==1\n", [("a", "1", "==1", "runtime", False, 1)]),
    ("requirements.txt", "a==1.*\n", [("a", None, "==1.*", "runtime", True, 1)]),
    (
        "pyproject.toml",
        '[project]\ndependencies = [\n  "a>=1",\n  "b",\n]\n\n[dependency-groups]\ntest = ["c"]\n',
        [
            ("a", None, ">=1", "runtime", True, 3),
            ("b", None, "", "runtime", True, 4),
            ("c", None, "", "development", True, 8),
        ],
    ),
    (
        "pyproject.toml",
        '[tool.poetry.dependencies]\npython = "^3.11"\na = "1.2.3"\nb = "^2"\n'
        'c = {git = "https://h.example/c.git", branch = "main"}\n',
        [
            ("a", "1.2.3", "1.2.3", "runtime", True, 3),
            ("b", None, "^2", "runtime", True, 4),
            ("c", None, "@ url", "runtime", True, 5),
        ],
    ),
    (
        "package.json",
        '{\n"dependencies": {\n"a": "1.2.3",\n"b": "^1.0.0",\n"c": "npm:real@2.0.0",\n'
        '"d": "file:../d"},\n"devDependencies": {"e": "*"}}',
        [
            ("a", "1.2.3", "1.2.3", "runtime", True, 3),
            ("b", None, "^1.0.0", "runtime", True, 4),
            ("real", "2.0.0", "2.0.0", "runtime", True, 5),
            ("e", None, "*", "development", True, 7),
        ],
    ),
    (
        "package-lock.json",
        '{"packages": {"": {"dependencies": {"a": "^1"}},\n'
        '"node_modules/a": {"version": "1.5.0"},\n'
        '"node_modules/b": {"version": "2.0.0", "dev": true}}}',
        [("a", "1.5.0", "", "runtime", True, 2), ("b", "2.0.0", "", "development", False, 3)],
    ),
    (
        "package-lock.json",
        '{"lockfileVersion": 1, "dependencies": {\n'
        '"a": {"version": "1.0.0", "dependencies": {\n"b": {"version": "2.0.0"}}}}}',
        [("a", "1.0.0", "", "runtime", False, 2), ("b", "2.0.0", "", "runtime", False, 3)],
    ),
    (
        "poetry.lock",
        '[[package]]\nname = "a"\nversion = "1.0"\ngroups = ["dev"]\n\n'
        '[package.dependencies]\nname = "no"\n\n[metadata]\nname = "no"\n',
        [("a", "1.0", "", "development", False, 2)],
    ),
    (
        "environment.yml",
        "dependencies:\n  - python=3.11\n  - conda-forge::pytorch=2.5.1=py311\n"
        "  - openssl>=3\n  - pip:\n    - openai==1.0\n",
        [
            ("torch", "2.5.1", "2.5.1=py311", "runtime", True, 3),
            ("openssl", None, ">=3", "runtime", True, 4),
            ("openai", "1.0", "==1.0", "runtime", True, 6),
        ],
    ),
    ("bun.lock", '{"packages": {"a": ["a@1.0.0", "", {}, "sha512-x"],}}', [("a", "1.0.0", "", "runtime", False, 1)]),
    (
        "conda-lock.yml",
        "package:\n- name: numpy\n  version: 1.26.4\n  manager: conda\n- name: openai\n"
        "  version: 1.0.0\n  manager: pip\n  category: dev\n",
        [("numpy", "1.26.4", "", "runtime", False, 2), ("openai", "1.0.0", "", "development", False, 5)],
    ),
]


@pytest.mark.parametrize(
    ("path", "text", "expected"), CASES, ids=[f"{n}-{path}" for n, (path, _, _) in enumerate(CASES)]
)
def test_dependencies(path: str, text: str, expected: list[Row]) -> None:
    assert sorted(rows(path, text), key=lambda row: row[5]) == expected


def test_a_setup_script_is_never_run() -> None:
    text = 'import os\nos._exit(3)\nsetup(install_requires=["a==1"] + open("x").read().split())\n'
    assert [row[:2] for row in rows("setup.py", text)] == [("a", "1")]


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(?:-[a-z0-9]{1,5})?", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}", fullmatch=True)


@settings(deadline=None)
@given(st.dictionaries(NAMES, VERSIONS, max_size=8))
def test_every_pin_is_read_back(pins: dict[str, str]) -> None:
    text = "".join(f"{name}=={version}  # note\n" for name, version in pins.items())
    assert {row[0]: row[1] for row in rows("requirements.txt", text)} == pins
    lock = "".join(f'[[package]]\nname = "{name}"\nversion = "{version}"\n\n' for name, version in pins.items())
    assert {row[0]: row[1] for row in rows("uv.lock", lock)} == pins


@given(st.text(max_size=60))
def test_requirements_as_packaging_reads_them(text: str) -> None:
    found = python_requirement(text, 1)
    if found:
        assert found.name == Requirement(text.strip()).name
