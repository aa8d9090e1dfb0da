"""What the environment may set, with the prefix MARKET_; nothing else reads the environment."""

from functools import cache
from pathlib import Path
from typing import Self

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEMO_SECRET = "demo-only-secret-key-never-use-it-elsewhere"  # noqa: S105 - refused outside the demo, see below


class Settings(BaseSettings):
    """`MARKET_DATABASE_URL` absent means an embedded PostgreSQL under `data_dir`, and the demo market with it."""

    model_config = SettingsConfigDict(env_prefix="MARKET_", extra="ignore")

    database_url: str | None = None
    search_url: str | None = None
    search_key: SecretStr | None = None
    secret_key: SecretStr = SecretStr("")
    base_url: str = "http://127.0.0.1:8000"
    data_dir: Path = Path(".market")
    demo: bool | None = None
    """Demo accounts with a published password, and the demo market; by default on with the embedded database."""
    semantic: bool = False
    """Find listings written in the other language (needs the extra `semantic`)."""
    pool_size: int = 10
    trusted_proxies: list[str] = []
    """Addresses whose X-Forwarded-For is believed."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.demo is None:
            self.demo = self.database_url is None
        if not self.secret_key.get_secret_value() and self.demo:
            self.secret_key = SecretStr(DEMO_SECRET)
        secret = self.secret_key.get_secret_value()
        if len(secret) < 32 or (secret == DEMO_SECRET and not self.demo):
            raise ValueError(
                "MARKET_SECRET_KEY is required outside the demo: at least 32 random characters, "
                "for instance from `python -c 'import secrets; print(secrets.token_urlsafe(48))'`"
            )
        if self.base_url.endswith("/"):  # assigned only then: `serve` asks whether it was given at all
            self.base_url = self.base_url.rstrip("/")
        return self

    @property
    def index_dir(self) -> Path:
        return self.data_dir / "index"


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
