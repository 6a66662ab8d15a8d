"""Sorts letters by topic with a provider that the policy does not name."""

from anthropic import Anthropic

client = Anthropic(timeout=20)


def topic(letter: str) -> str:
    """One word for what a letter is about."""
    message = client.messages.create(
        model="claude-3-5-haiku-20241022",
        max_tokens=10,
        system="Answer with one word: order, refund, fault or other.",
        messages=[{"role": "user", "content": letter}],
    )
    return message.content[0].text
