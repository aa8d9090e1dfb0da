"""Seals a bid or a submission, and opens sealed bids again, on its user's own machine; it imports nothing of the server.

    python scripts/seal_bid.py key officer.key                  make an officer's key; prints the public one to register
    python scripts/seal_bid.py seal RULES --registration ID --amount 123456.00 [--body]
    python scripts/seal_bid.py submission RULES --organisation ID --solution FILE [--body]
    python scripts/seal_bid.py share SHARE --key officer.key    the words of an officer's share
    python scripts/seal_bid.py open https://hall.example/api/v1/rounds/<id>

RULES is the address of a round or a challenge, or a saved copy of its rules, exactly as served; FILE holds the solution
as JSON, as the API takes it, or is - for the standard input; SHARE is a saved answer of `GET /rounds/<id>/opening/share`
or `GET /challenges/<id>/opening/share`, or - for the standard input. It needs Python 3.11 and the package `cryptography` from 50.
The format of what is sealed is described in market/sealing/envelope.py. Exit code 0: done; 1: not everything could be
opened; 2: it could not be done, with the reason.
"""

import argparse
import base64
import hashlib
import json
import os
import sys
import urllib.request
import uuid
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE = "DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM"
HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
MAGIC = b"RHSEAL\x00\x01"
HEADER = len(MAGIC) + 16 + 32 + 16
OVERHEAD = HEADER + 32 + 16 + 4


class CannotDo(Exception):
    """The reason is its text."""


def canonical(said: dict[str, Any]) -> bytes:
    """RFC 8785 of an object of plain words and whole numbers."""
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address) as answer:
        body: bytes = answer.read()
        return body


def rules_from(place: str) -> bytes:
    """The bytes of the rules, from the address of a round or a challenge, the address of its rules, or a file."""
    if not place.startswith(("http://", "https://")):
        return Path(place).read_bytes()
    address = place.rstrip("/")
    return fetched(address if address.endswith("/rules") else f"{address}/rules")


class Box:
    """What the rules of a tender, or of a challenge, say of how is sealed what is sent to it."""

    def __init__(self, document: bytes, kind: str = "round") -> None:
        rules = json.loads(document)
        if kind not in rules:
            raise CannotDo(f"these are not the rules of a {kind}")
        opening = rules.get("opening")
        if not opening:
            raise CannotDo("the bids of this round are not sealed")
        if opening["suite"] != SUITE:
            raise CannotDo(f"this program knows {SUITE}, not {opening['suite']}")
        self.subject = uuid.UUID(rules[kind])
        self.digest = hashlib.sha256(document).digest()
        self.purpose: str = opening["purpose"]
        self.public_key = base64.b64decode(opening["public_key"])
        self.room: int = opening["blob_bytes"] - OVERHEAD
        self.currency: str = rules["currency"]
        self.decimals: int = opening.get("decimals", 0)

    def header(self, sender: uuid.UUID) -> bytes:
        return MAGIC + self.subject.bytes + self.digest + sender.bytes

    def context(self, sender: uuid.UUID) -> bytes:
        return canonical(
            {
                "purpose": self.purpose,
                "subject": str(self.subject),
                "rules_sha256": self.digest.hex(),
                "sender": str(sender),
            }
        )

    def seal(self, sender: uuid.UUID, said: dict[str, Any]) -> bytes:
        """The blob of an object: of a bid its amount in minor units and its currency, else a solution."""
        content = canonical(said)
        if len(content) > self.room:
            raise CannotDo(f"at most {self.room} bytes can be sealed here, and these are {len(content)}")
        padded = len(content).to_bytes(4, "big") + content.ljust(self.room, b"\0")
        key = X25519PublicKey.from_public_bytes(self.public_key)
        return self.header(sender) + HPKE.encrypt(padded, key, self.context(sender))

    def unseal(self, private_key: bytes, blob: bytes) -> int:
        """The amount in minor units. CannotDo where the blob holds none."""
        registration = uuid.UUID(bytes=blob[HEADER - 16 : HEADER])
        if blob[:HEADER] != self.header(registration):
            raise CannotDo("it was sealed for something else")
        key = X25519PrivateKey.from_private_bytes(private_key)
        try:
            padded = HPKE.decrypt(blob[HEADER:], key, self.context(registration))
            said = json.loads(padded[4 : 4 + int.from_bytes(padded[:4], "big")])
            amount: int = said["amount"]
        except (InvalidTag, ValueError, KeyError, TypeError) as trouble:
            raise CannotDo("it does not open to a bid") from trouble
        return amount


def minor_units(amount: str, decimals: int) -> int:
    """A decimal amount in whole minor units."""
    try:
        units = Decimal(amount).scaleb(decimals)
    except InvalidOperation as trouble:
        raise CannotDo(f"{amount} is not an amount") from trouble
    if not units.is_finite() or units != int(units) or not 0 < units < min(2**53, 10 ** (14 + decimals)):
        raise CannotDo(f"{amount} is not an amount with at most {decimals} decimal places")
    return int(units)


def make_key(given: argparse.Namespace) -> int:
    """A fresh key pair: the private key into a file that only its owner reads, the public one on the standard output."""
    private = X25519PrivateKey.generate()
    handle = os.open(given.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(private.private_bytes_raw()) + b"\n")
    print(base64.b64encode(private.public_key().public_bytes_raw()).decode())
    return 0


