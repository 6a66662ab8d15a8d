"""Published flaws of GGUF loaders: each is a file that wrote or read beyond memory, and each is told."""

import struct

from weights_samples import Gguf, gaps, llama, look, signs, texts

from backstay.artifacts.report import Sign, State


def accused(made: Gguf, word: str) -> None:
    found = look(made.build(), "model.gguf")
    assert found.state is State.MALICIOUS and Sign.TENSORS in signs(found), (signs(found), gaps(found))
    assert word in texts(found)


def test_cve_2024_21802_more_dimensions_than_the_array_for_them() -> None:
    accused(llama().info("w", [1] * 40, 0, 0), "40 dimensions")
    accused(llama().info("w", [], 0, 0, dimensions=0xFFFFFFFF), "4294967295 dimensions")


def test_cve_2024_21825_the_size_of_an_array_of_texts_overflows() -> None:
    raw = struct.pack("<IQ", 8, (1 << 60) + 1)
    accused(Gguf().pair("tokenizer.ggml.tokens", 9, raw), "1152921504606846977 elements")
    accused(Gguf().pair("tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, 1 << 62)), "elements")


def test_cve_2024_21836_the_number_of_tensors_overflows() -> None:
    made = llama()
    made.counts = ((1 << 64) // 88 + 1, len(made.pairs))
    accused(made, "tensor count")


def test_cve_2024_23496_the_length_of_a_text_overflows() -> None:
    accused(Gguf().pair("general.name", 8, struct.pack("<Q", (1 << 64) - 1)), "18446744073709551615 bytes")
    made = Gguf()
    made.pairs = [struct.pack("<Q", (1 << 64) - 1)]
    accused(made, "18446744073709551615 bytes")


def test_cve_2024_23605_the_number_of_pairs_overflows() -> None:
    made = llama()
    made.counts = (len(made.infos), (1 << 64) // 40 + 1)
    accused(made, "metadata count")


def test_cve_2025_53630_the_sizes_of_tensors_overflow_together() -> None:
    made = Gguf().string("general.architecture", "llama")
    made.info("a", [(1 << 61) - 8], 0, 0).info("b", [(1 << 61) - 8], 0, ((1 << 61) - 8) * 4)
    accused(made, "overflow")


def test_a_tensor_that_overflows_only_with_what_the_loader_adds() -> None:
    made = Gguf().string("general.architecture", "llama")
    made.info("a", [(1 << 62) - 64], 24, 0)
    accused(made, "claims to end")


def test_cve_2025_49847_a_token_longer_than_its_length_can_say() -> None:
    raw = struct.pack("<IQ", 8, 1) + struct.pack("<Q", 0x80000000)
    found = look(Gguf().pair("tokenizer.ggml.tokens", 9, raw).build(), "model.gguf")
    assert found.state is not State.CLEAN and found.gaps


def test_cve_2025_0317_an_alignment_of_zero_is_divided_by() -> None:
    accused(llama().number("general.alignment", 0), "general.alignment")
    accused(llama().number("general.alignment", 24), "general.alignment")


def test_cve_2025_0315_as_many_blocks_as_there_is_memory() -> None:
    made = Gguf().string("general.architecture", "llama").number("llama.block_count", 0x7FFFFFFF)
    accused(made, "llama.block_count")


def test_cve_2024_12055_a_value_of_a_type_that_does_not_exist() -> None:
    accused(Gguf().pair("general.name", 99, b""), "type 99")
    accused(Gguf().pair("general.name", 9, struct.pack("<IQ", 99, 1)), "type 99")


def test_scores_that_end_before_the_tokens_do_are_read_beyond() -> None:
    made = llama().pair("tokenizer.ggml.scores", 9, struct.pack("<IQf", 6, 1, 0.5))
    accused(made, "tokenizer.ggml.scores")


def test_a_byte_token_that_is_no_byte_is_taken_for_an_index() -> None:
    made = Gguf().string("general.architecture", "plamo2").strings("tokenizer.ggml.tokens", ["<0x41>", "<0x-1>"])
    accused(made, "<0x-1>")


def test_more_blocks_than_llama_cpp_has_room_for() -> None:
    accused(Gguf().string("general.architecture", "llama").number("llama.block_count", 513), "513 blocks")


def test_an_alignment_that_overflows_when_it_is_added() -> None:
    accused(llama().number("general.alignment", 0x80000000), "general.alignment")


def test_more_tensors_than_the_memory_for_their_descriptions_can_hold() -> None:
    made = llama()
    made.counts = ((1 << 64) // 368, len(made.pairs))
    accused(made, "tensor count")
