"""Configurations of model servers that name code of the folder: Triton's `config.pbtxt`, BentoML's `bento.yaml`."""

import re

from backstay.artifacts import references
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.report import Sign
from backstay.documents import DocumentError, read_yaml

_TRITON = re.compile(
    rb"^\s{0,20}(?:platform|backend|max_batch_size|instance_group|default_model_filename)\s{0,5}[:\[{]", re.MULTILINE
)
_TENSORS = re.compile(rb"^\s{0,20}(?:input|output|instance_group|ensemble_scheduling)\s{0,5}[\[{]", re.MULTILINE)
_FIELD = re.compile(r'\b(backend|platform|default_model_filename|name|runtime)\s{0,5}:\s{0,5}"([^"\n]{0,300})"')
_PARAMETER = re.compile(
    r'key\s{0,5}:\s{0,5}"([^"\n]{1,100})"\s{0,20},?\s{0,20}value\s{0,5}:?\s{0,5}\{\s{0,20}string_value\s{0,5}:\s{0,5}"([^"\n]{0,300})"'
)


def _matches_triton(candidate: Candidate) -> bool:
    if not candidate.name.endswith(".pbtxt"):
        return False
    return bool(_TRITON.search(candidate.head)) and (
        candidate.name == "config.pbtxt" or bool(_TENSORS.search(candidate.head))
    )


def _read_triton(content: Content, exam: Exam) -> None:
    text = _text(content, exam)
    fields = _FIELD.findall(text)
    own = dict(reversed(fields))  # the model's own fields come first; those of its inputs after them
    backend = own.get("backend") or own.get("platform") or ""
    if backend:
        exam.fact("framework", backend)
    for key, value in fields:
        if key == "default_model_filename" and references.leaves(value):
            exam.note(Sign.ESCAPES, value, f"{key} leads out of the model's folder")
    if any(key == "backend" and value == "python" for key, value in fields):
        exam.note(
            Sign.CARRIES,
            own.get("default_model_filename", "model.py"),
            "Triton's Python backend runs this file of the folder",
        )
    elif any(key in ("backend", "runtime") and references.leaves(value) for key, value in fields):
        exam.note(Sign.ESCAPES, backend, "the backend is a library outside of the folder of backends")
    for key, value in _PARAMETER.findall(text):
        inside = value.replace("$$TRITON_MODEL_DIRECTORY", ".")
        if key == "EXECUTION_ENV_PATH" and value:
            sign = Sign.ESCAPES if ".." in re.split(r"[/\\]", inside) else Sign.CARRIES
            exam.note(sign, value, "an environment with an interpreter of its own, which Triton runs")


def _matches_bento(candidate: Candidate) -> bool:
    return candidate.name in ("bento.yaml", "bento.yml") and b"bentoml_version:" in candidate.head


def _read_bento(content: Content, exam: Exam) -> None:
    try:
        documents = read_yaml(_text(content, exam))
    except DocumentError as error:
        raise MalformedError("invalid YAML", str(error)) from None
    root = documents[0] if documents else None
    service = root.get("service").text if root else ""
    if service:
        exam.note(Sign.CARRIES, service, "BentoML imports this service of the folder and runs it")
    if root and root.get("bentoml_version").text:
        exam.fact("producer", f"bentoml {root.get('bentoml_version').text}")
    if root and root.get("name").text:
        exam.declare("name", root.get("name").text)


def _text(content: Content, exam: Exam) -> str:
    if content.size > min(exam.limits.text, 4 << 20):
        raise StopError("too large", f"{content.size} bytes")
    return content.read(0, content.size).decode("utf-8", "replace")


TRITON = Format(
    id="triton-configuration", matches=_matches_triton, read=_read_triton, suffixes=("config.pbtxt",), executable=None,
    role=Role.COMPANION,
)  # fmt: skip
BENTO = Format(
    id="bento", matches=_matches_bento, read=_read_bento, suffixes=("bento.yaml",), executable=True, role=Role.COMPANION
)
