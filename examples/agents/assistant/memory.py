"""What the agents remember of earlier letters."""

import os

from qdrant_client import QdrantClient

letters = QdrantClient(url="http://qdrant.support.svc:6333")

# Done right: encrypted, and with a key.
answers = QdrantClient(url="https://answers.support.svc:6333", api_key=os.environ["QDRANT_API_KEY"])


def similar(vector: list[float]) -> list[object]:
    """Letters like this one."""
    return letters.query_points("letters", query=vector, limit=3).points


def earlier(vector: list[float]) -> list[object]:
    """Answers to letters like this one."""
    return answers.query_points("answers", query=vector, limit=3).points
