"""What the tables of machine learning, stores and the web say beside names: the attributes that rules read."""

from pathlib import Path

import pytest

from backstay.model import Kind, Report, Value
from backstay.pipeline import scan

MISSING = "missing"


def scanned(folder: Path, code: str) -> Report:
    folder.joinpath("app.py").write_text(code, encoding="utf-8")
    return scan(folder, jobs=1)


def edge_values(report: Report, kind: Kind, name: str) -> list[Value]:
    """An attribute of every edge to the assets of a kind; `missing` where the edge does not have it."""
    keys = {asset.key for asset in report.assets if asset.kind == kind}
    edges = [edge for edge in report.relationships if edge.target in keys and edge.kind in ("uses", "consumes")]
    return [edge.attributes.get(name, MISSING) for edge in edges if "api" in edge.attributes]


LOADS = {
    'import torch\ntorch.load("m.pt")': True,
    'import torch\ntorch.load("m.pt", weights_only=False)': True,
    'import torch\ntorch.load("m.pt", weights_only=True)': False,
    'import torch\n\n\ndef load(safe):\n    return torch.load("m.pt", weights_only=safe)': MISSING,
    'import joblib\njoblib.load("m.joblib")': True,
    'import pickle\npickle.load(open("m.pkl", "rb"))': True,
    'import numpy as np\nnp.load("m.npy", allow_pickle=True)': True,
    'from safetensors.torch import load_file\nload_file("m.safetensors")': False,
    'import keras\nkeras.models.load_model("m.keras")': MISSING,
    'import keras\nkeras.models.load_model("m.keras", safe_mode=False)': True,
    'import onnxruntime\nonnxruntime.InferenceSession("m.onnx")': False,
}


@pytest.mark.parametrize("code", LOADS)
def test_whether_loading_may_run_code(code: str, tmp_path: Path) -> None:
    values = edge_values(scanned(tmp_path, code), Kind.MODEL_FILE, "unsafe")
    assert values
    assert set(values) == {LOADS[code]}


MODELS = {
    'AutoModel.from_pretrained("org/m")': (None, None),
    'AutoModel.from_pretrained("org/m", revision="main", trust_remote_code=True)': ("main", True),
    'AutoTokenizer.from_pretrained("org/m", trust_remote_code=True)': (None, True),
    'pipeline("ner", model="org/m", revision="v1")': ("v1", None),
}


@pytest.mark.parametrize("code", MODELS)
def test_revision_and_remote_code(code: str, tmp_path: Path) -> None:
    report = scanned(tmp_path, f"from transformers import AutoModel, AutoTokenizer, pipeline\n\n{code}\n")
    revision, trusted = MODELS[code]
    assert set(edge_values(report, Kind.MODEL, "revision")) == {revision}
    assert set(edge_values(report, Kind.MODEL, "trust_remote_code")) == {trusted}


def test_dataset_revision(tmp_path: Path) -> None:
    report = scanned(tmp_path, 'from datasets import load_dataset\n\nload_dataset("org/d", revision="abc")\n')
    assert set(edge_values(report, Kind.DATASET, "revision")) == {"abc"}


CHAT = (
    "from openai import OpenAI\n\n\ndef chat(text):\n    return OpenAI().responses.create(model='gpt-4o', input=text)\n"
)
ENDPOINTS: dict[str, tuple[str, dict[str, Value]]] = {
    "gradio, shared": (
        "import gradio as gr\ngr.Interface(fn=chat).launch(share=True)",
        {"share": True, "authentication": None},
    ),
    "gradio, queued": ("import gradio as gr\ngr.ChatInterface(chat).queue().launch(share=True)", {"share": True}),
    "gradio, address": (
        "import gradio as gr\nwith gr.Blocks() as demo:\n    gr.Button().click(chat)\n"
        'demo.launch(server_name="0.0.0.0")',
        {"host": "0.0.0.0", "authentication": None},
    ),
    "flask, debug": (
        'from flask import Flask\napp = Flask("a")\n\n\n@app.post("/x")\ndef x():\n    return chat("a")\n\n\n'
        'app.run(host="0.0.0.0", debug=True)',
        {"host": "0.0.0.0", "debug": True, "method": "POST", "path": "/x"},
    ),
    "fastapi, uvicorn": (
        "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI(debug=True)\n\n\n@app.get('/x')\ndef x(q):\n"
        "    return chat(q)\n\n\nuvicorn.run(app, host='127.0.0.1')",
        {"host": "127.0.0.1", "debug": True, "authentication": None},
    ),
    "fastapi, all routes guarded": (
        "from fastapi import Depends, FastAPI\nfrom fastapi.security import HTTPBearer\n"
        "app = FastAPI(dependencies=[Depends(HTTPBearer())])\n\n\n@app.get('/x')\ndef x(q):\n    return chat(q)",
        {"authentication": "fastapi.security.HTTPBearer"},
    ),
}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_endpoint(name: str, tmp_path: Path) -> None:
    code, wanted = ENDPOINTS[name]
    report = scanned(tmp_path, f"{CHAT}\n\n{code}\n")
    (endpoint,) = (asset for asset in report.assets if asset.kind == Kind.ENDPOINT)
    assert {key: endpoint.attributes.get(key, MISSING) for key in wanted} == wanted


STORES = {
    'import chromadb\nchromadb.HttpClient(host="db.acme.org")': ("db.acme.org", None),
    'from qdrant_client import QdrantClient\nQdrantClient(url="http://db:6333")': ("http://db:6333", None),
    'import os\nfrom qdrant_client import QdrantClient\nQdrantClient("http://db", api_key=os.environ["K"])': (
        "http://db",
        True,
    ),
    'from pymilvus import MilvusClient\nMilvusClient("http://db:19530", token="root:hunter2")': (
        "http://db:19530",
        True,
    ),
    'import lancedb\nlancedb.connect("data/lance")': ("data/lance", None),
}


@pytest.mark.parametrize("code", STORES)
def test_vector_store(code: str, tmp_path: Path) -> None:
    report = scanned(tmp_path, code)
    (store,) = (asset for asset in report.assets if asset.kind == Kind.VECTOR_STORE)
    host, guarded = STORES[code]
    assert store.attributes.get("host") == host
    assert bool(store.attributes.get("authentication", MISSING)) == bool(guarded)


@pytest.mark.parametrize(
    "code",
    [
        'from pymilvus import MilvusClient\nMilvusClient("http://db:19530", token="root:hunter2")',
        'from qdrant_client import QdrantClient\nQdrantClient(url="http://db", api_key="hunter2")',
    ],
)
def test_secrets_are_never_kept(code: str, tmp_path: Path) -> None:
    report = scanned(tmp_path, code)
    guarded = [asset for asset in report.assets if asset.attributes.get("authentication")]
    assert guarded
    assert "hunter2" not in repr(report)
