"""Keras archives (`.keras`): the configuration, and whether the weights beside it are those of its layers.

The members are those of `keras/src/saving/saving_lib.py`; weights and assets are files of their own formats.
"""

from collections.abc import Sequence

from backstay.artifacts import keras_config, keras_store
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.keras_config import Described
from backstay.artifacts.report import Sign

_CONFIG, _METADATA = "config.json", "metadata.json"
_WEIGHTS = ("model.weights.h5", "model.weights.npz", "model.weights.json")
_TOLD = 20


def _matches(members: dict[str, Member]) -> bool:
    return _CONFIG in members and (_METADATA in members or any(one in members for one in _WEIGHTS))


def _read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    described: Described | None = None
    with exam.inside(_CONFIG) as inside:
        content = members[_CONFIG].open()
        described = keras_config.judge_document(read_json(content, inside), inside)
    done = [_CONFIG] if described is not None else []  # what is no configuration may be anything else
    if _METADATA in members:
        done.append(_METADATA)
        with exam.inside(_METADATA) as inside:
            metadata = read_json(members[_METADATA].open(), inside)
            for key in dict.fromkeys(metadata.duplicates):
                inside.note(Sign.DECEIVES, key, "stands twice in one object: readers differ on it")
            if isinstance(metadata.root, dict) and isinstance(metadata.root.get("keras_version"), str):
                exam.fact("framework_version", metadata.root["keras_version"])
    weights = members.get("model.weights.h5")
    if weights is not None and described is not None and described.layers:
        with exam.contained():
            keras_store.compare(keras_store.layer_names(weights.open()), described, exam)
    elif weights is None and not any(one in members for one in _WEIGHTS):
        exam.note(Sign.INCOMPLETE, "model.weights.h5", "the archive has no weights")
    return done


LAYOUT = Layout("keras", _matches, _read, (".keras",), None)
