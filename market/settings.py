"""What the environment may set, with the prefix MARKET_; nothing else reads the environment."""

import difflib
import ipaddress
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEMO_SECRET = "demo-only-secret-key-never-use-it-elsewhere"  # noqa: S105 - refused outside the demo, see below
PREFIX = "MARKET_"
OF_THE_TESTS = "MARKET_TEST_"
"""Read by the test suite, which may run in the same shell."""

_DATABASE_URL = re.compile(
    r"postgres(?:ql)?(?:\+\w+)?://(?:[^:/]*(?::[^@]*)?@)?(?:\[[^/?\]]+\]|[^/:?]+)?(?::\d+)?(?:/.*|\?.*)?"
)
_WEB_URL = re.compile(r"https?://[^\s/]+\S*")


class Settings(BaseSettings):
    """Refuses a MARKET_ variable that it does not know: a misspelt one would otherwise start the demo.

    What is said below each setting is what docs/settings.md says of it; a test holds them together.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    database_url: str | None = None
    """The PostgreSQL to use, `postgresql://user:password@host:5432/name`. Without it `market serve` runs one of its own under `MARKET_DATA_DIR`, with the demo market."""
    login_password: SecretStr | None = None
    """The password that `market migrate` gives to the database logins `market_api` and `market_work`, which cannot change the record. Read by nothing else."""
    search_url: str | None = None
    """A Meilisearch server, `http://host:7700`. Without it the embedded engine searches, with its index under `MARKET_DATA_DIR`."""
    search_key: SecretStr | None = None
    """The key of that Meilisearch server."""
    secret_key: SecretStr = SecretStr("")
    """At least 32 random characters, which sign what the hall issues; keep them, and keep them secret. Required outside the demo."""
    base_url: str = "http://127.0.0.1:8000"
    """The address that people open; with `https://` cookies are sent over TLS alone."""
    data_dir: Path = Path(".market")
    """The folder of the embedded database and the search index, on a local disk."""
    demo: bool | None = None
    """The demo market, with accounts whose password is published. By default on without `MARKET_DATABASE_URL`, off with it."""
    semantic: bool = False
    """Find listings that are written in the other language by their meaning; needs the extra `semantic`."""
    pool_size: Annotated[int, Field(ge=1, le=1000)] = 10
    """Database connections that an API process keeps for its verbs, and as many for the hot public reads; at a peak three times as many in all."""
    trusted_proxies: Annotated[list[str], NoDecode] = []
    """Addresses and networks whose X-Forwarded-For is believed, separated by commas: `10.0.0.1,10.1.0.0/16`; `*` is everybody."""
    auction_licence: str | None = None
    """The operator's licence number as an auction house (拍卖法 art. 11). Without it no round is an auction."""
    round_periods: Literal["legal", "short"] = "legal"
    """`short`: a round may be held within minutes, which its rules then say; in the demo alone."""
    durability: Literal["required", "ignored"] = "required"
    """`ignored`: rounds are held on a database that may lose what it confirms; in the demo alone."""

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        known = [variable(name) for name in cls.model_fields]
        unknown = sorted(
            name
            for name in os.environ
            if name.upper().startswith(PREFIX)
            and not name.upper().startswith(OF_THE_TESTS)
            and name.upper() not in known
        )
        if unknown:
            told = [f"{name} (is {_nearest(name, known)} meant?)" for name in unknown]
            raise ValueError(f"No setting is called {', '.join(told)}; docs/settings.md names all of them")
        return given

    @field_validator("database_url", "search_url", "base_url", "data_dir", "auction_licence", mode="before")
    @classmethod
    def _not_empty(cls, given: Any) -> Any:
        if given == "":  # a secret that was not filled in must not start the demo
            raise ValueError("is set and empty: fill it in, or unset it")
        return given

    @field_validator("database_url")
    @classmethod
    def _a_database(cls, given: str | None) -> str | None:
        if given is not None and not _DATABASE_URL.fullmatch(given):
            raise ValueError("must look like postgresql://user:password@host:5432/name")
        return given

    @field_validator("search_url", "base_url")
    @classmethod
    def _an_address(cls, given: str | None) -> str | None:
        if given is not None and not _WEB_URL.fullmatch(given):
            raise ValueError("must begin with http:// or https://")
        return given

    @field_validator("semantic")
    @classmethod
    def _installed(cls, given: bool) -> bool:
        if given:
            from search.semantic import SemanticUnavailable, require_semantic

            try:
                require_semantic()
            except SemanticUnavailable:
                raise ValueError(
                    "needs the extra `semantic`, which is not installed: `make setup` installs it"
                ) from None
        return given

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _a_list(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if given.lstrip().startswith("["):
            try:
                return json.loads(given)
            except ValueError:
                raise ValueError("must be addresses separated by commas") from None
        return [part.strip() for part in given.split(",") if part.strip()]

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, given: list[str]) -> list[str]:
        for part in given:
            try:
                if part != "*":
                    ipaddress.ip_network(part)
            except ValueError:
                raise ValueError(f"{part!r} is no IP address and no network, such as 10.0.0.0/8") from None
        return given

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
                "for instance from `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`"
            )
        if self.round_periods == "short" and not self.demo:
            raise ValueError("MARKET_ROUND_PERIODS=short is for the demo: the law gives a round its periods")
        if self.durability == "ignored" and not self.demo:
            raise ValueError("MARKET_DURABILITY=ignored is for the demo: a crash could lose a confirmed bid")
        if self.base_url.endswith("/"):  # assigned only then: `serve` asks whether it was given at all
            self.base_url = self.base_url.rstrip("/")
        return self

    @property
    def index_dir(self) -> Path:
        return self.data_dir / "index"


def variable(name: str) -> str:
    """What a setting is called in the environment."""
    return PREFIX + name.upper()


def _nearest(name: str, known: list[str]) -> str:
    return difflib.get_close_matches(name.upper(), known, 1, 0)[0]


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
