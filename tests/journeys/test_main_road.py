"""The whole road on the demo market, through the very process that `make run` starts, told in docs/http."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.deals.trade import CONTRACT, PATENT, PAYMENT, TERMS
from tests.interests.forms import ORDINARY
from tests.journeys.transcript import Transcript
from tests.makers import RESULT
from tests.managers.profiles import ACCEPTANCE

PASSWORD = "release-hall-demo"
ACCOUNTS = {
    "officer": "officer@university.example",
    "director": "director@university.example",
    "company": "buyer@company.example",
    "manager": "manager@agency.example",
    "operator": "operator@hall.example",
    "auditor": "auditor@hall.example",
}


@pytest.fixture
def client(hall: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hall, timeout=30) as opened:
        yield opened


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running demo market."""
    folder = tmp_path_factory.mktemp("hall")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "market.cli", "serve", "--port", str(port)],
        env=clean | {"MARKET_DATA_DIR": str(folder / "data")},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert any("is ready" in line for line in process.stdout), "the hall stopped before it was ready"
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


class Story:
    """The people of the demo market, each with a session, and what they say written down."""

    def __init__(self, client: httpx.Client, transcript: Transcript) -> None:
        self.client = client
        self.transcript = transcript
        self.tokens: dict[str, str] = {}

    def __call__(self, who: str, method: str, path: str, json: Any = None, *, key: bool = False) -> Any:
        """Say it as `who`, expect success, write it down, and answer the JSON."""
        if who != "public" and who not in self.tokens:
            signed_in = self.client.post(
                "/api/v1/sessions", json={"email": ACCOUNTS[who], "password": PASSWORD}
            )
            assert signed_in.status_code == 201, signed_in.text
            self.tokens[who] = signed_in.json()["token"]
            self.client.cookies.clear()
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who != "public" else {}
        if key:
            headers["Idempotency-Key"] = str(uuid.uuid4())
        response = self.client.request(method, f"/api/v1{path}", json=json, headers=headers)
        assert response.is_success, response.text
        self.transcript.exchange(response.request, response, who)
        return response.json() if response.content else None

    def step(self, text: str) -> None:
        self.transcript.step(text)


def test_a_result_goes_from_a_draft_to_a_recorded_contract_with_a_payment(client):
    transcript = Transcript(
        "main-road",
        "The main road",
        "A university publishes a result, a company finds it, a technology manager brings the two together, and a "
        "licence is recorded and paid. Written by the test that walks it, on the demo market.",
    )
    story = Story(client, transcript)

    story.step("The university publishes a result")
    word = f"heliotrope{uuid.uuid4().hex[:6]}"
    content = RESULT | {
        "title": {"zh-Hans": "固态锂电池电解质", "en": f"Solid electrolyte {word}"},
        "ip_rights": [PATENT],
    }
    listing = story("officer", "POST", "/listings", content)
    at = f"/listings/{listing['id']}"
    story("officer", "POST", f"{at}/submission")
    story("director", "POST", f"{at}/approval")
    story("director", "POST", f"{at}/publication")

    story.step("Anyone finds it within two seconds")
    published = time.monotonic()
    found: dict[str, Any] = {"hits": []}
    while not found["hits"] and time.monotonic() < published + 10:
        found = story.client.get("/api/v1/search", params={"q": word}).json()
    assert [hit["id"] for hit in found["hits"]] == [listing["id"]]
    print(f"found {time.monotonic() - published:.2f} s after its publication")
    story("public", "GET", f"/search?q={word}&facets=kind&limit=1")
    story("public", "GET", at)

    story.step("A verified company expresses interest, and the owner answers within its clock")
    interest = story("company", "POST", f"{at}/interests", ORDINARY)
    asked = f"/interests/{interest['id']}"
    story("officer", "POST", f"{asked}/acknowledgement")

    story.step("A technology manager is proposed, accepts, and introduces the two parties")
    proposals = story("officer", "GET", f"{asked}/manager-proposals")["proposals"]
    mine = story("manager", "GET", "/managers/me")["id"]
    assert mine in {proposal["manager"]["id"] for proposal in proposals}
    assignment = story("officer", "POST", f"{asked}/assignments", {"manager_id": mine})
    story("manager", "POST", f"/assignments/{assignment['id']}/acceptance", ACCEPTANCE)
    introduction = story("manager", "POST", f"/assignments/{assignment['id']}/introduction", key=True)
    story("company", "GET", f"/introductions/{introduction['id']}")

    story.step("A deal opens; both sides accept the same terms and declare conflicts")
    story("officer", "POST", f"{asked}/negotiation")
    opened = {"interest_id": interest["id"], "mode": "ordinary_licence", "terms": TERMS}
    deal = story("officer", "POST", "/deals", opened)
    path = f"/deals/{deal['id']}"
    story("director", "GET", f"{path}/gates")
    for party in ("director", "company"):
        story(party, "POST", f"{path}/acceptance", {"terms_sha256": deal["terms_sha256"]})
    for party in ("director", "company", "manager"):
        story(party, "POST", f"{path}/declarations", {"none": True})
    assert story("company", "GET", path)["status"] == "cleared"

    story.step("The contract is recorded by one party, confirmed by the other, and paid")
    story("director", "POST", f"{path}/contract", CONTRACT, key=True)
    story("company", "POST", f"{path}/contract/confirmation", key=True)
    story("company", "POST", f"{path}/payments", PAYMENT, key=True)
    ended = story("auditor", "GET", path)
    assert ended["status"] == "performing"
    story("auditor", "GET", f"{path}/events")

    story.step("The owner's clock is public")
    organisation = story("public", "GET", f"/organisations/{listing['organisation_id']}")
    assert organisation["response"]["answered"] >= 1
    transcript.write()


def test_the_api_is_described_and_documented_without_another_host(client):
    described = client.get("/schema/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/search" in described["paths"]
    page = client.get("/schema").text
    assert "http://" not in page
    assert "https://" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert client.get(f"/schema/assets/{asset}").status_code == 200


def test_the_type_of_a_problem_resolves_to_its_page(client, hall):
    problem = client.get(f"/api/v1/listings/{uuid.uuid4()}").json()
    assert problem["type"].startswith(hall)
    assert client.get(problem["type"]).status_code == 200
