"""Defaults of command-line options are what code uses when nobody says otherwise."""

from pathlib import Path

import pytest

from backstay.model import Kind
from backstay.pipeline import scan

HEAD = """
from openai import OpenAI

client = OpenAI()


def ask(model):
    client.responses.create(model=model, input="Hello")
"""
ARGPARSE = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("-m", "--chat-model", default="o1")
args = parser.parse_args()
ask(args.chat_model)
"""
GROUP = """
import argparse


def parse():
    parser = argparse.ArgumentParser()
    group = parser.add_argument_group()
    group.add_argument("--model", dest="name", default="gpt-4.1")
    args, rest = parser.parse_known_args()
    return args


def main(args):
    ask(args.name)


main(parse())
"""
CHOICES = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("model", choices=["gpt-4o", "gpt-4o-mini"])
ask(parser.parse_args().model)
"""
CLICK = """
import click


@click.command()
@click.option("--model", "-m", default="gpt-4o")
def cli(model):
    ask(model)
"""
TYPER = """
import typer


def cli(model: str = typer.Option("gpt-5-mini", help="Model")):
    ask(model)
"""
DATACLASS = """
from dataclasses import dataclass, field

from transformers import HfArgumentParser


@dataclass
class Arguments:
    model: str = field(default="gpt-4")


(arguments,) = HfArgumentParser((Arguments,)).parse_args_into_dataclasses()
ask(arguments.model)
"""
NO_DEFAULT = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--model", default=None)
ask(parser.parse_args().model)
"""
ANOTHER = """
from elsewhere import Options

options = Options()
options.add_argument("--model", default="mine")
ask(options.read().model)
"""


@pytest.mark.parametrize(
    ("code", "models"),
    [
        (ARGPARSE, {"o1"}),
        (GROUP, {"gpt-4.1"}),
        (CHOICES, {"gpt-4o", "gpt-4o-mini"}),
        (CLICK, {"gpt-4o"}),
        (TYPER, {"gpt-5-mini"}),
        (DATACLASS, {"gpt-4"}),
        (NO_DEFAULT, set()),
        (ANOTHER, set()),
    ],
)
def test_defaults(code: str, models: set[str], tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HEAD + code)
    assert {asset.name for asset in scan(tmp_path).assets if asset.kind == Kind.MODEL} == models
