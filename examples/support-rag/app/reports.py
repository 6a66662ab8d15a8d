"""Figures for the support team, asked for in plain words."""

import psycopg
from fastapi import APIRouter, Depends, Request
from openai import OpenAI
from pydantic import BaseModel

from app.security import limiter, signed_in
from app.settings import settings

router = APIRouter(dependencies=[Depends(signed_in)])
client = OpenAI(api_key=settings.openai_api_key.get_secret_value(), timeout=20)

INSTRUCTIONS = "Write one SQL query over the table tickets(id, opened, closed, topic). Answer with the query only."


class Wish(BaseModel):
    text: str


@router.post("/reports")
@limiter.limit("10/minute")
def report(request: Request, wish: Wish) -> list[tuple[object, ...]]:
    """The rows that answer a wish."""
    completion = client.chat.completions.create(
        model=settings.chat_model,
        max_tokens=300,
        messages=[
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": wish.text},
        ],
    )
    statement = completion.choices[0].message.content
    with psycopg.connect(settings.database_url) as connection:
        return connection.execute(f"{statement} LIMIT 100").fetchall()
