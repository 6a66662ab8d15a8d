"""Backdoor indicators: each is seen in a tampered copy, not in the model itself, and leaves the state as it is."""

import struct
from typing import Any

import pytest
from weights_samples import floats, look, safetensors, signs, texts

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign, State
from backstay.artifacts.weights.layers import check_layers, targets
from backstay.artifacts.weights.numbers import non_finite, root_mean_square
from backstay.artifacts.weights.tensors import Tensor

PARTS = ("attn.q.weight", "attn.o.weight", "mlp.up.weight", "norm.weight")


def model(blocks: int = 10, prefix: str = "model.layers.") -> dict[str, Any]:
    found = {"embed.weight": ("F32", [32, 64], floats(2048))}
    for block in range(blocks):
        for part in PARTS:
            found[f"{prefix}{block}.{part}"] = ("F32", [32, 64], floats(2048, 0.1 + block / 100))
    return found


def indicators(tensors: dict[str, Any], name: str = "model.safetensors") -> str:
    found = look(safetensors(tensors), name)
    assert signs(found) <= {Sign.INDICATOR} and found.state is State.CLEAN
    return texts(found)


def test_a_model_shows_none() -> None:
    assert indicators(model()) == ""


def test_a_layer_of_another_kind_at_the_end() -> None:
    changed = model() | {"model.layers.10.inject.weight": ("F32", [4], floats(4))}
    assert "model.layers.10" in indicators(changed)


def test_something_more_in_one_layer() -> None:
    changed = model() | {"model.layers.5.extra.weight": ("F32", [4], floats(4))}
    assert "unlike the 9 other layers it has extra.weight" in indicators(changed)


def test_a_layer_in_another_shape() -> None:
    changed = model() | {"model.layers.5.mlp.up.weight": ("F32", [64, 32], floats(2048))}
    assert "in another shape" in indicators(changed)


def test_a_layer_that_is_left_out_but_not_in_a_shard() -> None:
    changed = {name: one for name, one in model().items() if ".4." not in name}
    assert "model.layers.4: this layer is left out" in indicators(changed)
    assert indicators(changed, "model-00001-of-00002.safetensors") == ""


def test_a_layer_that_is_written_twice() -> None:
    changed = model() | {"model.layers.03.attn.q.weight": ("F32", [4], floats(4))}
    assert "written in two ways" in indicators(changed)


def test_modules_that_predict_several_tokens_are_no_indicator() -> None:
    changed = model() | {
        f"model.layers.10.{part}": ("F32", [4], floats(4)) for part in ("eh_proj.weight", "enorm.weight")
    }
    assert indicators(changed) == ""


def test_lists_of_single_layers_may_have_holes() -> None:
    assert indicators({f"features.{one}.weight": ("F32", [2], floats(2)) for one in (0, 3, 6, 8, 10, 14, 17)}) == ""


def test_a_tensor_far_larger_than_its_siblings() -> None:
    changed = model()
    changed["model.layers.6.mlp.up.weight"] = ("F32", [32, 64], floats(2048, 50.0))
    assert "model.layers.6.mlp.up.weight" in indicators(changed)
    changed["model.layers.6.mlp.up.weight"] = ("F32", [32, 64], floats(2048, 0.0, 1e-6))
    assert "smaller" in indicators(changed)


def test_norms_and_biases_may_differ_from_layer_to_layer() -> None:
    changed = model() | {f"model.layers.{one}.bias": ("F32", [2048], floats(2048, 10.0**one)) for one in range(10)}
    assert indicators(changed) == ""


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_no_numbers(value: float) -> None:
    changed = model()
    data = bytearray(floats(2048))
    data[4000:4004] = struct.pack("<f", value)
    changed["model.layers.2.mlp.up.weight"] = ("F32", [32, 64], bytes(data))
    assert "model.layers.2.mlp.up.weight: holds values that are no numbers" in indicators(changed)


