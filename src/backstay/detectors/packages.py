"""Detector of packages in manifests and lock files of Python, JavaScript, Go, Java, Kotlin and .NET projects."""

from collections.abc import Callable, Iterator

from backstay.detectors.support import (
    go_manifests,
    maven_manifests,
    node_manifests,
    nuget_manifests,
    python_locks,
    python_manifests,
)
from backstay.detectors.support.dependencies import Dependency, dependency_facts
from backstay.model import Kind
from backstay.plugin import Fact, File, Selector, detector

Reader = Callable[[File], Iterator[Dependency]]

_BY_NAME: dict[str, Reader] = {
    "pyproject.toml": python_manifests.pyproject,
    "pipfile": python_manifests.pipfile,
    "setup.cfg": python_manifests.setup_cfg,
    "setup.py": python_manifests.setup_py,
    "environment.yml": python_manifests.conda,
    "environment.yaml": python_manifests.conda,
    "conda.yml": python_manifests.conda,
    "conda.yaml": python_manifests.conda,
    "poetry.lock": python_locks.toml_lock,
    "uv.lock": python_locks.toml_lock,
    "pdm.lock": python_locks.toml_lock,
    "pylock.toml": python_locks.toml_lock,
    "pipfile.lock": python_locks.pipfile_lock,
    "conda-lock.yml": python_locks.conda_lock,
    "conda-lock.yaml": python_locks.conda_lock,
    "package.json": node_manifests.package_json,
    "package-lock.json": node_manifests.package_lock,
    "npm-shrinkwrap.json": node_manifests.package_lock,
    "yarn.lock": node_manifests.yarn_lock,
    "pnpm-lock.yaml": node_manifests.pnpm_lock,
    "bun.lock": node_manifests.bun_lock,
    "go.mod": go_manifests.go_mod,
    "pom.xml": maven_manifests.pom,
    "build.gradle": maven_manifests.gradle,
    "build.gradle.kts": maven_manifests.gradle,
    "libs.versions.toml": maven_manifests.version_catalog,
    "directory.packages.props": nuget_manifests.project,
    "directory.build.props": nuget_manifests.project,
    "packages.config": nuget_manifests.packages_config,
    "packages.lock.json": nuget_manifests.lock,
}
_REQUIREMENTS = (
    "**/*requirements*.txt",
    "**/*requirements*.in",
    "**/requirements/**/*.txt",
    "**/requirements/**/*.in",
    "**/constraints*.txt",
)
_SELECTOR = Selector(
    names=frozenset(_BY_NAME),
    paths=(
        *_REQUIREMENTS,
        "**/*.csproj",
        "**/*.fsproj",
        "**/*.vbproj",
        "**/pylock.*.toml",
        "**/environment*.y*ml",
        "**/*-environment.y*ml",
    ),
)


@detector(_SELECTOR, Kind.PACKAGE)
def detect(file: File) -> Iterator[Fact]:
    yield from dependency_facts(file, _reader(file)(file))


def _reader(file: File) -> Reader:
    name = file.name.lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.endswith("proj"):
        return nuget_manifests.project
    if name.endswith(".toml"):
        return python_locks.toml_lock
    return python_manifests.conda if name.endswith(("yml", "yaml")) else python_manifests.requirements
