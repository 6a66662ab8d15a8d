"""Formats: the readers, one module a format. A format is added by its module and a line here."""

from backstay.artifacts.format import Format
from backstay.artifacts.formats import (
    compressed,
    executable,
    executorch,
    flax,
    gguf,
    hdf5,
    joblib,
    keras_json,
    lightgbm,
    llamafile,
    numpy,
    pickle,
    safetensors,
    sevenzip,
    tar,
    tensorflow_graph,
    tensorflow_saved_model,
    torch_legacy,
    xgboost,
)
from backstay.artifacts.formats import zip as zip_archive

# Every reader whose format fits is run: a file can be two things at once, and readers disagree on which.
FORMATS: tuple[Format, ...] = (
    *compressed.FORMATS,
    *sevenzip.FORMATS,
    executable.FORMAT,
    executorch.FORMAT,
    flax.FORMAT,
    gguf.FORMAT,
    hdf5.DATA,
    hdf5.FORMAT,
    joblib.FORMAT,
    keras_json.FORMAT,
    lightgbm.FORMAT,
    llamafile.FORMAT,
    numpy.FORMAT,
    pickle.FORMAT,
    safetensors.FORMAT,
    tar.FORMAT,
    tensorflow_graph.FORMAT,
    tensorflow_graph.META_GRAPH,
    tensorflow_saved_model.FINGERPRINT,
    tensorflow_saved_model.FORMAT,
    tensorflow_saved_model.KERAS_METADATA,
    torch_legacy.FORMAT,
    xgboost.FORMAT,
    zip_archive.FORMAT,
)  # fmt: skip
