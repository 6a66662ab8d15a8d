"""Java and Kotlin: one front-end, as files of both see each other's names."""

from backstay.code.facts import Module
from backstay.code.language import Language
from backstay.code.languages.jvm import java, kotlin
from backstay.code.languages.jvm.heading import heading
from backstay.code.languages.jvm.modules import modules


def parse(path: str, source: bytes) -> Module:
    """The facts of a file, by its suffix."""
    return java.parse(path, source) if path.endswith(".java") else kotlin.parse(path, source)


language = Language("jvm", "Java and Kotlin", heading, parse, modules)
