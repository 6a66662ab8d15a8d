"""Makes the honest files of real libraries below `tests/artifacts/benign`, and their manifest.

    VENV/bin/python tests/artifacts/corpus/make_benign.py FAMILY ...

Each family is run in an environment that has its libraries; the manifest keeps what the others have written. Files are
small: what matters is how a library writes, not what. Run with any Python from 3.7 on.
"""

# ruff: noqa: E501, I001, PLW0108, UP017, UP031
# mypy: ignore-errors
# (It runs in environments of other libraries and older Pythons, which the checks do not have.)
import collections
import datetime
import decimal
import os
import pickle
import re
import sys
import uuid
import warnings
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "benign"
MAX_FILE = 20_000
LABEL = "benign"


class Maker:
    """Writes the files of one family and keeps what the manifest says of them."""

    def __init__(self, family, library, version):
        self.family, self.library, self.version = family, library, version
        self.entries = []

    def add(self, name, write, label=LABEL):
        """Make one file; `write` gets its path, or is its bytes."""
        path = FOLDER / self.family / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(write):
            write(str(path))
        else:
            path.write_bytes(write)
        size = path.stat().st_size
        if size > MAX_FILE:
            path.unlink()
            print("left out, %d bytes: %s" % (size, name))
            return
        self.entries.append((self.family + "/" + name, label, self.library, self.version))

    def dump(self, name, one, protocol=4, label=LABEL):
        self.add(name, pickle.dumps(one, protocol), label)


def sklearn_models():
    import numpy as np
    from sklearn import cluster, compose, decomposition, ensemble, feature_extraction, impute, linear_model, naive_bayes
    from sklearn import neighbors, neural_network, pipeline, preprocessing, svm, tree

    x = np.arange(40.0).reshape(10, 4) % 7
    y = np.array([0, 1] * 5)
    models = {
        "logistic": linear_model.LogisticRegression(),
        "sgd": linear_model.SGDClassifier(max_iter=5, tol=None),
        "svc": svm.SVC(gamma="scale"),
        "tree": tree.DecisionTreeClassifier(max_depth=2),
        "forest": ensemble.RandomForestClassifier(n_estimators=2, max_depth=2),
        "boosting": ensemble.GradientBoostingClassifier(n_estimators=2, max_depth=1),
        "bayes": naive_bayes.GaussianNB(),
        "neighbours": neighbors.KNeighborsClassifier(2, algorithm="kd_tree"),
        "network": neural_network.MLPClassifier((2,), max_iter=2),
        "kmeans": cluster.KMeans(2, n_init=1),
        "pca": decomposition.PCA(2),
        "columns": compose.ColumnTransformer(
            [("a", preprocessing.OneHotEncoder(handle_unknown="ignore"), [0]), ("b", impute.SimpleImputer(), [1, 2])]
        ),
        "pipeline": pipeline.make_pipeline(
            preprocessing.StandardScaler(), preprocessing.PolynomialFeatures(2), linear_model.Ridge()
        ),
        "log": preprocessing.FunctionTransformer(np.log1p, validate=False),
    }
    for name, model in models.items():
        yield name, model.fit(x, y)
    texts = ["red fish", "blue fish"]
    yield "tfidf", feature_extraction.text.TfidfVectorizer().fit(texts)
    yield "hashing", feature_extraction.text.HashingVectorizer()
    yield "labels", preprocessing.LabelEncoder().fit(np.array(["x", "y"], dtype=object))


def sklearn_family(family):
    import joblib
    import numpy
    import sklearn

    maker = Maker(family, "scikit-learn", sklearn.__version__)
    for number, (name, model) in enumerate(sklearn_models()):
        if number % 2:
            maker.add(name + ".joblib", lambda path, model=model: joblib.dump(model, path))
        else:
            maker.dump(name + ".pkl", model, 2 + number % 3)
    yield maker
    maker = Maker(family, "joblib", joblib.__version__)
    data = {
        "a": numpy.arange(6.0).reshape(2, 3),
        "b": numpy.arange(6).reshape(2, 3, order="F"),
        "c": ["x"],
        "o": numpy.array(["x", None], dtype=object),
    }
    for method in ("zlib", "gzip", "bz2", "xz", "lzma"):
        maker.add(
            "array-" + method + ".joblib", lambda path, method=method: joblib.dump(data, path, compress=(method, 3))
        )
    maker.add("array.joblib", lambda path: joblib.dump(data, path))
    yield maker
    maker = Maker(family, "numpy", numpy.__version__)
    yield numpy_files(maker)
    yield pandas_files(family)


