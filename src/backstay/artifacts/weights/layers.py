"""Layers: what the names and shapes of tensors say about layers that were added, left out or exchanged.

Models repeat blocks: `model.layers.0`, `model.layers.1` ... A block that is unlike all others, a number that is left
out or written twice in different ways, and adapters of unusual modules are indicators, no proof.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.tensors import Tensor

_NUMBER = re.compile(r"(?:^|\.)(\d{1,5})(?=\.)")
_LEAST_BLOCKS = 6
_MOSTLY = 0.75  # of the blocks alike: their numbers go on without holes
_ALIKE = 0.5  # of the other blocks alike: what only one of them has was added to it
_LEAST_TENSORS = 4  # of one block: smaller ones are lists of single layers, between which numbers are free
_MOST = 200_000  # tensors that are looked at
_SHARD = re.compile(r"-\d{5}-of-\d{5}|[._-]part[._-]?\d|shard")
# Blocks of honest models that are unlike the others: modules that predict several tokens at once, and their kind.
_EXTRA_BLOCK = ("eh_proj", "enorm", "hnorm", "shared_head", "nextn", "mtp", "cross_attn", "relative_attention_bias")
_ADAPTER = re.compile(r"\.(?:lora_[abAB]|lora_(?:down|up)|lora_embedding_[AB]|hada_w[12]_[ab]|lokr_w[12])(?:\.|$)")
_UNUSUAL_TARGETS = ("lm_head", "embed_tokens", "wte", "embed_out", "word_embeddings", "norm", "layernorm", "ln_f")


@dataclass
class _Blocks:
    """The blocks under one prefix: by number, the ends of their tensors' names with shapes."""

    prefix: str
    members: dict[int, dict[str, tuple[int, ...]]] = field(default_factory=dict)
    spellings: dict[int, set[str]] = field(default_factory=dict)


def check_layers(tensors: Sequence[Tensor], exam: Exam, name: str = "") -> None:
    """Note blocks and targets that look out of place. `name` is the file's: shards hold a part of the layers."""
    if len(tensors) > _MOST:
        return
    if any(_ADAPTER.search(one.name) for one in tensors):
        _check_targets([one.name for one in tensors], exam)
        return
    for blocks in _grouped(tensors):
        _check_spellings(blocks, exam)
        if not _SHARD.search(name):
            _check_blocks(blocks, exam)


def targets(names: Iterable[str]) -> set[str]:
    """The modules that an adapter changes, by the last part of their names ("q_proj")."""
    found = set()
    for name in names:
        match = _ADAPTER.search(name)
        if match:
            found.add(name[: match.start()].replace(".base_layer", "").removesuffix(".weight").rpartition(".")[2])
    return found


def _check_targets(names: Sequence[str], exam: Exam) -> None:
    for target in sorted(targets(names)):
        if target.lower().endswith(_UNUSUAL_TARGETS):
            exam.note(Sign.INDICATOR, target, "the adapter changes this module, which adapters rarely do")
    plain = [name for name in names if not _ADAPTER.search(name) and name.endswith((".weight", ".bias"))]
    for name in plain[:5]:
        if any(part in name.lower() for part in ("lm_head", "embed_tokens", "norm")):
            exam.note(Sign.INDICATOR, name, "the adapter brings a whole module of its own, not a change of one")


def _grouped(tensors: Sequence[Tensor]) -> list[_Blocks]:
    groups: dict[str, _Blocks] = {}
    for one in tensors:
        match = _NUMBER.search(one.name)
        if match is None:
            continue
        prefix = one.name[: match.start(1)]
        blocks = groups.setdefault(prefix, _Blocks(prefix))
        number = int(match[1])
        blocks.members.setdefault(number, {})[one.name[match.end(1) + 1 :]] = one.shape
        blocks.spellings.setdefault(number, set()).add(match[1])
    return list(groups.values())


def _check_spellings(blocks: _Blocks, exam: Exam) -> None:
    for number, spellings in blocks.spellings.items():
        if len(spellings) > 1:
            message = "one layer's number is written in two ways: loaders that count see one of them"
            exam.note(Sign.INDICATOR, f"{blocks.prefix}{sorted(spellings)[0]}", message)
        elif number > 0 and next(iter(spellings)).startswith("0") and len(blocks.members) > 1:
            padded = sum(next(iter(one)).startswith("0") for one in blocks.spellings.values())
            if padded == 1:
                exam.note(
                    Sign.INDICATOR, f"{blocks.prefix}{next(iter(spellings))}", "a layer's number with a leading zero"
                )


def _check_blocks(blocks: _Blocks, exam: Exam) -> None:
    if len(blocks.members) < _LEAST_BLOCKS:
        return
    kinds = Counter(frozenset(ends.items()) for ends in blocks.members.values())
    (usual, number), *_ = kinds.most_common(1)
    if len(usual) < _LEAST_TENSORS:
        return
    alike = number >= _MOSTLY * len(blocks.members)
    highest = max(blocks.members)
    if alike and highest - min(blocks.members) + 1 > len(blocks.members):
        missing = next(one for one in range(min(blocks.members), highest) if one not in blocks.members)
        exam.note(Sign.INDICATOR, f"{blocks.prefix}{missing}", "this layer is left out between others of its kind")
    if number < _ALIKE * (len(blocks.members) - 1):
        return
    holders = Counter(end for ends in blocks.members.values() for end in ends)
    for odd, ends in blocks.members.items():
        added = sorted(end for end in ends if holders[end] == 1)
        if odd == min(blocks.members) or any(extra in end for end in ends for extra in _EXTRA_BLOCK):
            continue
        if added:
            message = f"unlike the {len(blocks.members) - 1} other layers it has {added[0]}"
            exam.note(Sign.INDICATOR, f"{blocks.prefix}{odd}", message)
        elif number == len(blocks.members) - 1 and (changed := _reshaped(ends, dict(usual))):
            message = f"unlike the {number} other layers it has {changed} in another shape"
            exam.note(Sign.INDICATOR, f"{blocks.prefix}{odd}", message)


def _reshaped(ends: dict[str, tuple[int, ...]], usual: dict[str, tuple[int, ...]]) -> str:
    """The first tensor of a block that others have in another shape."""
    return next((end for end in sorted(ends) if end in usual and ends[end] != usual[end]), "")
