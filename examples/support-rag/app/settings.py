"""What can be set from outside, with the defaults that production uses."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SUPPORT_", env_file=".env")

    openai_api_key: SecretStr
    api_token: SecretStr
    chat_model: str = "gpt-4o-mini-2024-07-18"
    embedding_model: str = "BAAI/bge-small-en-v1.5"
    database_url: str = "postgresql:///support"


settings = Settings()
