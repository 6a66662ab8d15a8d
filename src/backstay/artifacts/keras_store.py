"""Keras store: what an HDF5 file that Keras wrote says of its model, and whether its weights are those of that model.

The attributes are those of `keras/src/legacy/saving/legacy_h5_format.py`; a file of weights alone is laid out as
`keras/src/saving/saving_lib.py` does it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from backstay.artifacts import keras_config
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.hdf5 import superblock
from backstay.artifacts.hdf5.attributes import Attribute
from backstay.artifacts.hdf5.links import Way
from backstay.artifacts.hdf5.objects import Thing, Walk
from backstay.artifacts.hdf5.source import shown
from backstay.artifacts.keras_config import Described
from backstay.artifacts.report import Sign

_CONFIGURATIONS = frozenset({"model_config", "training_config", "optimizer_config"})
_MARKS = frozenset({"layer_names", "keras_version", "model_config", "weight_names"})
_GROUPS = frozenset({"model_weights", "optimizer_weights", "vars", "_layer_checkpoint_dependencies"})
_LAYERS = re.compile(r"layer_names\d*")
_LAYER = re.compile(r"/(?:layers|_layer_checkpoint_dependencies)/[^/]+/vars")
_TOLD = 20


@dataclass
class Store:
    """What was seen of Keras so far."""

    exam: Exam
    found: bool = False
    described: Described | None = None
    groups: dict[str, list[str]] = field(default_factory=dict)  # group of weights -> its member groups
    layers: dict[str, list[str]] = field(default_factory=dict)  # group of weights -> its layers, as it lists them

    def add(self, thing: Thing) -> None:
        """Look at one object, a group before its members."""
        for attribute in thing.attributes:
            if attribute.name in _MARKS:
                self.found = True
            try:
                self._attribute(thing, attribute)
            except MalformedError as error:
                self.exam.gap(error.reason, f"{thing.path}@{attribute.name}: {error.detail}")
        if thing.path in self.layers:
            self.groups[thing.path] = [one.name for one in thing.links if one.way is Way.HARD]
        if thing.path == "/" and any(one.name in _GROUPS for one in thing.links):
            self.found = True
        if _LAYER.fullmatch(thing.path):
            self.found = True

    def _attribute(self, thing: Thing, attribute: Attribute) -> None:
        if attribute.name in _CONFIGURATIONS:
            for text in attribute.values():
                if text.strip(b"\x00 ") in {b"", b"null"}:
                    continue
                described = keras_config.judge(text, self.exam, attribute.source.base + attribute.at)
                if attribute.name == "model_config" and thing.path == "/":
                    self.described = described
        elif attribute.name == "keras_version" and thing.path in {"/", "/model_weights"}:
            self.exam.fact("framework", "Keras")
            self.exam.fact("framework_version", shown(attribute.text()))
        elif _LAYERS.fullmatch(attribute.name) and thing.path in {"/", "/model_weights"}:
            self.layers.setdefault(thing.path, []).extend(map(shown, attribute.values()))

    def settle(self) -> None:
        """Hold the layers of the weights against those of the architecture, and against the groups that are there."""
        for path, names in self.layers.items():
            # A layer's name may hold slashes, which make groups in groups.
            firsts = {one.partition("/")[0] for one in names}
            for extra in [one for one in self.groups.get(path, []) if one not in firsts][:_TOLD]:
                if extra != "top_level_model_weights":
                    self.exam.note(Sign.INDICATOR, extra, "weights of a layer that the list of layers lacks")
            if self.described is not None and self.described.layers:
                compare(names, self.described, self.exam)


def compare(names: Iterable[str], described: Described, exam: Exam) -> None:
    """Note the layers that have weights and no place in the architecture."""
    # A layer's name may hold slashes, which make groups in groups.
    known = {one.partition("/")[0] for one in described.layers}
    for extra in [one for one in names if one.partition("/")[0] not in known][:_TOLD]:
        exam.note(Sign.INDICATOR, extra, "weights of a layer that the architecture lacks")


def layer_names(content: Content) -> list[str]:
    """The names of the top layers in a file of weights, as newer versions of Keras write them beside the groups,
    which are named after classes. Empty when there are none, or when the file cannot be read."""
    found: list[str] = []
    exam = Exam("weights")  # what is wrong with the file is noted when it is inspected as one
    with exam.contained():
        head = superblock.read(content, exam)
        for thing in Walk(head.source).things(head.root):
            if _LAYER.fullmatch(thing.path):
                found += [shown(one.text()) for one in thing.attributes if one.name == "name"]
    return found
