"""The agents and who hands over to whom."""

from agents import Agent, Runner

from assistant.tools import customer_record, fetch_page, run_command, send_email, working_days

MODEL = "gpt-4o-mini-2024-07-18"

# Reads strangers' pages, reads customers' data and writes to anyone: the three together are the flaw.
concierge = Agent(
    name="Concierge",
    model=MODEL,
    instructions="Answer the customer's letter. Look up their order and the pages they link to.",
    tools=[fetch_page, customer_record, send_email],
)

# A shell, and nobody is asked before it runs.
operator = Agent(
    name="Operator",
    model=MODEL,
    instructions="Keep the mail server tidy.",
    tools=[run_command],
)

# Private data, but no strangers' text and no way out.
archivist = Agent(
    name="Archivist",
    model=MODEL,
    instructions="Say what is known of a customer.",
    tools=[customer_record, working_days],
)

# Strangers' text, but nothing private and no way out.
reader = Agent(
    name="Reader",
    model=MODEL,
    instructions="Say in one sentence what a page is about.",
    tools=[fetch_page],
)


def answer(letter: str) -> str:
    """Work through one letter."""
    return Runner.run_sync(concierge, letter, max_turns=8).final_output


def tidy() -> str:
    """The nightly maintenance."""
    return Runner.run_sync(operator, "Remove mail older than a year.", max_turns=4).final_output
