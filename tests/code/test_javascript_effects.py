"""What JavaScript's tools do to the world, and what stands before its endpoints."""

from pathlib import Path

import pytest

from backstay.model import Kind
from backstay.pipeline import scan

TOOL = """
import { tool } from "ai";
import { z } from "zod";
IMPORTS

export const t = tool({ inputSchema: z.object({ x: z.string() }), execute: async ({ x }) => { BODY } });
"""
ROUTE = """
import express from "express";
import OpenAI from "openai";
IMPORTS

const openai = new OpenAI();
const app = express();
BEFORE
app.post("/chat", MIDDLEWARE async (req, res) => {
  FIRST
  res.json(await openai.responses.create({ model: "gpt-4o", input: req.body.text }));
});
"""


def attributes(folder: Path, name: str, source: str, kind: Kind) -> dict[str, object]:
    (folder / name).write_text(source, encoding="utf-8")
    (found,) = [asset for asset in scan(folder, None).assets if asset.kind == kind]
    return dict(found.attributes)


@pytest.mark.parametrize(
    ("imports", "body", "capabilities"),
    [
        ("", "return (await fetch(`https://x.example/${x}`)).text();", {"reads_untrusted"}),
        ("", 'return fetch("https://x.example", { method: "POST", body: x });', {"sends_out", "changes_state"}),
        (
            'import { execSync } from "node:child_process";',
            "return execSync(x).toString();",
            {"runs_code", "changes_state"},
        ),
        ('import fs from "fs";', 'return fs.promises.readFile(x, "utf8");', {"reads_private"}),
        ('import * as fs from "node:fs/promises";', "await fs.unlink(x);", {"changes_state"}),
        ('import axios from "axios";', "return (await axios.get(x)).data;", {"reads_untrusted"}),
        ('import { Pool } from "pg";\nconst pool = new Pool();', 'return pool.query("SELECT 1");', {"reads_private"}),
        (
            'import { PrismaClient } from "@prisma/client";\nconst prisma = new PrismaClient();',
            "return prisma.order.delete({ where: { id: x } });",
            {"changes_state"},
        ),
        ("", "return x.toUpperCase();", set()),
    ],
)
def test_capabilities(tmp_path: Path, imports: str, body: str, capabilities: set[str]) -> None:
    source = TOOL.replace("IMPORTS", imports).replace("BODY", body)
    found = attributes(tmp_path, "tool.ts", source, Kind.TOOL)
    assert set(found.get("capabilities", [])) == capabilities  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("imports", "before", "middleware", "first", "guarded"),
    [
        ("", "", "", "", False),
        ('import { logger } from "./log";', "", "logger,", "", False),
        ("", "", "requireAuth,", "", True),
        ('import { expressjwt } from "express-jwt";', "app.use(expressjwt({ secret: 'x' }));", "", "", True),
        ('import passport from "passport";', "", 'passport.authenticate("jwt"),', "", True),
        ("", "", "", "if (!req.user) return res.status(401).end();", True),
        ("", "", "", 'if (!req.user) return res.json({ error: "no" });', False),
        ("", "", "", "res.status(200);", False),
    ],
)
def test_authentication(
    tmp_path: Path, imports: str, before: str, middleware: str, first: str, *, guarded: bool
) -> None:
    source = ROUTE.replace("IMPORTS", imports).replace("BEFORE", before)
    source = source.replace("MIDDLEWARE", middleware).replace("FIRST", first)
    found = attributes(tmp_path, "app.ts", source, Kind.ENDPOINT)
    assert (found["authentication"] is not None) == guarded


def test_a_limit_before_an_endpoint(tmp_path: Path) -> None:
    source = ROUTE.replace("IMPORTS", 'import { rateLimit } from "express-rate-limit";')
    source = (
        source.replace("BEFORE", "app.use(rateLimit({ limit: 10 }));").replace("MIDDLEWARE", "").replace("FIRST", "")
    )
    found = attributes(tmp_path, "app.ts", source, Kind.ENDPOINT)
    assert found["rate_limit"] == "express-rate-limit.rateLimit"
    assert found["authentication"] is None


def test_a_request_in_a_system_prompt_that_stands_in_an_object(tmp_path: Path) -> None:
    source = """
import { openai } from "@ai-sdk/openai";
import { generateText } from "ai";
import { exec } from "node:child_process";

export async function POST(req: Request) {
  const { persona } = await req.json();
  const { text } = await generateText({ model: openai("gpt-4o"), system: `You are ${persona}.` });
  exec(text);
}
"""
    folder = tmp_path / "app" / "api" / "run"
    folder.mkdir(parents=True)
    (folder / "route.ts").write_text(source, encoding="utf-8")
    report = scan(tmp_path, None)
    names = {asset.key: f"{asset.kind} {asset.name}" for asset in report.assets}
    flows = {(names[e.source], names[e.target].partition(" ")[0]) for e in report.relationships if e.kind == "flowsTo"}
    assert ("endpoint POST /api/run", "prompt") in flows
    assert ("model gpt-4o", "repository") in flows
