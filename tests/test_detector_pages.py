"""Every detector does what its page says."""

from pathlib import Path

import pytest

from backstay import registry, testing
from backstay.plugin import Detector


@pytest.mark.parametrize("detector", registry.detectors(), ids=lambda detector: str(detector.id))
def test_page(detector: Detector, tmp_path: Path) -> None:
    testing.check_detector_page(detector, tmp_path)
