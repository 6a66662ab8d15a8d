"""Formats: the readers, one module a format. A format is added by its module and a line here."""

from backstay.artifacts.format import Format
from backstay.artifacts.formats import (
    safetensors,
)

# Every reader whose format fits is run: a file can be two things at once, and readers disagree on which.
FORMATS: tuple[Format, ...] = (
    safetensors.FORMAT,
)
