"""What can be said of the containers without an engine that runs them: the schema, secrets, pins, checks, settings."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from market.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"migrate"}


def test_the_file_follows_the_compose_specification() -> None:
    schema = json.loads(
        (files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json").read_text()
    )
    jsonschema.validators.validator_for(schema)(schema).validate(COMPOSE)


def test_the_services_are_those_of_the_readme() -> None:
    assert set(SERVICES) == {"postgres", "meilisearch", "migrate", "api", "worker"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_watched_by_a_health_check_or_runs_once(name: str) -> None:
    service = SERVICES[name]
    assert ("healthcheck" in service) != (name in ONE_SHOT)
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_waits_for_what_it_needs_in_the_state_that_it_needs(name: str) -> None:
    for other, needed in SERVICES[name].get("depends_on", {}).items():
        once = "service_completed_successfully"
        assert needed["condition"] == (once if other in ONE_SHOT else "service_healthy")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_an_image_is_pinned_to_one_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?", SERVICES[name]["image"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_is_written_down_and_none_may_be_missing(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|KEY|DATABASE_URL", variable):
            assert re.search(r"\$\{[A-Z_]+:\?", value), f"{variable} must come from the environment"
            assert not re.search(r"\$\{[A-Z_]+:?-", value), f"{variable} must have no default"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_setting_named_is_one_that_the_application_reads(name: str) -> None:
    for variable in SERVICES[name].get("environment", {}):
        if variable.startswith("MARKET_"):
            assert variable.removeprefix("MARKET_").lower() in Settings.model_fields


def test_only_the_api_is_reached_from_outside_and_only_from_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:${PORT:-8000}:8000"]}


def test_data_live_in_named_volumes() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {mount.split(":")[0] for mount in mounts} == set(COMPOSE["volumes"])


def test_the_image_holds_pinned_requirements_and_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base) for base in bases)
    assert any("--require-hashes" in line and "requirements/run.txt" in line for line in lines)
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users
    assert users[-1] not in ("root", "0")


def test_what_is_copied_into_the_image_is_not_left_out_of_its_context() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY") and "--from" not in line:
            assert set(line.split()[1:-1]) <= kept
