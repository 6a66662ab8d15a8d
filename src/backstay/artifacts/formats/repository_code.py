"""Code of model repositories: what loaders import by a configuration's word, or by a file's name alone.

`modeling_x.py` and its like come with `auto_map` (transformers), `handler.py` is what an inference endpoint starts, a
loading script what `datasets.load_dataset` runs, `model.py` what Triton's Python backend does.
"""

import re

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.programs import source

_CUSTOM = re.compile(
    r"(?:modeling|configuration|tokenization|processing|image_processing|feature_extraction|video_processing|generation|"
    r"pipeline)_\w{1,80}\.py"
)
# Code of a repository imports the library by name; the library's own modules import each other relatively.
_LIBRARY = re.compile(rb"(?m)^(?:from|import)[ \t]+(?:transformers|diffusers)\b")
_CLASS = re.compile(
    rb"(?m)^class[ \t]+\w{1,100}[ \t]*\([^)\n]{0,200}\b(?:PreTrainedModel|PretrainedConfig|PreTrainedConfig|"
    rb"PreTrainedTokenizer(?:Fast)?|ProcessorMixin|BaseImageProcessor(?:Fast)?|DiffusionPipeline|ModelMixin|GenerationMixin|"
    rb"\w{1,80}(?:Model|Config|Tokenizer|Processor|ForCausalLM|Pipeline))\b"
)
_HANDLER = re.compile(rb"(?m)^class[ \t]+EndpointHandler\b")
_SCRIPT = re.compile(
    rb"(?m)^class[ \t]+\w{1,100}[ \t]*\([^)\n]{0,100}\b(?:GeneratorBasedBuilder|ArrowBasedBuilder|BeamBasedBuilder)\b"
)
_TRITON = re.compile(rb"(?m)^class[ \t]+TritonPythonModel\b")


def _matches(candidate: Candidate) -> bool:
    if not candidate.name.endswith(".py"):
        return False
    seen = candidate.head if candidate.size <= len(candidate.head) else candidate.head + b"\n" + candidate.tail
    if _CUSTOM.fullmatch(candidate.name):
        return bool(_LIBRARY.search(seen) and _CLASS.search(seen))
    return bool(
        (candidate.name == "handler.py" and _HANDLER.search(seen))
        or (candidate.name == "model.py" and _TRITON.search(seen))
        or (b"BasedBuilder" in seen and b"datasets" in seen and _SCRIPT.search(seen))
    )


def _read(content: Content, exam: Exam) -> None:
    source.judge(content.read(0, source.MAX_SOURCE + 1), exam, exam.member.rpartition("!")[2] or exam.name)


FORMAT = Format(id="repository-code", matches=_matches, read=_read, executable=True, role=Role.COMPANION)
