"""One dataset is listed once: by what code calls it, by where it stands, and in however many files."""

from pathlib import Path

from backstay.model import Kind
from backstay.pipeline import scan

ROWS = '{"text": "a", "label": 1}\n{"text": "b", "label": 0}\n'


def write(root: Path, path: str, text: str = ROWS) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def datasets(root: Path) -> list[str]:
    return sorted(asset.name for asset in scan(root).assets if asset.kind == Kind.DATASET)


def test_many_files_of_a_folder_are_one_dataset(tmp_path: Path) -> None:
    for number in range(6):
        write(tmp_path, f"eval/answers/model-{number}.jsonl")
    assert datasets(tmp_path) == ["eval/answers"]


def test_few_files_stay_apart(tmp_path: Path) -> None:
    for name in ("easy", "hard"):
        write(tmp_path, f"data/{name}.jsonl")
    assert datasets(tmp_path) == ["data/easy.jsonl", "data/hard.jsonl"]


def test_a_file_that_code_reads_stays_apart(tmp_path: Path) -> None:
    for number in range(7):
        write(tmp_path, f"data/part{number}.jsonl")
    write(
        tmp_path, "train.py", 'from datasets import load_dataset\nload_dataset("json", data_files="data/part3.jsonl")\n'
    )
    assert datasets(tmp_path) == ["data", "data/part3.jsonl"]


def test_parts_are_one_dataset(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path, f"data/train-{number:05}-of-00003.jsonl")
    assert datasets(tmp_path) == ["data/train"]


def test_results_are_no_data_for_models(tmp_path: Path) -> None:
    write(tmp_path, "eval/results/run-1.jsonl")
    write(tmp_path, "eval/results/train.jsonl")
    assert datasets(tmp_path) == ["eval/results/train.jsonl"]


def test_a_name_read_from_the_hub_or_a_file_is_the_hubs(tmp_path: Path) -> None:
    code = (
        'from datasets import load_dataset\n\ndef train(path: str = "yahma/alpaca-cleaned"):\n'
        '    if path.endswith(".json"):\n        return load_dataset("json", data_files=path)\n'
        "    return load_dataset(path)\n"
    )
    write(tmp_path, "train.py", code)
    assert datasets(tmp_path) == ["yahma/alpaca-cleaned"]


def test_a_path_is_seen_from_the_code(tmp_path: Path) -> None:
    write(tmp_path, "app/data/train.jsonl")
    code = 'from datasets import load_dataset\nload_dataset("json", data_files="../app/data/train.jsonl")\n'
    write(tmp_path, "notebooks/look.py", code)
    assert datasets(tmp_path) == ["app/data/train.jsonl"]
