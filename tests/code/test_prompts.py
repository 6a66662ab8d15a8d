"""Prompts that code puts together: the whole by its function, and each part that another function gives."""

from understanding import understand

from backstay.model import Kind

SOURCE = """
import { streamText } from "ai";
import { openai } from "@ai-sdk/openai";
const place = (h: any) => `The request comes from latitude ${h.lat} and longitude ${h.lon}, in the city of ${h.city}.`;
NAME
export const systemPrompt = ({ h }: any) => {
  const part = PART(h);
  return `You are a friendly assistant. Keep answers short.\\n${part}`;
};
export async function POST(req: any) {
  return streamText({ model: openai("gpt-4o"), system: systemPrompt({ h: req.h }), messages: [] });
}
"""
HINTS = "const hintsPrompt = (h: any) => `About the origin of the request: latitude ${h.lat}, longitude ${h.lon}.`;"


def test_a_part_that_is_called_a_prompt_is_one() -> None:
    found = understand({"app/api/chat/route.ts": SOURCE.replace("NAME", HINTS).replace("PART", "hintsPrompt")})
    assert found.names(Kind.PROMPT) == ["hintsPrompt", "systemPrompt"]


def test_other_texts_in_a_prompt_are_none() -> None:
    found = understand({"app/api/chat/route.ts": SOURCE.replace("NAME", "").replace("PART", "place")})
    assert found.names(Kind.PROMPT) == ["systemPrompt"]
