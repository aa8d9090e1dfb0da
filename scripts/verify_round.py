"""Checks a round from its published rules and log alone; it imports nothing of the server and nothing but Python.

    python scripts/verify_round.py https://hall.example/api/v1/rounds/<id>
    python scripts/verify_round.py --rules rules.json --log log.json [--round round.json] [--receipt receipt.json ...]

It recomputes the hash chain, decides every bid again, and says who has won and when the bidding ended. A log that was cut
off, or rewritten as a whole, is a whole log: the round itself (`--round`, or read at its address) says where the log ends,
and a receipt that its bidder has kept, signed by the hall, says what stood in it. Where the package `cryptography` is
installed, it opens every sealed bid again with the published key; else it says that it did not.

A saved log is `{"items": [{"seq", "kind", "at", "document", "previous", "hash", "sealed"}]}`, as the hall serves it.
Exit code 0: all of it holds; 1: it does not, each fault on a line; 2: it could not be read.
"""

import argparse
import base64
import hashlib
import json
import sys
import urllib.request
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    OPENS = True
except ImportError:
    OPENS = False

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)
HEADER = 72
"""Bytes of a sealed bid before what is encrypted: magic and version 8, round 16, SHA-256 of the rules 32, bidder 16."""

FOLLOWS = {
    "admitted": ["announced"],
    "withdrawn": ["announced"],
    "bid": ["bidding"],
    "sealed_bid": ["bidding"],
    "suspended": ["bidding"],
    "resumed": ["suspended"],
    "opened": ["bidding"],
    "closed": ["bidding", "opening"],
    "confirmed": ["provisional_award"],
    "defaulted": ["provisional_award"],
    "void": ["bidding", "suspended", "opening", "provisional_award"],
}
"""How a round may stand when an entry comes, by the kind of the entry."""
LEADS_TO = {"suspended": "suspended", "resumed": "bidding", "opened": "opening"}
"""How it stands afterwards, where neither the entry nor its kind says so."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def chain_faults(rules: bytes, items: Iterable[dict[str, Any]]) -> list[str]:
    """Where the chain from the rules to the last entry is not whole."""
    faults, previous = [], hashlib.sha256(rules).hexdigest()
    for place, item in enumerate(items, start=1):
        try:
            faults += [f"entry {place}: {what}" for what in link_faults(place, item, previous)]
            previous = item["hash"]
        except UNREADABLE:
            faults.append(f"entry {place}: it cannot be read as an entry of a log")
    return faults


def link_faults(place: int, item: dict[str, Any], previous: str) -> Iterator[str]:
    """What is wrong with one entry at its place in the log, behind the hash `previous`."""
    said = json.loads(item["document"])
    if (said["seq"], item["seq"]) != (place, place):
        yield f"it says that it is entry {said['seq']}, and stands as entry {item['seq']}"
    if item["previous"] != previous:
        yield "it does not follow the entry before it"
    if item.get("kind", said["kind"]) != said["kind"] or moment(item.get("at", said["at"])) != moment(
        said["at"]
    ):
        yield "it is shown as another kind, or at another time, than its document says"
    digest = hashlib.sha256(bytes.fromhex(item["previous"]) + item["document"].encode()).hexdigest()
    if digest != item["hash"]:
        yield "its content was changed"


def sealed_amount(rules: dict[str, Any], digest: bytes, key: bytes, blob: bytes) -> int | None:
    """What a sealed bid says in minor units, by the key of its round; None where it says nothing."""
    opening, bidder = rules["opening"], uuid.UUID(bytes=blob[HEADER - 16 : HEADER])
    head = b"RHSEAL\x00\x01" + uuid.UUID(rules["round"]).bytes + digest + bidder.bytes
    if blob[:HEADER] != head or len(blob) != opening["blob_bytes"]:
        return None
    context = {
        "purpose": opening["purpose"],
        "subject": rules["round"],
        "rules_sha256": digest.hex(),
        "sender": str(bidder),
    }
    info = json.dumps(context, sort_keys=True, separators=(",", ":")).encode()
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
    try:
        padded = suite.decrypt(blob[HEADER:], X25519PrivateKey.from_private_bytes(key), info)
    except (InvalidTag, ValueError):
        return None
    length = int.from_bytes(padded[:4], "big")
    content, rest = padded[4 : 4 + length], padded[4 + length :]
    try:
        bid = json.loads(content)
        if length > len(padded) - 4 or rest.strip(b"\0") or bid.keys() != {"amount", "currency"}:
            return None
    except (ValueError, AttributeError, RecursionError):
        return None
    amount = bid["amount"]
    exact = json.dumps(bid, sort_keys=True, separators=(",", ":")).encode() == content
    most = min(2**53, 10 ** (14 + rules["opening"]["decimals"]))
    whole = isinstance(amount, int) and not isinstance(amount, bool) and 0 < amount < most
    return amount if exact and whole and bid["currency"] == rules["currency"] else None


class Round:
    """The course of one round, entry by entry; `document` is its rules."""

    def __init__(self, document: bytes) -> None:
        self.rules = rules = json.loads(document)
        self.digest = hashlib.sha256(document).digest()
        self.sealed: dict[int, str] = {}
        self.blobs: dict[int, str | None] = {}
        self.opened = False
        self.ends = moment(rules["bidding_until"])
        self.hard_stop = moment(rules["hard_stop"]) if rules["hard_stop"] else None
        self.extension = timedelta(seconds=rules["extension_seconds"])
        self.bidders: dict[str, int | None] = {}
        self.top: dict[str, Any] | None = None
        self.at = moment(rules["announced_at"])
        self.suspended: datetime | None = None
        self.won: tuple[str, int] | None = None
        self.outcome = "announced"
        self.faults: list[str] = []

    def fault(self, said: dict[str, Any], what: str) -> None:
        self.faults.append(f"entry {said['seq']} ({said['kind']}): {what}")

    def take(self, said: dict[str, Any], blob: str | None = None) -> None:
        at = moment(said["at"])
        self.blobs[said["seq"]] = blob
        if said["round"] != self.rules["round"]:
            self.fault(said, "it belongs to another round")
        if at < self.at:
            self.fault(said, "its time is before that of the entry before it")
        self.at = max(at, self.at)
        kind = said["kind"]
        if self.outcome not in FOLLOWS[kind]:
            self.fault(said, f"it cannot follow while the round is {self.outcome}")
        turn = getattr(self, f"take_{kind}", None)
        if turn is not None:
            turn(said, at)
        if kind not in ("bid", "sealed_bid"):
            self.outcome = said.get("outcome") or LEADS_TO.get(kind, kind)

    def take_admitted(self, said: dict[str, Any], at: datetime) -> None:
        self.bidders = {each["alias"]: each["priority"] for each in said["bidders"]}
        if at < moment(self.rules["bidding_from"]):
            self.fault(said, "the bidding began too early")

    def take_bid(self, said: dict[str, Any], at: datetime) -> None:
        amount, rank, top = said["amount"], said["priority"], self.top
        if said["bidder"] not in self.bidders or self.bidders[said["bidder"]] != rank:
            self.fault(said, f"{said['bidder']} was not admitted so")
        if not moment(self.rules["bidding_from"]) <= at < self.ends:
            self.fault(said, f"it came outside of the bidding, which ended at {written(self.ends)}")
        if top is None:
            enough = amount >= self.rules["opening_price"]
        elif amount == top["amount"] and rank is not None:
            enough = top["priority"] is None or rank < top["priority"]
        else:
            enough = amount >= top["amount"] + self.rules["step"]
        if not enough:
            self.fault(said, "it was too low")
        end = at + self.extension
        if self.hard_stop is not None:
            end = min(end, self.hard_stop)
        self.ends = max(self.ends, end)
        if written(self.ends) != said["ends_at"]:
            self.fault(said, f"the end after it is {written(self.ends)}, not {said['ends_at']}")
        self.top = said

    def take_sealed_bid(self, said: dict[str, Any], at: datetime) -> None:
        if not self.rules["opening"]:
            self.fault(said, "no sealed bid should have been taken")
        if not moment(self.rules["bidding_from"]) <= at < self.ends:
            self.fault(said, f"it came outside of the bidding, which ended at {written(self.ends)}")
        if written(self.ends) != said["ends_at"]:
            self.fault(said, f"the end is {written(self.ends)}, not {said['ends_at']}")
        self.sealed[said["seq"]] = said["sealed_sha256"]

    def take_opened(self, said: dict[str, Any], at: datetime) -> None:
        self.opened = True
        if at < self.ends:
            self.fault(said, f"the bids were opened before the bidding ended at {written(self.ends)}")
        if [bid["seq"] for bid in said["bids"]] != list(self.sealed):
            self.fault(said, "the bids that were opened are not those that were taken")
        last = {bid["bidder"]: bid for bid in said["bids"]}
        for alias in last.keys() - self.bidders.keys():
            self.fault(said, f"{alias} was not admitted")
        least = self.rules["opening_price"]
        valid = [bid for bid in last.values() if bid["amount"] is not None and bid["amount"] >= least]
        self.top = min(valid, key=self.place_of, default=None)
        if OPENS:
            self.open_again(said)

    def place_of(self, bid: dict[str, Any]) -> tuple[int, float, int]:
        """Where an opened bid stands: the highest, then the first right of first refusal, then the first to come."""
        rank = self.bidders.get(bid["bidder"])
        return -bid["amount"], float("inf") if rank is None else rank, bid["seq"]

    def open_again(self, said: dict[str, Any]) -> None:
        key = base64.b64decode(said["private_key"])
        public = X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
        if base64.b64encode(public).decode() != self.rules["opening"]["public_key"]:
            self.fault(said, "the key is not the one that the bids were sealed to")
        names: dict[str, bytes] = {}
        for bid in said["bids"]:
            blob = base64.b64decode(self.blobs.get(bid["seq"]) or "")
            if hashlib.sha256(blob).hexdigest() != self.sealed.get(bid["seq"]):
                self.fault(said, f"the sealed bid of entry {bid['seq']} is not the one that was taken")
                continue
            whose = blob[HEADER - 16 : HEADER]
            if names.setdefault(bid["bidder"], whose) != whose:
                self.fault(said, f"the bids of {bid['bidder']} were sealed by different bidders")
            amount = sealed_amount(self.rules, self.digest, key, blob)
            if amount != bid["amount"]:
                self.fault(said, f"the sealed bid of entry {bid['seq']} says {amount}, not {bid['amount']}")
        if len(set(names.values())) < len(names):
            self.fault(said, "one bidder's bids stand under several names")

    def take_suspended(self, said: dict[str, Any], at: datetime) -> None:
        self.suspended = at
        if written(self.ends) != said["ends_at"]:
            self.fault(said, f"the end before it is {written(self.ends)}")

    def take_resumed(self, said: dict[str, Any], at: datetime) -> None:
        if self.suspended is None:
            return  # as was said: it cannot follow
        self.ends += at - self.suspended
        if self.hard_stop is not None:
            self.hard_stop += at - self.suspended
        self.suspended = None
        if written(self.ends) != said["ends_at"]:
            self.fault(said, f"the end moves to {written(self.ends)}, not to {said['ends_at']}")

    def take_closed(self, said: dict[str, Any], at: datetime) -> None:
        if at < self.ends:
            self.fault(said, f"the bidding ended at {written(self.ends)}, not before")
        if self.sealed and not self.opened:
            self.fault(said, "the sealed bids were not opened")
        revealed, bound = said["reserve"], self.rules["reserve"]
        if (revealed is None) != (bound is None):
            self.fault(said, "the rules and the end do not agree on whether there was a reserve price")
        elif revealed is not None:
            salted = bytes.fromhex(revealed["salt"]) + str(revealed["amount"]).encode()
            if hashlib.sha256(salted).hexdigest() != bound["commitment"]:
                self.fault(said, "the revealed reserve price is not the one that the rules are bound to")
        least = revealed["amount"] if revealed else 0
        won = self.top if self.top is not None and self.top["amount"] >= least else None
        expected = (won["bidder"], won["amount"]) if won else (None, None)
        self.won = (won["bidder"], won["amount"]) if won else None
        if (said["winner"], said["amount"]) != expected:
            self.fault(said, f"the winner by the rules is {expected[0]} with {expected[1]}")
        if said["outcome"] != ("provisional_award" if won else "no_sale"):
            self.fault(said, f"the outcome by the rules is not {said['outcome']}")


def view_faults(view: dict[str, Any], course: Round, items: list[dict[str, Any]]) -> Iterator[str]:
    """Whether the round, as the hall shows it, stands where its log ends; a log read later may have gone on."""
    standing, outcome = view["standing"], view["outcome"]
    if standing is not None and len(items) < standing["seq"]:
        yield f"the round: its log ends with entry {len(items)}, and it shows entry {standing['seq']}"
        return
    if view["id"] != course.rules["round"] or view["rules_sha256"] != course.digest.hex():
        yield "the round: these are the rules of another one"
    goes_on = standing is not None and len(items) > standing["seq"]
    if goes_on or (course.rules["opening"] and view["status"] in UNOPENED):
        return
    if view["status"] != course.outcome and (view["status"], course.outcome) not in BESIDE:
        yield f"the round: it shows that it is {view['status']}, and by its log it is {course.outcome}"
    if moment(view["ends_at"]) != course.ends:
        yield f"the round: it shows that it ends at {view['ends_at']}, and by its log at {written(course.ends)}"
    shown = [each and (each["bidder"], minor(each["amount"])) for each in (standing, outcome)]
    leads = (course.top["bidder"], course.top["amount"]) if course.top else (None, None)
    if standing is not None and shown[0] != leads:
        yield f"the round: it shows that {shown[0]} leads, and by its log {leads} does"
    if outcome is not None and shown[1] != course.won:
        yield f"the round: it shows that {shown[1]} has won, and by its log {course.won} has"


UNOPENED = ("bidding", "suspended", "opening")
"""While these last, the log of a sealed tender is not shown from its first bid on."""
BESIDE = [("qualifying", "announced")]
"""How a round is shown, and by its log may be."""


def minor(money: dict[str, str] | None) -> int | None:
    """An amount as the hall shows it, in minor units."""
    return int(money["amount"].replace(".", "")) if money else None


def receipt_faults(
    receipt: dict[str, Any], items: Iterable[dict[str, Any]], key: str | None
) -> Iterator[str]:
    """Whether the hall has signed a receipt, by the published key where it is given, and its bid stands in the log."""
    name = f"the receipt of {receipt['hash'][:16]}"
    if key is not None and receipt["public_key"] != key:
        yield f"{name}: it was signed with another key than the published one"
    public, signature = base64.b64decode(receipt["public_key"]), base64.b64decode(receipt["signature"])
    if not signed(public, bytes.fromhex(receipt["hash"]), signature):
        yield f"{name}: its signature does not fit, so that it proves nothing"
        return
    found = next((item for item in items if item["hash"] == receipt["hash"]), None)
    if found is None:
        yield f"{name}: its bid, entry {receipt['seq']} by the hall's own signature, is not in the log"
        return
    said = json.loads(found["document"])
    same = found["document"] == receipt["document"]
    if receipt["kind"] == "sealed_bid":  # its place was not told, but which blob it is
        same = said["sealed_sha256"] == receipt["sealed_sha256"]
    if not same:
        yield f"{name}: entry {said['seq']} says another thing"


# Ed25519 (RFC 8032, 5.1), to check a signature with nothing but Python. A point (x, y) is kept as X, Y, Z, T with
# x = X/Z, y = Y/Z and xy = T/Z.

Point = tuple[int, int, int, int]
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def added(one: Point, other: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = added(total, point)
        point, number = added(point, point), number >> 1
    return total


def decoded(raw: bytes) -> Point:
    """The point that 32 bytes stand for. ValueError where they stand for none."""
    whole = int.from_bytes(raw, "little")
    sign, y = whole >> 255, whole & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if y >= P or (x * x - square) % P or (not x and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = decoded((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this signature was made over the message with the private half of this key."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    try:
        claimed = added(
            decoded(signature[:32]),
            times(int.from_bytes(digest, "little") % ORDER, decoded(public_key)),
        )
    except ValueError:
        return False
    x1, y1, z1, _ = times(scalar, BASE)
    x2, y2, z2, _ = claimed
    return scalar < ORDER and (x1 * z2 - x2 * z1) % P == 0 and (y1 * z2 - y2 * z1) % P == 0


def fetched(address: str) -> bytes:
    """What an address answers."""
    with urllib.request.urlopen(address) as answer:
        body: bytes = answer.read()
        return body


def published(address: str) -> tuple[bytes, list[dict[str, Any]], dict[str, Any]]:
    """The rules, the whole log of a round page by page, and the round as it was shown before."""
    view, rules = json.loads(fetched(address)), fetched(f"{address}/rules")
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = json.loads(fetched(f"{address}/log?limit=1000{cursor}"))
        items += page["items"]
        if not page["next_cursor"]:
            return rules, items, view
        cursor = f"&cursor={page['next_cursor']}"


def checked(
    rules: bytes,
    items: list[dict[str, Any]],
    view: dict[str, Any] | None = None,
    receipts: Iterable[dict[str, Any]] = (),
    key: str | None = None,
) -> tuple[Round, list[str]]:
    """The course of a round, and everything that is wrong with it. ValueError, KeyError, TypeError for what is no round."""
    course = Round(rules)
    faults = chain_faults(rules, items)
    for place, item in enumerate(items, start=1):
        try:
            course.take(json.loads(item["document"]), item.get("sealed"))
        except UNREADABLE:
            course.faults.append(f"entry {place}: it does not follow the form of an entry")
    faults += course.faults
    if view is not None:
        faults += view_faults(view, course, items)
    for receipt in receipts:
        faults += receipt_faults(receipt, items, key)
    return course, faults


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Check a round from its published rules and log.")
    parser.add_argument("address", nargs="?", help="https://…/api/v1/rounds/<id>")
    parser.add_argument("--rules", type=Path, help="a saved copy of the rules")
    parser.add_argument("--log", type=Path, help="a saved copy of the log")
    parser.add_argument("--round", type=Path, help="a saved copy of the round as it is shown")
    parser.add_argument(
        "--receipt", type=Path, action="append", default=[], help="a receipt whose bid must stand in the log"
    )
    parser.add_argument(
        "--key", help="the published key of receipts, in base64, as /api/v1/keys/receipts has it"
    )
    given = parser.parse_args()
    if not given.address and not (given.rules and given.log):
        parser.error("give the address of a round, or --rules and --log")
    return given


def main() -> int:
    given = arguments()
    view: dict[str, Any] | None
    try:
        if given.address:
            rules, items, view = published(given.address.rstrip("/"))
        else:
            rules, items = given.rules.read_bytes(), json.loads(given.log.read_bytes())["items"]
            view = json.loads(given.round.read_bytes()) if given.round else None
        receipts = [json.loads(path.read_bytes()) for path in given.receipt]
        course, faults = checked(rules, items, view, receipts, given.key)
    except (OSError, *UNREADABLE) as error:
        print(f"this cannot be read as a round: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(*faults, sep="\n", end="\n" if faults else "")
    top = course.top
    leads = f"{top['bidder']} leads with {top['amount']} (entry {top['seq']})" if top else "nobody has bid"
    print(f"{len(items)} entries; {leads}; the bidding ends at {written(course.ends)}; {course.outcome}")
    if course.opened:
        print(
            "every sealed bid was opened again"
            if OPENS
            else "sealed bids were not opened: install cryptography"
        )
    print(f"{len(faults)} faults" if faults else "everything holds")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
