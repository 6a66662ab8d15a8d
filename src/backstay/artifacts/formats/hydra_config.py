"""Configurations by which Hydra, Lightning, NeMo and latent diffusion build models: YAML or JSON with `_target_`."""

import re

from backstay.artifacts import targets
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Candidate, Format, Role

_SUFFIXES = (".yaml", ".yml", ".json")
_TARGET = re.compile(
    rb"""(?m)["']?\b_target_["']?[ \t]{0,5}:[ \t]|^[ \t-]{0,100}class_path[ \t]{0,5}:[ \t]{1,5}[\w.]|"""
    rb"""^[ \t-]{0,100}target[ \t]{0,5}:[ \t]{1,5}\w+(?:\.\w+)+[ \t]{0,5}\r?$|!!python/object|"""
    rb"""tag:yaml\.org,2002:python/"""
)

_WORDS = (b"_target_", b"class_path", b"target:", b"!!python/object", b"tag:yaml.org,2002:python/")


def _matches(candidate: Candidate) -> bool:
    if not candidate.name.endswith(_SUFFIXES) or b"\0" in candidate.head[:1024]:
        return False
    ends = (candidate.head,) if candidate.size <= len(candidate.head) else (candidate.head, candidate.tail)
    return any(any(word in one for word in _WORDS) and bool(_TARGET.search(one)) for one in ends)


def _read(content: Content, exam: Exam) -> None:
    if content.size > exam.limits.text:
        raise StopError("too large", f"YAML of {content.size} bytes")
    text = content.read(0, content.size).decode("utf-8-sig", "replace")
    # Within an archive it is a model's own; in a folder of sources its targets are the sources.
    targets.judge(text, exam, "configuration", unknown=bool(exam.member))


FORMAT = Format(id="model-construction", matches=_matches, read=_read, executable=None, role=Role.COMPANION)
