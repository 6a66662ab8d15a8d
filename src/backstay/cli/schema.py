"""Schema: prints the JSON Schema of the JSON report."""

import argparse
import json

from backstay.cli import outputs
from backstay.cli.exits import CLEAN
from backstay.schema import report_schema


def run(options: argparse.Namespace) -> int:
    outputs.write_stdout(json.dumps(report_schema(), indent=2) + "\n")
    return CLEAN