def numpy_files(maker):
    import functools

    import numpy as np

    x = np.arange(6.0).reshape(2, 3)
    things = {
        "array": x, "fortran": np.asfortranarray(x), "masked": np.ma.masked_array(x, x > 3), "matrix": np.asmatrix(x), "record": np.rec.array([(1, 2.0)], dtype="i4,f8"),
        "objects": np.array(["a", None, 1], dtype=object), "text": np.array(["a", "b"]), "dates": np.array(["2020-01-01"], dtype="M8[D]"), "scalars": [np.float32(1), np.int64(2), np.bool_(True)],
        "dtype": np.dtype([("a", "f4"), ("b", "i8")]), "clip": functools.partial(np.clip, a_min=0, a_max=1), "poly": np.poly1d([1, 2]), "ufunc": np.log1p, "polynomial": np.polynomial.Polynomial([1, 2]),
    }  # fmt: skip
    for number, (name, one) in enumerate(things.items()):
        maker.dump(name + ".pkl", one, number % 5 if number % 5 > 1 else 4)
    maker.dump("random-state.pkl", np.random.RandomState(1), 4)
    if hasattr(np.random, "default_rng"):
        maker.dump("generator.pkl", np.random.default_rng(1), 4)
    maker.add("array.npy", lambda path: np.save(path, x))
    maker.add("objects.npy", lambda path: np.save(path, things["objects"]))
    maker.add("arrays.npz", lambda path: np.savez(path, a=x, b=things["text"]))
    maker.add("packed.npz", lambda path: np.savez_compressed(path, a=x, o=things["objects"]))
    return maker


def pandas_files(family):
    import pandas as pd

    maker = Maker(family, "pandas", pd.__version__)
    frame = pd.DataFrame(
        {
            "a": [1, 2, None],
            "b": pd.Categorical(["x", "y", "x"]),
            "c": pd.date_range("2020-01-01", periods=3, tz="Europe/Berlin"),
            "d": ["p", "q", None],
            "e": pd.array([1, None, 3], dtype="Int64"),
        }
    )
    maker.add("frame.pkl", frame.to_pickle)
    maker.add("frame.pkl.gz", frame.to_pickle)
    maker.dump("dates.pkl", frame["c"], 2)
    maker.dump("index.pkl", frame.set_index(["a", "d"]), 4)
    maker.dump("periods.pkl", pd.period_range("2020-01", periods=2, freq="M"), 4)
    maker.dump("intervals.pkl", pd.cut(frame["a"], 2), 4)
    maker.dump("timestamps.pkl", [pd.Timestamp("2020-01-01"), pd.Timedelta("1d"), pd.NaT], 4)
    return maker


