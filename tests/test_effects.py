"""The effects table on code: what tools can do, where model output ends, what makes it safe, what authenticates."""

from pathlib import Path

import pytest

from backstay.catalog.tables import knowledge, languages
from backstay.model import Kind, Report
from backstay.pipeline import scan

CAPABILITIES = {"reads_untrusted", "reads_private", "changes_state", "sends_out", "runs_code", "spends_money"}
SINKS = {"code", "shell", "sql", "html", "path", "template", "deserialise", "url"}
ORIGINS = {"request", "user", "tool", "file", "web"}

# One function each: `out` is what a model answered.
DANGEROUS = {
    "evaluated": ("", "eval(out)", "code"),
    "interpreted": ("import code", "code.InteractiveInterpreter().runsource(out)", "code"),
    "systemed": ("import os", "os.system(out)", "shell"),
    "listed": ("import subprocess", 'subprocess.run(["git", "commit", "-m", out])', "shell"),
    "spawned": ("import asyncio", 'asyncio.create_subprocess_exec("sh", out)', "shell"),
    "remoted": ("import paramiko", "c = paramiko.SSHClient()\n    c.exec_command(out)", "shell"),
    "queried": ("import sqlite3", 'sqlite3.connect("a.db").cursor().execute(out)', "sql"),
    "texted": ("from sqlalchemy import text", "text(out)", "sql"),
    "framed": ("import pandas as pd", "pd.read_sql(out, None)", "sql"),
    "handed": ("", "cursor.execute(out)", "sql"),
    "duck": ("import duckdb", "duckdb.sql(out)", "sql"),
    "marked": ("from markupsafe import Markup", "return Markup(out)", "html"),
    "responded": ("from fastapi.responses import HTMLResponse", "return HTMLResponse(content=out)", "html"),
    "shown": ("import streamlit as st", "st.markdown(out, unsafe_allow_html=True)", "html"),
    "displayed": ("from IPython.display import HTML", "return HTML(out)", "html"),
    "rendered": ("from flask import render_template_string", "return render_template_string(out)", "template"),
    "templated": ("from jinja2 import Environment", "return Environment().from_string(out)", "template"),
    "opened": ("", 'open(out, "w")', "path"),
    "removed": ("import os", "os.remove(out)", "path"),
    "pathed": ("from pathlib import Path", 'Path(out).write_text("x")', "path"),
    "moved": ("import shutil", 'shutil.move("a", out)', "path"),
    "unpickled": ("import pickle", "pickle.loads(out)", "deserialise"),
    "yamled": ("import yaml", "yaml.load(out)", "deserialise"),
    "yamled_loader": ("import yaml", "yaml.load(out, Loader=yaml.UnsafeLoader)", "deserialise"),
    "fetched": ("import requests", "requests.get(out)", "url"),
    "requested": ("import httpx", 'httpx.request("GET", out)', "url"),
}
HARMLESS = {
    "quoted": ("import os\nimport shlex", "os.system('ls ' + shlex.quote(out))"),
    "escaped": ("import html\nfrom markupsafe import Markup", "return Markup(html.escape(out))"),
    "literal": ("import ast", "ast.literal_eval(out)"),
    "numbered": ("", "eval(str(int(out)))"),
    "safe_yaml": ("import yaml", "yaml.safe_load(out)"),
    "safe_loader": ("import yaml", "yaml.load(out, Loader=yaml.SafeLoader)"),
    "plain_markdown": ("import streamlit as st", "st.markdown(out)"),
    "based": ("import os", "open(os.path.basename(out))"),
    "parametrised": ("import sqlite3", 'sqlite3.connect("a.db").execute("select ?", (out,))'),
    "printed": ("", "print(out)"),
}
MODEL = """from openai import OpenAI

client = OpenAI()


def ask() -> str:
    reply = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    return reply.choices[0].message.content
"""


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Sinks that model output reaches, by function."""
    folder = tmp_path_factory.mktemp("flows")
    folder.joinpath("model.py").write_text(MODEL, encoding="utf-8")
    for name, (imports, line, *_) in (DANGEROUS | HARMLESS).items():
        body = f"{imports}\nfrom model import ask\n\n\ndef {name}(cursor=None):\n    out = ask()\n    {line}\n"
        folder.joinpath(f"{name}_file.py").write_text(body, encoding="utf-8")
    found: dict[str, set[str]] = {}
    for edge in scan(folder, jobs=1).relationships:
        if edge.kind == "flowsTo" and "sink" in edge.attributes:
            found.setdefault(edge.text("function"), set()).add(edge.text("sink"))
    return found


@pytest.mark.parametrize("name", DANGEROUS)
def test_output_reaches_sink(name: str, flows: dict[str, set[str]]) -> None:
    assert flows.get(name) == {DANGEROUS[name][2]}


@pytest.mark.parametrize("name", HARMLESS)
def test_output_is_made_safe(name: str, flows: dict[str, set[str]]) -> None:
    assert name not in flows


TOOLS = {
    "run_shell": ("import subprocess", "subprocess.run(command, shell=True)", {"runs_code", "changes_state"}),
    "fetch": ("import requests", "requests.get(command).text", {"reads_untrusted"}),
    "post": ("import httpx", "httpx.post(command, json={})", {"sends_out", "changes_state"}),
    "read_note": ("", "open(command).read()", {"reads_private"}),
    "write_note": ("", 'open("n", "w").write(command)', {"changes_state"}),
    "save": ("from pathlib import Path", "Path(command).write_text('x')", {"changes_state"}),
    "find_rows": (
        "import psycopg2",
        "c = psycopg2.connect('').cursor()\n    c.execute(command)",
        {"reads_private", "changes_state"},
    ),
    "send_mail": (
        "import smtplib",
        'with smtplib.SMTP("m") as s:\n        s.sendmail("a", "b", command)',
        {"sends_out", "changes_state"},
    ),
    "pay": ("import stripe", "stripe.Refund.create(charge=command)", {"spends_money", "changes_state", "sends_out"}),
    "search": ("from ddgs import DDGS", "DDGS().text(command)", {"reads_untrusted"}),
    "inbox": ("import imaplib", 'imaplib.IMAP4_SSL("h").fetch("1", "(RFC822)")', {"reads_private", "reads_untrusted"}),
    "add": ("", "command + command", set()),
}


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("tools")
    for name, (imports, line, _) in TOOLS.items():
        body = (
            f"{imports}\nfrom agents import function_tool\n\n\n@function_tool\ndef {name}(command: str):\n"
            f"    return helper(command)\n\n\ndef helper(command):\n    {line}\n"
        )
        folder.joinpath(f"{name}_file.py").write_text(body, encoding="utf-8")
    return scan(folder, jobs=1)


@pytest.mark.parametrize("name", TOOLS)
def test_tool_capabilities(name: str, tools: Report) -> None:
    found = {asset.name: asset for asset in tools.assets if asset.kind == Kind.TOOL}
    assert set(found[name].items("capabilities")) == TOOLS[name][2]


GUARDS = {
    "dependency": (
        "from fastapi import Depends\nfrom deps import get_current_user",
        "user=Depends(get_current_user)",
        True,
    ),
    "bearer": (
        "from fastapi import Depends\nfrom fastapi.security import HTTPBearer",
        "token=Depends(HTTPBearer())",
        True,
    ),
    "database": ("from fastapi import Depends\nfrom deps import get_db", "db=Depends(get_db)", False),
    "nothing": ("", "text: str = ''", False),
}


@pytest.mark.parametrize("name", GUARDS)
def test_authentication(name: str, tmp_path: Path) -> None:
    imports, parameter, guarded = GUARDS[name]
    tmp_path.joinpath("model.py").write_text(MODEL, encoding="utf-8")
    tmp_path.joinpath("deps.py").write_text("def get_current_user(): ...\n\n\ndef get_db(): ...\n", encoding="utf-8")
    tmp_path.joinpath("app.py").write_text(
        f"from fastapi import FastAPI\n{imports}\nfrom model import ask\n\napp = FastAPI()\n\n\n"
        f"@app.post('/ask')\ndef answer({parameter}):\n    return ask()\n",
        encoding="utf-8",
    )
    (endpoint,) = (asset for asset in scan(tmp_path, jobs=1).assets if asset.kind == Kind.ENDPOINT)
    assert (endpoint.attributes["authentication"] is not None) == guarded


@pytest.mark.parametrize("language", languages())
def test_table_uses_the_vocabulary(language: str) -> None:
    table = knowledge(language)
    assert {one for row in table.effect for one in row.capabilities} <= CAPABILITIES
    assert {row.sink for row in table.sink} <= SINKS
    assert {row.origin for row in table.source} <= ORIGINS
    assert {one for row in table.sanitiser for one in row.sinks} <= SINKS | {"*"}


@pytest.mark.parametrize("language", languages())
def test_no_pattern_twice(language: str) -> None:
    """A pattern listed twice in one section is a slip, unless its rows differ by a condition or argument."""
    table = knowledge(language)
    for rows in (table.effect, table.sink, table.source, table.sanitiser, table.authentication):
        for row in rows:
            assert len(row.match) == len(set(row.match)), sorted({m for m in row.match if row.match.count(m) > 1})