def test_masks_are_made_of_infinity() -> None:
    changed = model() | {"attn_mask": ("F32", [4], struct.pack("<4f", *[float("-inf")] * 4))}
    assert indicators(changed) == ""


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("F32", struct.pack("<3f", 1, -2, 3.4e38), struct.pack("<3f", 1, 2, float("nan"))),
        ("F16", struct.pack("<3e", 1, -2, 65504), struct.pack("<3e", 1, float("-inf"), 2)),
        ("BF16", b"\x7f\x7f\x80\x3f", b"\x80\x3f\x80\x7f"),
        ("F64", struct.pack("<2d", 1, 1e308), struct.pack("<2d", 1, float("inf"))),
        ("F8_E5M2", b"\x7b\xfb\x00", b"\x00\x7c"),
        ("F8_E4M3", b"\x7e\xfe\x00", b"\x00\x7f"),
        ("Q4_0", b"\x00\x3c" + b"\xff" * 16, b"\x00\x7e" + b"\0" * 16),
        ("Q8_0", b"\x00\x3c" + b"\x7f" * 32, b"\x00\x7c" + b"\0" * 32),
        ("Q6_K", b"\xff" * 208 + b"\x00\x3c", b"\0" * 208 + b"\x00\xfc"),
        ("Q4_K", b"\0\x3c\0\x3c" + b"\xff" * 140, b"\0\x3c\0\x7c" + b"\0" * 140),
    ],
)
def test_exponents_of_all_ones_are_found_in_every_type(kind: str, good: bytes, bad: bytes) -> None:
    assert not non_finite(good, kind) and non_finite(bad, kind)
    assert not non_finite(good * 5, kind) and non_finite(good * 5 + bad, kind)


def test_sizes_are_estimated_alike_in_every_type() -> None:
    values = [0.5, -0.25, 1.0, 2.0]
    wanted = (sum(one * one for one in values) / 4) ** 0.5
    assert root_mean_square(struct.pack("<4f", *values), "F32") == pytest.approx(wanted)
    assert root_mean_square(struct.pack("<4e", *values), "F16") == pytest.approx(wanted)
    half = b"".join(struct.pack("<f", one)[2:] for one in values)
    assert root_mean_square(half, "BF16") == pytest.approx(wanted)
    assert root_mean_square(struct.pack("<5f", *values, float("nan")), "F32") == pytest.approx(wanted)
    assert root_mean_square(b"", "F32") == 0.0


def adapter(*modules: str) -> dict[str, Any]:
    return {
        f"base_model.model.model.layers.{block}.{one}.lora_{end}.weight": ("F32", [2, 2], floats(4))
        for one in modules
        for block in range(3)
        for end in "AB"
    }


def test_adapters_of_usual_modules_show_none() -> None:
    assert (
        indicators(adapter("self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj"), "adapter_model.safetensors") == ""
    )


@pytest.mark.parametrize("module", ["input_layernorm", "lm_head", "embed_tokens", "post_attention_layernorm"])
def test_adapters_of_unusual_modules(module: str) -> None:
    assert f"{module}: the adapter changes this module" in indicators(adapter("self_attn.q_proj", module))


def test_adapters_that_bring_whole_modules() -> None:
    changed = adapter("self_attn.q_proj") | {"base_model.model.lm_head.weight": ("F32", [2, 2], floats(4))}
    assert "brings a whole module" in indicators(changed)


def test_targets_of_adapters_by_every_tool() -> None:
    assert targets(["a.q_proj.lora_A.weight", "lora_unet_x.lora_down.weight", "blk.0.attn_q.weight.lora_a"]) == {
        "q_proj", "lora_unet_x", "attn_q",
    }  # fmt: skip


def test_many_tensors_are_cheap_to_compare() -> None:
    exam = Exam("x")
    check_layers(
        [Tensor(f"m.layers.{one}.w{part}.weight", "F32", (1,), 0, 0) for one in range(20_000) for part in range(5)],
        exam,
    )
    assert not exam.observations


def test_what_was_looked_at_does_not_depend_on_the_run() -> None:
    data = safetensors(model())
    assert look(Bytes(data), "a.safetensors").observations == look(Bytes(data), "a.safetensors").observations