def current(family):
    """scikit-learn, joblib, NumPy, pandas and what builds on them, as they are now."""
    for maker in sklearn_family(family):
        yield maker
    import numpy as np
    import scipy
    import scipy.interpolate
    import scipy.sparse
    import scipy.stats

    maker = Maker(family, "scipy", scipy.__version__)
    x = np.arange(40.0).reshape(10, 4) % 7
    y = np.array([0, 1] * 5)
    maker.dump("sparse.pkl", scipy.sparse.csr_matrix(x), 4)
    maker.dump("normal.pkl", scipy.stats.norm(1, 2), 4)
    maker.dump("spline.pkl", scipy.interpolate.CubicSpline([0, 1, 2], [0, 1, 4]), 4)
    maker.add("sparse.npz", lambda path: scipy.sparse.save_npz(path, scipy.sparse.csr_matrix(x)))
    yield maker
    import xgboost

    maker = Maker(family, "xgboost", xgboost.__version__)
    model = xgboost.XGBClassifier(n_estimators=2, max_depth=2).fit(x, y)
    maker.dump("xgboost.pkl", model, 4)
    maker.dump("booster.pkl", model.get_booster(), 4)
    maker.add("xgboost.json", model.save_model)
    maker.add("xgboost.ubj", model.save_model)
    yield maker
    import lightgbm

    maker = Maker(family, "lightgbm", lightgbm.__version__)
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, min_child_samples=1).fit(x, y)
    maker.dump("lightgbm.pkl", model, 4)
    maker.add("lightgbm.txt", model.booster_.save_model)
    yield maker
    import skops
    import skops.io

    maker = Maker(family, "skops", skops.__version__)
    for name, model in sklearn_models():
        if name in ("logistic", "pipeline", "tfidf", "log"):
            maker.add(name + ".skops", skops.io.dumps(model))
    yield maker
    import skl2onnx

    maker = Maker(family, "skl2onnx", skl2onnx.__version__)
    for name, model in sklearn_models():
        if name in ("logistic", "forest", "bayes", "kmeans"):
            maker.add(name + ".onnx", skl2onnx.to_onnx(model, x[:1].astype(np.float32)).SerializeToString())
    maker.add("external.onnx", onnx_external)
    (FOLDER / family / "external.onnx.data").unlink()
    yield maker
    import gguf

    maker = Maker(family, "gguf", __import__("importlib.metadata").metadata.version("gguf"))
    maker.add("model.gguf", gguf_model(gguf, None))
    maker.add(
        "chat.gguf",
        gguf_model(gguf, "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + eos_token }}{% endfor %}"),
    )
    yield maker
    import safetensors
    import safetensors.numpy

    maker = Maker(family, "safetensors", safetensors.__version__)
    maker.add("model.safetensors", safetensors.numpy.save({"a": x, "b": y}, {"format": "np"}))
    maker.add("empty.safetensors", safetensors.numpy.save({}))
    yield maker
    import cloudpickle
    import dill

    maker = Maker(family, "dill", dill.__version__)
    maker.add("function.dill", dill.dumps(lambda value: value + 1), "code")
    maker.add("array.dill", dill.dumps({"w": x}))
    yield maker
    maker = Maker(family, "cloudpickle", cloudpickle.__version__)
    maker.add("function.pkl", cloudpickle.dumps(lambda value: value + 1), "code")
    maker.add("array-cloudpickle.pkl", cloudpickle.dumps({"w": x}))
    yield maker
    import h5py

    maker = Maker(family, "h5py", h5py.__version__)

    def plain(path):
        with h5py.File(path, "w") as file:
            file.create_group("g").create_dataset("d", data=x, compression="gzip")
            file.attrs["note"] = "x"

    maker.add("data.h5", plain)
    yield maker
    maker = Maker(family, "python", sys.version.split()[0])
    yield standard(maker)


def standard(maker):
    """What the standard library's own types become."""
    things = {
        "dates": [datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), datetime.date(2026, 1, 2), datetime.timedelta(1)],
        "paths": [Path("models/x"), uuid.UUID(int=3), decimal.Decimal("1.5")],
        "collections": [collections.OrderedDict(a=1), collections.Counter("aab"), collections.deque([1], 5), collections.defaultdict(list, a=[1])],
        "pattern": re.compile(r"(?u)\b\w\w+\b"), "plain": {"a": [1, 2.5, "x", None, True], "b": (1, (2, 3)), "c": {1, 2}, "d": b"x", "e": 1 << 80},
    }  # fmt: skip
    try:
        import zoneinfo

        things["zones"] = datetime.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    except ImportError:
        pass
    for name, one in things.items():
        for protocol in (0, 2, 4):
            maker.dump("%s-%d.pkl" % (name, protocol), one, protocol)
    return maker


