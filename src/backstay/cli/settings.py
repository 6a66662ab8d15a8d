"""Settings: `config show`, the policy in effect as TOML, with where it came from."""

import argparse
from pathlib import Path

from backstay.cli import outputs
from backstay.cli.exits import CLEAN, CommandError
from backstay.config import ConfigError, find_policy, to_toml


def run(options: argparse.Namespace) -> int:
    explicit = Path(options.config) if options.config else None
    try:
        policy, origin = find_policy(Path(options.directory), explicit, not options.no_repo_config)
    except ConfigError as error:
        raise CommandError(str(error)) from error
    lines = [
        f"# policy from {origin.name}" + (", which the scanned folder brought itself" if origin.repository else "")
    ]
    if origin.ignored:
        lines.append(f"# the scanned folder's own {origin.ignored} is not used")
    outputs.write_stdout("\n".join(lines) + "\n" + to_toml(policy))
    return CLEAN
