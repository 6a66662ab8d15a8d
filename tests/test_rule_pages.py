"""Every rule's page keeps its promises: its examples go through the real pipeline."""

from pathlib import Path

import pytest

from backstay import registry, testing
from backstay.plugin import Rule


@pytest.mark.parametrize("rule", registry.rules(), ids=lambda rule: rule.id)
def test_page(rule: Rule, tmp_path: Path) -> None:
    testing.check_rule_page(rule, tmp_path)