def onnx_external(path):
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], "g", [helper.make_tensor_value_info("x", 1, [400])],
        [helper.make_tensor_value_info("y", 1, [400])], [numpy_helper.from_array(np.zeros(400, np.float32), "w")],
    )  # fmt: skip
    onnx.save_model(
        helper.make_model(graph),
        path,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=Path(path).name + ".data",
        size_threshold=0,
    )


def gguf_model(gguf, template):
    import numpy as np

    def write(path):
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_name("x")
        writer.add_block_count(1)
        writer.add_context_length(8)
        writer.add_embedding_length(8)
        writer.add_tokenizer_model("gpt2")
        writer.add_token_list(["a", "b", "<s>"])
        if template:
            writer.add_chat_template(template)
        writer.add_tensor("token_embd.weight", np.zeros((3, 8), dtype=np.float32))
        writer.add_tensor("output.weight", np.ones((3, 8), dtype=np.float16))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    return write


def torch_family(family):
    import argparse

    import torch

    maker = Maker(family, "torch", torch.__version__)
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2), torch.nn.ReLU())
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.randn(4, 2)).sum().backward()
    optimizer.step()
    state = module.state_dict()
    maker.add("state.pt", lambda path: torch.save(state, path))
    maker.add("state-legacy.pth", lambda path: torch.save(state, path, _use_new_zipfile_serialization=False))
    maker.add("state-protocol-4.bin", lambda path: torch.save(state, path, pickle_protocol=4))
    maker.add(
        "checkpoint.ckpt",
        lambda path: torch.save(
            {
                "model": state,
                "optimizer": optimizer.state_dict(),
                "epoch": 1,
                "args": argparse.Namespace(lr=0.1),
                "history": collections.defaultdict(list),
            },
            path,
        ),
    )
    maker.add("module.pt", lambda path: torch.save(module, path))
    maker.add("lstm.pt", lambda path: torch.save(torch.nn.LSTM(2, 2), path))
    maker.add("transformer.pt", lambda path: torch.save(torch.nn.TransformerEncoderLayer(4, 1, 4), path))
    maker.add(
        "mixed.pt",
        lambda path: torch.save(
            {
                "a": torch.zeros(2, dtype=torch.bfloat16),
                "b": torch.eye(2).to_sparse(),
                "c": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
                "d": torch.nn.Parameter(torch.ones(2)),
                "e": torch.ones(2, dtype=torch.complex64),
                "f": torch.Size([1]),
                "g": torch.float16,
                "h": torch.device("cpu"),
            },
            path,
        ),
    )
    maker.add("script.pt", lambda path: torch.jit.save(torch.jit.script(module.eval()), path))
    maker.add("trace.pt", lambda path: torch.jit.save(torch.jit.trace(module.eval(), torch.randn(1, 2)), path))
    maker.dump("tensor.pkl", {"w": torch.ones(2)}, 4)
    maker.add("graph.pt", lambda path: torch.save(torch.fx.symbolic_trace(module), path), "code")
    if hasattr(torch, "export"):
        program = torch.export.export(module, (torch.randn(2, 2),))
        maker.add("exported.pt2", lambda path: torch.export.save(program, path))
    yield maker
    try:
        import transformers
    except ImportError:
        return
    maker = Maker(family, "transformers", transformers.__version__)
    arguments = transformers.TrainingArguments("out", report_to=[], use_cpu=True)
    maker.add("training_args.bin", lambda path: torch.save(arguments, path))
    yield maker


