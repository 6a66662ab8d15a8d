"""Formats: the readers, one module a format. A format is added by its module and a line here."""

from backstay.artifacts.format import Format
from backstay.artifacts.formats import (
    compressed,
    gguf,
    hdf5,
    joblib,
    pickle,
    safetensors,
    sevenzip,
    tar,
    torch_legacy,
)
from backstay.artifacts.formats import zip as zip_archive

# Every reader whose format fits is run: a file can be two things at once, and readers disagree on which.
FORMATS: tuple[Format, ...] = (
    *compressed.FORMATS,
    gguf.FORMAT,
    hdf5.DATA,
    hdf5.FORMAT,
    joblib.FORMAT,
    pickle.FORMAT,
    safetensors.FORMAT,
    *sevenzip.FORMATS,
    tar.FORMAT,
    torch_legacy.FORMAT,
    zip_archive.FORMAT,
)  # fmt: skip
