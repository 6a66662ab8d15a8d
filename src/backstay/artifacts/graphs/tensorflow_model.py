"""TensorFlow model: reads GraphDef, MetaGraphDef and SavedModel messages, whatever file or text they came from.

Field numbers are those of tensorflow/core/protobuf: saved_model.proto, meta_graph.proto, saved_object_graph.proto.
"""

from backstay.artifacts import keras_config
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.graphs import paths
from backstay.artifacts.graphs.tensorflow_judge import Judge
from backstay.artifacts.graphs.tensorflow_nodes import PRECISIONS, Graph, GraphReader, Scope, elements
from backstay.artifacts.graphs.tensorflow_values import Values
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.protobuf import Message

MAX_ASSETS = 10_000
_MAX_NAMES = 100
_MAX_KERAS = 20_000  # objects of a Keras model whose configuration is judged
_ASSET = "assets://"
_REAL = frozenset({1, 2, 14, 19})  # types of weights; counters of steps are integers


def saved_model(message: Message, exam: Exam, placed: bool = True) -> None:
    """A SavedModel: one meta graph for each set of tags."""
    for one in message.fields((2,)):
        meta_graph(one.message(), Judge(exam, placed=placed))


def meta_graph(message: Message, judge: Judge) -> None:
    """A MetaGraphDef: its graph, and what the loader does with files and functions around it."""
    exam = judge.exam
    assets: dict[str, str] = {}
    files: list[str] = []
    for one in message.fields((1, 6)):
        if one.number == 1:
            _information(one.message(), exam)
        elif len(files) < MAX_ASSETS:
            _asset(one.message(), judge, assets, files, one.at)
    values = Values(Graph(Scope("")), assets)
    reader = judge.reader()
    for one in message.fields((5,)):
        _signature(one.message(), exam)
    for one in message.fields((2,)):
        _read(reader, values.graph, one.message(), judge)
    for one in message.fields((4,)):
        _collection(one.message(), values, files)
    for one in message.fields((7,)):
        _objects(one.message(), values, files, exam)
    judge.judge(values)
    if reader.cut:
        exam.gap("too many nodes", "of one graph")


def graph_def(message: Message, judge: Judge) -> None:
    """A GraphDef by itself."""
    reader = judge.reader()
    graph = Graph(Scope(""))
    _read(reader, graph, message, judge)
    judge.judge(Values(graph))
    judge.facts(graph)
    if reader.cut:
        judge.exam.gap("too many nodes", "of one graph")


def _read(reader: GraphReader, graph: Graph, message: Message, judge: Judge) -> None:
    try:
        reader.add(graph, message)
    except StopError:
        judge.judge_names(graph)
        raise


def keras_metadata(message: Message, exam: Exam) -> None:
    """A SavedMetadata: the configuration of every Keras object of a SavedModel, as JSON."""
    for number, one in enumerate(message.fields((1,))):
        if number >= _MAX_KERAS:
            exam.gap("too many layers", f"more than {_MAX_KERAS}")
            return
        node = one.message()
        _keras(node.text(4, 256), node.text(5, exam.limits.text), exam, one.at)


def _keras(identifier: str, metadata: str, exam: Exam, at: int) -> None:
    if identifier.startswith("_tf_keras") and metadata:
        with exam.contained():
            keras_config.judge(metadata, exam, at)


def _information(message: Message, exam: Exam) -> None:
    version = message.text(5, 64)
    if version and version != "unknown":
        exam.fact("framework_version", version)
    tags = [one.text(64) for one, _ in zip(message.fields((4,)), range(_MAX_NAMES), strict=False)]
    exam.declare("tags", tags)


def _asset(message: Message, judge: Judge, assets: dict[str, str], files: list[str], at: int) -> None:
    name, filename = "", message.text(2, 4096)
    for one in message.fields((1,)):
        name = one.message().text(1, 1024)
    files.append(filename)
    why = paths.outside(filename)
    if why:
        message_ = f"{why} as the file of an asset: the loader gives the graph a path outside of the model's folder"
        judge.exam.note(Sign.ESCAPES, filename, message_, at if judge.placed else -1)
    elif name:
        assets[name.partition(":")[0]] = _ASSET + filename


def _collection(entry: Message, values: Values, files: list[str]) -> None:
    """TensorFlow 1 lists its assets in a collection of names of constants."""
    if entry.text(1, 256) != "asset_filepaths":
        return
    for one in entry.fields((2,)):
        for names in one.message().fields((1,)):
            for value in names.message().fields((1,)):
                values.assets.setdefault(value.text(1024).partition(":")[0], _ASSET)


def _objects(message: Message, values: Values, files: list[str], exam: Exam) -> None:
    """A SavedObjectGraph: which functions are given which assets, and Keras objects of TensorFlow before 2.5."""
    assets: dict[int, str] = {}
    precision: dict[int, int] = {}

    def count(variable: Message) -> None:
        kind, shape = variable.first(1), variable.first(2)
        size = elements(shape.message()) if shape is not None else -1
        if kind is not None and kind.value in _REAL and size > 0:
            precision[kind.value] = precision.get(kind.value, 0) + size

    for number, one in enumerate(message.fields((1,))):
        for part in one.message().fields((4, 5, 7)):
            if part.number == 7:
                count(part.message())
            elif part.number == 5:
                index = part.message().first(1)
                which = index.value if index is not None else 0
                assets[number] = _ASSET + (files[which] if which < len(files) else "")
            elif number < _MAX_KERAS:
                user = part.message()
                _keras(user.text(1, 256), user.text(3, exam.limits.text), exam, one.at)
    if precision:
        exam.fact("parameters", sum(precision.values()))
        exam.fact("precision", PRECISIONS[max(precision, key=lambda one: precision[one])])
    if not assets:
        return
    for entry in message.fields((2,)):
        name = entry.message().text(1, 1024)
        scope = values.graph.functions.get(name)
        if scope is None:
            continue
        given: list[int] = []
        for function in entry.message().fields((2,)):
            for numbers in function.message().fields((2,)):
                given += numbers.numbers(MAX_ASSETS)
        first = len(scope.arguments) - len(given)
        for position, number in enumerate(given):
            if number in assets:
                values.bound[name, first + position] = assets[number]


def _signature(entry: Message, exam: Exam) -> None:
    if entry.text(1, 256).startswith("__saved_model"):
        return
    names: dict[int, list[str]] = {1: [], 2: []}
    for value in entry.fields((2,)):
        for one in value.message().fields((1, 2)):
            if len(names[one.number]) < _MAX_NAMES:
                names[one.number].append(one.message().text(1, 256))
    for number, fact in ((1, "inputs"), (2, "outputs")):
        if names[number]:
            exam.fact(fact, sorted(names[number]))
