"""Version: prints the version of backstay and of what it runs on, as a bug report needs them."""

import argparse
import platform

from backstay import __version__
from backstay.cli import outputs
from backstay.cli.exits import CLEAN


def run(options: argparse.Namespace) -> int:
    outputs.write_stdout(f"backstay {__version__} (Python {platform.python_version()}, {platform.system()})\n")
    return CLEAN