def seal(given: argparse.Namespace) -> int:
    box = Box(rules_from(given.rules))
    said = {"amount": minor_units(given.amount, box.decimals), "currency": box.currency}
    return shown(box.seal(given.registration, said), given)


def shown(blob: bytes, given: argparse.Namespace) -> int:
    text = base64.b64encode(blob).decode()
    print(json.dumps({"sealed": text}) if given.body else text)
    return 0


def seal_submission(given: argparse.Namespace) -> int:
    box = Box(rules_from(given.rules), "challenge")
    solution = json.loads(
        sys.stdin.read() if given.solution == "-" else Path(given.solution).read_text("utf-8")
    )
    if not isinstance(solution, dict) or not {"title", "approach"} <= solution.keys():
        raise CannotDo("a solution is an object with at least a title and an approach")
    return shown(box.seal(given.organisation, solution), given)


def show_share(given: argparse.Namespace) -> int:
    """The words of a share, to be kept on paper and handed in after the deadline."""
    share = json.loads(sys.stdin.read() if given.share == "-" else Path(given.share).read_text())
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(given.key.read_bytes()))
    if base64.b64encode(key.public_key().public_bytes_raw()).decode() != share["sealed_to"]:
        raise CannotDo(
            "this share is encrypted to another key: if that was never yours, say so before the deadline"
        )
    context = {
        "purpose": "opening share",
        "subject": share["subject"],
        "box": base64.b64decode(share["box"]).hex(),
        "officer": share["officer"],
    }
    try:
        print(HPKE.decrypt(base64.b64decode(share["sealed"]), key, canonical(context)).decode())
    except InvalidTag as trouble:
        raise CannotDo("this share is not yours, or it was changed") from trouble
    return 0


def published(given: argparse.Namespace) -> tuple[bytes, list[dict[str, Any]]]:
    """The rules and the log, from a round's address or from saved copies."""
    if given.address is None:
        return given.rules.read_bytes(), json.loads(given.log.read_bytes())["items"]
    address, items, cursor = given.address.rstrip("/"), [], ""
    while True:
        page = json.loads(fetched(f"{address}/log?limit=1000{cursor}"))
        items += page["items"]
        if not page["next_cursor"]:
            return fetched(f"{address}/rules"), items
        cursor = f"&cursor={page['next_cursor']}"


def open_again(given: argparse.Namespace) -> int:
    """Every sealed bid of an opened tender, decrypted with the published key and compared with what the log says."""
    rules, items = published(given)
    box, blobs = Box(rules), {item["seq"]: item["sealed"] for item in items if item["sealed"]}
    opened = next((json.loads(item["document"]) for item in items if item["kind"] == "opened"), None)
    if opened is None:
        raise CannotDo("these bids are not opened yet")
    key, wrong = base64.b64decode(opened["private_key"]), 0
    for bid in opened["bids"]:
        try:
            amount = box.unseal(key, base64.b64decode(blobs[bid["seq"]]))
            said = f"{Decimal(amount).scaleb(-box.decimals):f} {box.currency}"
        except CannotDo as trouble:
            amount, said = None, f"void: {trouble}"
        same = amount == bid["amount"]
        wrong += not same
        print(
            f"{bid['seq']} {bid['bidder']} {said}" + ("" if same else f", but the log says {bid['amount']}")
        )
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seal a bid or a submission, or open sealed bids again.")
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("key", help="make an opening officer's key")
    verb.add_argument("file", type=Path, help="where the private key is written; it must not exist")
    verb.set_defaults(do=make_key)
    verb = verbs.add_parser("seal", help="seal a bid")
    verb.add_argument("rules", help="address of the round, or a saved copy of its rules")
    verb.add_argument("--registration", type=uuid.UUID, required=True, help="id of your registration")
    verb.add_argument("--amount", required=True, help="in the currency of the round, such as 123456.00")
    verb.add_argument("--body", action="store_true", help="print the body of the request instead of base64")
    verb.set_defaults(do=seal)
    verb = verbs.add_parser("submission", help="seal a submission to a challenge")
    verb.add_argument("rules", help="address of the challenge, or a saved copy of its rules")
    verb.add_argument(
        "--organisation", type=uuid.UUID, required=True, help="id of the organisation that submits"
    )
    verb.add_argument("--solution", required=True, help="file of the solution as JSON, or -")
    verb.add_argument("--body", action="store_true", help="print the body of the request instead of base64")
    verb.set_defaults(do=seal_submission)
    verb = verbs.add_parser("share", help="decrypt your opening share")
    verb.add_argument("share", help="saved answer of GET …/opening/share, or -")
    verb.add_argument("--key", type=Path, required=True, help="file of your private key")
    verb.set_defaults(do=show_share)
    verb = verbs.add_parser("open", help="open the published bids again")
    verb.add_argument("address", nargs="?", help="https://…/api/v1/rounds/<id>")
    verb.add_argument("--rules", type=Path, help="a saved copy of the rules")
    verb.add_argument("--log", type=Path, help="a saved copy of the log")
    verb.set_defaults(do=open_again)
    given = parser.parse_args()
    if given.do is open_again and not given.address and not (given.rules and given.log):
        parser.error("give the address of a round, or --rules and --log")
    return given


def main() -> int:
    given = arguments()
    try:
        code: int = given.do(given)
    except CannotDo as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except (OSError, ValueError, KeyError, TypeError) as trouble:
        print(f"this cannot be read: {type(trouble).__name__}: {trouble}", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main())
