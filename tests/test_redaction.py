"""Provider keys that stand where names belong are in no report."""

import json
from pathlib import Path

import msgspec
import pytest

from backstay.model import Asset, Evidence, Kind, Relationship, RelationshipKind
from backstay.pipeline import scan
from backstay.redaction import redacted

KEY = "sk-proj-" + "Zx81Qm4LpT7vWnE2" * 3
ADDRESS = "https://bob:hunter2Zq9@mcp.example.com/sse?token=tkq7Zx81QmLpT7vWnE2ab"
FILES = {
    "app.py": f"""
from openai import OpenAI
from agents.mcp import MCPServerSse, MCPServerStdio
OpenAI().chat.completions.create(model="{KEY}", messages=[])
MCPServerStdio(params={{"command": "npx --key {KEY}", "args": ["-y", "@foo/mcp-server", "--api-key", "{KEY}"]}})
MCPServerSse(params={{"url": "{ADDRESS}"}})
""",
    "app.ts": f"""
import {{ SSEClientTransport }} from '@modelcontextprotocol/sdk/client/sse.js';
const t = new SSEClientTransport(new URL('{ADDRESS}'), {{ authProvider: '{KEY}' }});
""",
    "main.go": f"""package main
import "github.com/mark3labs/mcp-go/client"
func main() {{ c, _ := client.NewSSEMCPClient("{ADDRESS}"); _ = c }}
""",
    "run.sh": f"""
vllm serve meta-llama/Llama-3-8B --api-key {KEY} --host {ADDRESS}
python train.py --model_name_or_path a/b-7b --dataset {KEY} --config c.yaml
claude mcp add {KEY} -- npx -y @foo/mcp-server --api-key {KEY}
curl "https://generativelanguage.googleapis.com/v1beta/models/gemini-pro:generateContent?key={KEY}"
""",
}


def test_no_key_and_no_password_is_in_a_report(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    report = scan(tmp_path, jobs=1)
    said = json.dumps(msgspec.to_builtins(report)).lower()
    assert "a/b-7b" in said
    assert "@foo/mcp-server" in said
    assert all(secret not in said for secret in ("zx81qm4", "hunter2", "tkq7"))
    assert {asset.name for asset in report.assets if asset.kind == Kind.MCP_SERVER} >= {"https://mcp.example.com/sse"}


@pytest.mark.parametrize(
    "text", ["gpt-4o", "sk-learn-pipeline-of-the-project-for-all", "meta-llama/Llama-3-8B", "sk-" * 9]
)
def test_names_stay_as_they_are(text: str) -> None:
    asset = Asset(f"urn:x:{text}", Kind.MODEL, text, {"a": text, "b": [text], "c": 1}, (Evidence("x", note=text),))
    assert redacted(asset) is asset


def test_every_text_of_a_fact_is_looked_at() -> None:
    asset = Asset(
        f"u:{KEY.lower()}", Kind.MODEL, KEY, {"a": f"x {KEY}", "b": [KEY], "c": 1}, (Evidence("x", note=KEY),)
    )
    hidden = redacted(asset)
    assert (hidden.key, hidden.name) == ("u:***", "***")
    assert hidden.attributes == {"a": "x ***", "b": ["***"], "c": 1}
    assert hidden.evidence[0].note == "***"
    edge = redacted(Relationship(f"u:{KEY}", RelationshipKind.USES, f"v:{KEY}", {"api": KEY}))
    assert (edge.source, edge.target, edge.attributes) == ("u:***", "v:***", {"api": "***"})
