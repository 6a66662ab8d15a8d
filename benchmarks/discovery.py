"""Discovery measured: scan labelled repositories and score what is found against what a careful reader found.

    python benchmarks/discovery.py --labels DIR [--scorer score.py] [--show] NAME=CHECKOUT ...

DIR holds NAME.json truth files; CHECKOUT is that repository at the commit its truth file names. Prints the
scorer's table.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from backstay.model import Kind, RelationshipKind, Report
from backstay.pipeline import scan

TYPES = {
    Kind.MODEL: "model",
    Kind.PROVIDER: "provider",
    Kind.PACKAGE: "framework",
    Kind.AGENT: "agent",
    Kind.TOOL: "tool",
    Kind.MCP_SERVER: "mcp_server",
    Kind.PROMPT: "prompt",
    Kind.VECTOR_STORE: "vector_store",
    Kind.DATASET: "dataset",
    Kind.PIPELINE: "pipeline",
    Kind.ENDPOINT: "endpoint",
    Kind.GUARDRAIL: "guardrail",
    Kind.SKILL: "skill",
}
# The labels join the parts of an AI system; these ends place, own or bill them and are not labelled.
UNRELATED = frozenset({Kind.PACKAGE, Kind.CREDENTIAL, Kind.SERVICE, Kind.REPOSITORY, Kind.TEAM, Kind.IDENTITY})


def prediction(report: Report) -> dict[str, list[dict[str, Any]]]:
    """A report in the scorer's terms: one entry for each asset and place."""
    assets, names = [], {}
    for asset in report.assets:
        if asset.kind == Kind.CREDENTIAL:
            kind = "secret" if asset.text("form") == "value" else "credential_ref"
        elif asset.kind == Kind.PACKAGE and not (asset.attributes.get("ai") and asset.attributes.get("direct", True)):
            continue
        elif asset.kind in TYPES:
            kind = TYPES[asset.kind]
        else:
            continue
        names[asset.key] = asset.name
        for place in asset.evidence or ():
            assets.append({"type": kind, "name": asset.name, "file": place.path, "line": place.line or 1})
    kinds = {asset.key: asset.kind for asset in report.assets}
    tests = {asset.key for asset in report.assets if asset.text("placement") == "test"}
    said = {(edge.source, edge.target) for edge in report.relationships if edge.kind == RelationshipKind.TRAINED_ON}
    makes = {(edge.target, edge.source) for edge in report.relationships if edge.kind == RelationshipKind.PRODUCES}
    # The labels say once, on the model, what data it was trained on; our pipelines say as well that they read it.
    said = {(pipeline, data) for model, data in said for made, pipeline in makes if made == model}
    relations = [
        {"from": names[edge.source], "to": names[edge.target], "kind": edge.kind}
        for edge in report.relationships
        if edge.source in names
        and edge.target in names
        and not {kinds[edge.source], kinds[edge.target]} & UNRELATED
        and not {edge.source, edge.target} & tests
        and not (edge.kind == RelationshipKind.CONSUMES and (edge.source, edge.target) in said)
    ]
    return {"assets": assets, "relations": relations}


def main() -> int:
    """Scan, write the predictions, run the scorer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--scorer", type=Path, help="score.py; default: beside the labels' folder")
    parser.add_argument("--show", action="store_true", help="list what was missed and what was false")
    parser.add_argument("checkouts", nargs="+", metavar="NAME=CHECKOUT")
    options = parser.parse_args()
    scorer = options.scorer or options.labels.parent / "score.py"
    with tempfile.TemporaryDirectory() as folder:
        for pair in options.checkouts:
            name, _, checkout = pair.partition("=")
            report = scan(Path(checkout))
            Path(folder, f"{name}.json").write_text(json.dumps(prediction(report)), encoding="utf-8")
        command = [sys.executable, str(scorer), folder, "--truth", str(options.labels), "--relations"]
        return subprocess.run([*command, *(["--show"] if options.show else [])], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
