"""SentencePiece models: `tokenizer.model`, `spiece.model`, `*.spm`."""

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.tokenizers import sentencepiece
from backstay.artifacts.wire import protobuf


def _matches(candidate: Candidate) -> bool:
    # A first piece (field 1) with a text (field 1) of few bytes.
    head = candidate.head[:4]
    if len(head) < 4 or head[0] != 0x0A or head[1] >= 0x80 or head[2] != 0x0A or head[3] >= head[1]:
        return False
    try:
        return sentencepiece.recognised(protobuf.probe(candidate.content))
    except StopError:
        return False


def _read(content: Content, exam: Exam) -> None:
    sentencepiece.judge(protobuf.root(content, exam), exam)


FORMAT = Format(
    id="sentencepiece",
    matches=_matches,
    read=_read,
    suffixes=("tokenizer.model", "spiece.model", ".spm"),
    role=Role.COMPANION,
)