def keras_family(family):
    os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
    import numpy as np
    import tensorflow as tf

    keras = tf.keras
    maker = Maker(family, "keras", keras.__version__)
    model = keras.Sequential([keras.layers.InputLayer((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.zeros((4, 2)), np.zeros(4), verbose=0)
    doubled = keras.Sequential([keras.layers.InputLayer((2,)), keras.layers.Lambda(lambda x: x * 2)])
    if int(keras.__version__.split(".")[0]) > 2:
        maker.add("model.keras", lambda path: model.save(path))
        maker.add("lambda.keras", lambda path: doubled.save(path), "code")
    maker.add("model.h5", lambda path: model.save(path))
    maker.add("model.weights.h5", lambda path: model.save_weights(path))
    maker.add("lambda.h5", lambda path: doubled.save(path), "code")
    yield maker
    maker = Maker(family, "tensorflow", tf.__version__)

    class Double(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x):
            return x * 2

    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(Double(), folder)
        maker.add("module/saved_model.pb", lambda path: shutil.copy(folder + "/saved_model.pb", path))
        maker.add("module/fingerprint.pb", lambda path: shutil.copy(folder + "/fingerprint.pb", path)) if Path(
            folder, "fingerprint.pb"
        ).exists() else None
        maker.add(
            "module/variables/variables.index", lambda path: shutil.copy(folder + "/variables/variables.index", path)
        )
    maker.add("frozen.pb", Double().__call__.get_concrete_function().graph.as_graph_def().SerializeToString())
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    maker.add("model.tflite", converter.convert())
    yield maker


def misc(family):
    import numpy as np

    x = np.arange(40.0).reshape(10, 4) % 7
    y = np.array([0, 1] * 5)
    import catboost

    maker = Maker(family, "catboost", catboost.__version__)
    model = catboost.CatBoostClassifier(iterations=2, depth=2, verbose=0, allow_writing_files=False).fit(x, y)
    maker.add("catboost.cbm", lambda path: model.save_model(path))
    maker.add("catboost.json", lambda path: model.save_model(path, format="json"))
    maker.dump("catboost.pkl", model, 4)
    yield maker
    import flax.serialization

    maker = Maker(family, "flax", flax.__version__)
    maker.add("params.msgpack", flax.serialization.msgpack_serialize({"params": {"k": np.zeros((2, 2), np.float32)}}))
    yield maker
    import coremltools
    from coremltools.models import datatypes, neural_network

    maker = Maker(family, "coremltools", coremltools.__version__)
    builder = neural_network.NeuralNetworkBuilder([("x", datatypes.Array(2))], [("y", datatypes.Array(2))])
    builder.add_activation("a", "RELU", "x", "y")
    maker.add("relu.mlmodel", builder.spec.SerializeToString())
    yield maker
    import tokenizers
    from tokenizers import models, pre_tokenizers, trainers

    maker = Maker(family, "tokenizers", tokenizers.__version__)
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.train_from_iterator(
        ["red fish blue fish"] * 3, trainers.BpeTrainer(special_tokens=["<unk>"], vocab_size=60)
    )
    maker.add("tokenizer.json", lambda path: tokenizer.save(path))
    yield maker
    try:
        import spacy
    except ImportError:
        return
    maker = Maker(family, "spacy", spacy.__version__)
    language = spacy.blank("en")
    language.add_pipe("sentencizer")
    maker.add("config.cfg", lambda path: language.config.to_disk(path))
    maker.add("meta.json", __import__("json").dumps(language.meta).encode())
    yield maker


FAMILIES = {
    "current": current,
    "sklearn-0.21": sklearn_family,
    "sklearn-0.24": sklearn_family,
    "sklearn-1.1": sklearn_family,
    "torch-2.13": torch_family,
    "torch-1.13": torch_family,
    "keras-3": keras_family,
    "keras-2": keras_family,
    "misc": misc,
}


def main():
    warnings.simplefilter("ignore")
    manifest = FOLDER / "MANIFEST.toml"
    kept = manifest.read_text("utf-8").split("[[file]]\n")[1:] if manifest.exists() else []
    for family in sys.argv[1:]:
        kept = [one for one in kept if not one.startswith('path = "%s/' % family)]
        for maker in FAMILIES[family](family):
            for path, label, library, version in maker.entries:
                kept.append(
                    'path = "%s"\nlabel = "%s"\nlibrary = "%s"\nversion = "%s"\n\n' % (path, label, library, version)
                )
    head = "# Written by tests/artifacts/corpus/make_benign.py; each folder is one of its families.\n\n"
    manifest.write_text(head + "".join("[[file]]\n" + one.rstrip("\n") + "\n\n" for one in sorted(kept)), "utf-8")


if __name__ == "__main__":
    main()
