"""The manuals, as vectors in a folder."""

from langchain_chroma import Chroma
from langchain_huggingface import HuggingFaceEmbeddings

from app.settings import settings

embeddings = HuggingFaceEmbeddings(model_name=settings.embedding_model)
manuals = Chroma(collection_name="manuals", embedding_function=embeddings, persist_directory="index")


def passages(question: str, most: int = 4) -> str:
    """The passages nearest to a question, as one text."""
    return "\n\n".join(found.page_content for found in manuals.similarity_search(question, k=most))
