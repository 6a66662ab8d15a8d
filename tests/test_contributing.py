"""What CONTRIBUTING.md tells people to write works as it stands there: its files in a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^(`{3,4})\w+ (src/backstay/\S+)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)

_CHECK = """
import sys
from pathlib import Path
from backstay import page, registry, testing

folder = Path(sys.argv[1])
rule = next(one for one in registry.rules() if one.id == "retired-model")
testing.check_rule_contract(rule)
testing.check_rule_page(rule, folder / "rule")
detector = next(one for one in registry.detectors() if one.id == "ollama-modelfile")
testing.check_detector_contract(detector)
testing.check_detector_page(detector, folder / "detector")
testing.check_catalog_page("acme_llm", page.load("backstay.catalog.sdk.python", "acme_llm"), folder / "library")
"""


def test_a_rule_a_detector_and_a_library_are_two_files_each(tmp_path: Path) -> None:
    files = {path: text for _, path, text in _BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))}
    assert len(files) == 6
    copy = tmp_path / "src"
    shutil.copytree(ROOT / "src" / "backstay", copy / "backstay", ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in files.items():
        assert not (tmp_path / path).exists(), f"{path} is no example any more: it is there"
        (tmp_path / path).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _CHECK, str(tmp_path / "examples")],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(copy)},
    )
    assert done.returncode == 0, done.stderr
