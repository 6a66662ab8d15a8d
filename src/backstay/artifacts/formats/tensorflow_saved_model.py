"""TensorFlow SavedModel: meta graphs with their functions, signatures and assets (`saved_model.pb`, `.pbtxt`), and
the configuration of Keras objects beside it (`keras_metadata.pb`)."""

from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.graphs import tensorflow_model, tensorflow_shape, tensorflow_text
from backstay.artifacts.graphs.contents import check_end
from backstay.artifacts.wire import protobuf


def _matches(candidate: Candidate) -> bool:
    return tensorflow_shape.is_saved_model(candidate) or tensorflow_text.kind(candidate.head) == "SavedModel"


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "tensorflow")
    if tensorflow_shape.is_saved_model(Candidate(content, exam.name)):
        tensorflow_model.saved_model(protobuf.root(content, exam), exam)
        check_end(content, (2,), exam, numbers=(1,))
    else:
        data = Bytes(tensorflow_text.binary(content, "SavedModel", exam))
        tensorflow_model.saved_model(protobuf.root(data, exam), exam, placed=False)


def _read_keras(content: Content, exam: Exam) -> None:
    exam.fact("framework", "keras")
    tensorflow_model.keras_metadata(protobuf.root(content, exam), exam)


def _is_fingerprint(candidate: Candidate) -> bool:
    """A FingerprintDef: a handful of hashes as numbers, a version and an id; nothing that is read by a runtime."""
    message = protobuf.probe(candidate.content)
    fields = list(message) if 0 < candidate.size <= 1024 else []
    return bool(fields) and not message.walk.broken and all(one.number <= 16 and one.value <= 1 << 64 for one in fields)


FORMAT = Format(
    id="tensorflow-saved-model",
    matches=_matches,
    read=_read,
    suffixes=("saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"),
    executable=None,
)
KERAS_METADATA = Format(
    id="keras-metadata",
    matches=tensorflow_shape.is_keras_metadata,
    read=_read_keras,
    suffixes=("keras_metadata.pb",),
    executable=None,
    role=Role.COMPANION,
)
FINGERPRINT = Format(
    id="tensorflow-fingerprint",
    matches=lambda candidate: candidate.name == "fingerprint.pb" and _is_fingerprint(candidate),
    read=lambda content, exam: None,
    role=Role.COMPANION,
)
