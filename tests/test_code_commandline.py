"""Defaults of command-line options are what code uses when nobody says otherwise."""

from pathlib import Path

import pytest

from backstay.model import Kind
from backstay.pipeline import scan

HEAD = "from openai import OpenAI\n\nclient = OpenAI()\n\n\ndef ask(model):\n    client.responses.create(model=model, input='')\n\n\n"


@pytest.mark.parametrize(
    ("code", "models"),
    [
        (
            "import argparse\nparser = argparse.ArgumentParser()\n"
            "parser.add_argument('-m', '--chat-model', default='o1')\nargs = parser.parse_args()\nask(args.chat_model)\n",
            {"o1"},
        ),
        (
            "import argparse\ndef parse():\n    parser = argparse.ArgumentParser()\n"
            "    group = parser.add_argument_group()\n    group.add_argument('--model', dest='name', default='gpt-4.1')\n"
            "    args, rest = parser.parse_known_args()\n    return args\ndef main(args):\n    ask(args.name)\nmain(parse())\n",
            {"gpt-4.1"},
        ),
        (
            "import argparse\nparser = argparse.ArgumentParser()\n"
            "parser.add_argument('model', choices=['gpt-4o', 'gpt-4o-mini'])\nask(parser.parse_args().model)\n",
            {"gpt-4o", "gpt-4o-mini"},
        ),
        (
            "import click\n@click.command()\n@click.option('--model', '-m', default='gpt-4o')\ndef cli(model):\n    ask(model)\n",
            {"gpt-4o"},
        ),
        (
            "import typer\ndef cli(model: str = typer.Option('gpt-5-mini', help='Model')):\n    ask(model)\n",
            {"gpt-5-mini"},
        ),
        (
            "from dataclasses import dataclass, field\nfrom transformers import HfArgumentParser\n@dataclass\n"
            "class Arguments:\n    model: str = field(default='gpt-4')\n"
            "(arguments,) = HfArgumentParser((Arguments,)).parse_args_into_dataclasses()\nask(arguments.model)\n",
            {"gpt-4"},
        ),
        # An option without a default, and a parser of the project's own, say nothing.
        (
            "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--model', default=None)\n"
            "ask(parser.parse_args().model)\n",
            set(),
        ),
        ("from mine import parser\nparser.add_argument('--model', default='o1')\nask(parser.parse().model)\n", set()),
    ],
    ids=["argparse", "group", "choices", "click", "typer", "dataclass", "no default", "another parser"],
)
def test_defaults(code: str, models: set[str], tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HEAD + code)
    assert {asset.name for asset in scan(tmp_path).assets if asset.kind == Kind.MODEL} == models
