"""Retrieved content in a system prompt: text from the web or a tool becomes part of the instructions."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import inputs_to_system_prompt


@rule(Kind.PROMPT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    # Files are left out: most are the prompt's own text, and whether strangers write them cannot be seen.
    for variable, source, evidence in inputs_to_system_prompt(asset, graph, "web", "tool"):
        what = f"{variable}, which {source} fetches," if variable else f"What {source} fetches"
        yield Match(
            message=f"{what} is written into the system prompt {asset.name}: its authors can give orders.",
            evidence=evidence,
            discriminator=f"{source} {variable}",
        )
