"""Tells a story over HTTP: who says what, what they expect to be answered, and which of it is written down."""

import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.journeys.transcript import Transcript

PASSWORD = "release-hall-demo"
ACCOUNTS = {
    "officer": "officer@university.example",
    "director": "director@university.example",
    "university's finance office": "finance@university.example",
    "company": "buyer@company.example",
    "other company": "buyer@energy.example",
    "railway company": "buyer@rail.example",
    "director of the institute": "director@institute.example",
    "director of the hospital": "director@hospital.example",
    "first reviewer": "researcher@hospital.example",
    "second reviewer": "researcher@rd.example",
    "third reviewer": "researcher@archive.example",
    "manager": "manager@agency.example",
    "materials manager": "materials@agency.example",
    "life sciences manager": "life@agency.example",
    "operator": "operator@hall.example",
    "auditor": "auditor@hall.example",
}
SHOWN_ADDRESS = "http://127.0.0.1:8000"
SCRIPTS = Path(__file__).parents[2] / "scripts"
PATIENCE = 60.0
"""Seconds for the search to follow a publication on a machine that is so loaded that the worker has barely started."""


class Story:
    """The people of the demo market, each with a session, and what they say written down."""

    def __init__(self, client: httpx.Client, name: str, title: str, told: str) -> None:
        self.client = client
        self.name = name
        self.transcript = Transcript(name, title, told)
        self.transcript.call(str(client.base_url).rstrip("/"), SHOWN_ADDRESS)
        self.tokens: dict[str, str] = {}
        self.keys = 0
        self.etag = ""
        """The ETag of the last answer."""

    def chapter(self, title: str) -> None:
        self.transcript.chapter(title)

    def known(self, who: str, token: str) -> None:
        """From now on `who` speaks with this token."""
        self.tokens[who] = token
        self.transcript.call(token, f"{{token of the {who}}}")

    def sign_in(self, sentence: str, who: str) -> None:
        account = {"email": ACCOUNTS[who], "password": PASSWORD}
        self(sentence, "public", "POST", "/sessions", account, tell=who)

    def sign_in_anew(self) -> None:
        """After a leap of the clock, which ends every session."""
        self.tokens.clear()

    def __call__(
        self,
        sentence: str,
        who: str,
        method: str,
        path: str,
        json: Any = None,
        *,
        status: int | None = None,
        key: bool | str = False,
        match: str | None = None,
        headers: Mapping[str, str] | None = None,
        hide: Collection[str] = (),
        tell: str | None = None,
    ) -> Any:
        """Say it as `who`, expect success or `status`, write it down after the sentence, and answer the JSON or text.

        `key` sends a new Idempotency-Key, or the one given; `match` is for If-Match; the token in the answer is that
        of `tell`.
        """
        response = self._ask(who, method, path, json, key=key, match=match, headers=headers)
        if status is None:
            assert response.is_success, f"{method} {path} as {who}: {response.status_code} {response.text}"
        else:
            assert response.status_code == status, (
                f"{method} {path} as {who}: {response.status_code} {response.text}"
            )
        if tell:
            self.known(tell, response.json()["token"])
        self.transcript.say(sentence)
        self.transcript.exchange(response.request, response, hide=hide)
        return _content(response)

    def quietly(
        self,
        who: str,
        method: str,
        path: str,
        json: Any = None,
        *,
        key: bool = False,
        match: str | None = None,
    ) -> Any:
        """What others do meanwhile: not written down."""
        response = self._ask(who, method, path, json, key=key, match=match)
        assert response.is_success, f"{method} {path} as {who}: {response.status_code} {response.text}"
        return _content(response)

    def script(
        self, sentence: str, name: str, *arguments: str, called: str | None = None, stdin: str | None = None
    ) -> str:
        """Run a script of the repository alone with Python, write down command and output, and answer the output.

        `called` is what the output is called on the page where it is a secret or another each time.
        """
        command = [sys.executable, "-I", str(SCRIPTS / name), *arguments]
        return self._run(
            sentence, command, f"python scripts/{name} {' '.join(arguments)}", called, stdin=stdin
        )

    def market(self, sentence: str, environment: Mapping[str, str], *arguments: str) -> str:
        """The same with a `market` command, on the hall's own machine; what counts of its output is the last line."""
        command = [sys.executable, "-m", "market.cli", *arguments]
        return self._run(sentence, command, f"market {' '.join(arguments)}", environment=environment)

    def _run(
        self,
        sentence: str,
        command: list[str],
        shown: str,
        called: str | None = None,
        *,
        stdin: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, input=stdin, env=environment
        )
        assert done.returncode == 0, f"{shown}: {done.returncode} {done.stdout}{done.stderr}"
        said = done.stdout.strip()
        if environment is not None:
            said = said.splitlines()[-1]
        if called is not None:
            self.transcript.call(said, f"{{{called}}}")
        self.transcript.say(sentence)
        self.transcript.command(shown, said)
        return said

    def wait_until_found(self, question: str, listing_id: str) -> None:
        """Until the search answers a question with a listing that was published just now, and with this one alone."""
        published = time.monotonic()
        found: list[str] = []
        while not found and time.monotonic() < published + PATIENCE:
            hits = self.client.get(f"/api/v1/search?q={question}").json()["hits"]
            found = [hit["id"] for hit in hits]
        assert found == [listing_id]
        print(f"found {time.monotonic() - published:.2f} s after its publication")

    def write(self) -> None:
        page = "\n".join(self.transcript.lines)
        assert PASSWORD not in page
        assert not [token for token in self.tokens.values() if token in page]
        self.transcript.write()

    def _ask(
        self,
        who: str,
        method: str,
        path: str,
        json: Any = None,
        *,
        key: bool | str = False,
        match: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if who != "public":
            sent["Authorization"] = f"Bearer {self._token(who)}"
        if key is True:
            self.keys += 1
            key = f"{self.name}-{self.keys}"
        if key:
            sent["Idempotency-Key"] = key
        if match:
            sent["If-Match"] = match
        response = self.client.request(method, f"/api/v1{path}", json=json, headers=sent)
        self.client.cookies.clear()  # the stories speak with tokens; the cookie of a sign-in would speak for the next
        self.etag = response.headers.get("etag", self.etag)
        return response

    def _token(self, who: str) -> str:
        if who not in self.tokens:
            signed_in = self.client.post(
                "/api/v1/sessions", json={"email": ACCOUNTS[who], "password": PASSWORD}
            )
            assert signed_in.status_code == 201, signed_in.text
            self.known(who, signed_in.json()["token"])
            self.client.cookies.clear()
        return self.tokens[who]


def _content(response: httpx.Response) -> Any:
    if "json" in response.headers.get("content-type", "") and response.content:
        return response.json()
    return response.text
