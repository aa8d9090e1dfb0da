"""Two trading rounds, a listed sale by open bids and a tender by sealed ones, from the plan to the end, told in docs/http."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.deals.trade import CONTRACT, TERMS
from tests.journeys import meanwhile
from tests.journeys.clock import Clock
from tests.journeys.story import Story

pytestmark = pytest.mark.xdist_group("journeys")

BIDDERS = ("company", "other company", "railway company")
FINANCE = "university's finance office"
WANTED = {"en": "A works of its own", "zh-Hans": "自有生产线"}
OFFICERS = ("director of the institute", "director of the hospital")


def test_a_listed_sale_and_a_sealed_tender_go_from_their_plan_to_their_end(
    client: Any, clock: Clock, environment: Mapping[str, str], tmp_path: Path
) -> None:
    story = Story(
        client,
        "trading-round",
        "Two trading rounds",
        "A university sells a result in a listed sale (挂牌) with online bidding (网络竞价): plan, announcement, "
        "registration with deposits, English bidding with a soft close, the confirmation of sale, the deal. Then it "
        "sells another one in a tender whose bids nobody reads before two officers open them together. Both logs are "
        "public, and anybody decides the round again from them. In this hall of a demonstration the periods are "
        "short, which the rules say; the law's are the default (`MARKET_ROUND_PERIODS`).",
    )
    story.transcript.call(f"{tmp_path}/", "")
    listing = meanwhile.a_published_result(
        story, {"en": "A kiln sensor of tourmaline", "zh-Hans": "电气石窑炉传感器"}
    )
    sale = _planned(story, listing, clock)
    forms = _registered(story, sale)
    receipt = _bid(story, sale, clock)
    _ended(story, sale, forms)
    _verified(story, sale, receipt, environment, tmp_path)
    _dealt(story, sale)
    _tender(story, clock, tmp_path)
    story.write()


def _money(amount: int) -> dict[str, str]:
    return {"amount": f"{amount}.00", "currency": "CNY"}


def _plan(story: Story, clock: Clock, **fields: Any) -> dict[str, Any]:
    """Registration for an hour, then bidding from the second to the third one; the page calls the times by names."""
    at = clock.now

    def later(name: str, **time: float) -> str:
        said = (at + timedelta(**time)).isoformat()
        story.transcript.call(said, f"{{{name}}}")
        return said

    return {
        "kind": "listed_sale",
        "mode": "transfer",
        "opening_price": _money(100_000),
        "price_basis": {"en": "Appraisal report 2026-7", "zh-Hans": "评估报告2026-7"},
        "appraised_value": _money(120_000),
        "step": _money(5_000),
        "viewing": {
            "from": later("now"),
            "until": later("in 50 minutes", minutes=50),
            "place": {"en": "Laboratory 3", "zh-Hans": "三号实验室"},
        },
        "registration_until": later("in one hour", hours=1),
        "bidding_from": later("in two hours", hours=2),
        "bidding_until": later("in three hours", hours=3),
        "conditions": [WANTED],
        "known_defects": {"en": "None are known", "zh-Hans": "未发现"},
        "encumbrances": {"en": "None", "zh-Hans": "无"},
        "taxes_and_fees": {"en": "Each side bears its own", "zh-Hans": "各自承担"},
        "contact": "office@university.example",
    } | fields


def _planned(story: Story, listing: dict[str, Any], clock: Clock) -> dict[str, Any]:
    story.chapter("The plan, and four eyes more")
    plan = _plan(story, clock, reserve_price=_money(110_000))
    body = {"listing_id": listing["id"], "plan": plan}
    draft = story(
        "An officer plans the sale of the right. The reserve price is kept encrypted and is never shown before the end.",
        "officer",
        "POST",
        "/rounds",
        body,
    )
    assert draft["preparation"]["unmet"] == []
    at = f"/rounds/{draft['id']}"
    story(
        "Who has written in the plan does not approve it.", "officer", "POST", f"{at}/approvals", status=403
    )
    story("The director approves it,", "director", "POST", f"{at}/approvals")
    story("and the finance office approves the price.", FINANCE, "POST", f"{at}/approvals")
    announced: dict[str, Any] = story(
        "The operator gives the notice. From now on the rules are frozen, and the listing's terms with them.",
        "operator",
        "POST",
        f"{at}/announcement",
    )
    assert announced["status"] == "announced"
    story("Anybody reads the rules; their SHA-256 is the ETag.", "public", "GET", f"{at}/rules")
    return announced


def _form(round_: dict[str, Any]) -> dict[str, Any]:
    return {
        "rules_sha256": round_["rules_sha256"],
        "statements": ["Our works at the harbour, two kilns"],
        "related_party": False,
    }


def _registered(story: Story, round_: dict[str, Any]) -> dict[str, Any]:
    story.chapter("Registration, qualification, deposits")
    at, forms = f"/rounds/{round_['id']}", {}
    form = _form(round_)
    forms["company"] = story(
        "A company registers, accepts the rules by their hash, and is given an alias (竞买代码).",
        "company",
        "POST",
        f"{at}/registrations",
        form,
    )
    for who in BIDDERS[1:]:
        forms[who] = story.quietly(who, "POST", f"{at}/registrations", form)
        story.transcript.call(forms[who]["alias"], f"{{alias of the {who}}}")
    mine = f"{at}/registrations/{forms['company']['id']}"
    line = {
        "amount": _money(10_000),
        "bank_reference": "TOURMALINE-1",
        "value_date": "2026-01-05",
        "payer": "Example Intelligent Manufacturing",
    }
    held = story(
        "The bank has reported the deposit, a tenth of the opening price; the operator records it. The hall moves no "
        "money.",
        "operator",
        "POST",
        f"{mine}/deposit",
        line,
        key=True,
    )
    assert held["deposit"] == "held"
    story("The university finds the condition met.", "officer", "POST", f"{mine}/qualification")
    for number, who in enumerate(BIDDERS[1:], start=2):
        theirs = f"{at}/registrations/{forms[who]['id']}"
        story.quietly(
            "operator",
            "POST",
            f"{theirs}/deposit",
            line | {"bank_reference": f"TOURMALINE-{number}"},
            key=True,
        )
        story.quietly("officer", "POST", f"{theirs}/qualification")
    story(
        "Nobody of the seller's side bids: its people hold no role that may.",
        "director",
        "POST",
        f"{at}/registrations",
        form,
        status=403,
    )
    return forms


def _bid(story: Story, round_: dict[str, Any], clock: Clock) -> dict[str, Any]:
    story.chapter("The bidding")
    at = f"/rounds/{round_['id']}"
    early = story(
        "Before its time nobody bids.",
        "company",
        "POST",
        f"{at}/bids",
        {"amount": _money(100_000)},
        key=True,
        status=409,
    )
    assert early["detail"].startswith("the round is announced")
    clock.let_pass(hours=2, minutes=1)
    begun = story("Two hours later it is open, by the database's clock.", "public", "GET", at)
    assert begun["status"] == "bidding"
    receipt: dict[str, Any] = story(
        "The company bids. The signed receipt says which place the bid has in the log, and what it is chained to.",
        "company",
        "POST",
        f"{at}/bids",
        {"amount": _money(100_000)},
        key="tourmaline-first-bid",
    )
    again = story(
        "An answer was lost on the way: the same key and body again give the same receipt, and no second bid.",
        "company",
        "POST",
        f"{at}/bids",
        {"amount": _money(100_000)},
        key="tourmaline-first-bid",
    )
    assert again == receipt
    low = story(
        "A bid is at least one step above the leading one.",
        "other company",
        "POST",
        f"{at}/bids",
        {"amount": _money(104_000)},
        key=True,
        status=409,
    )
    assert "105000.00" in low["detail"]
    for who, amount in (("other company", 105_000), ("railway company", 112_000), ("company", 120_000)):
        story.quietly(who, "POST", f"{at}/bids", {"amount": _money(amount)}, key=True)
    clock.go_to(datetime.fromisoformat(round_["ends_at"]) - timedelta(seconds=200))
    late = story(
        "After three more bids, and three minutes before the end, the railway company raises. A bid in the last five "
        "minutes moves the end to five minutes after it.",
        "railway company",
        "POST",
        f"{at}/bids",
        {"amount": _money(130_000)},
        key=True,
    )
    assert datetime.fromisoformat(late["ends_at"]) > datetime.fromisoformat(round_["ends_at"])
    story("Everybody sees where it stands, and nobody who it is.", "public", "GET", at)
    clock.let_pass(minutes=6)
    return late


def _ended(story: Story, round_: dict[str, Any], forms: dict[str, Any]) -> None:
    story.chapter("The end, and the confirmation of sale")
    at = f"/rounds/{round_['id']}"
    closed = story(
        "Nobody has raised again. The reserve price was met, and the winner is named.", "public", "GET", at
    )
    assert (closed["status"], closed["outcome"]["amount"]) == ("provisional_award", _money(130_000))
    lost = story(
        "The losers' deposits were released in the same transaction.",
        "company",
        "GET",
        f"{at}/registrations",
    )
    assert [each["deposit"] for each in lost["items"]] == ["resolved"]
    signed = f"{at}/award/confirmation"
    story(
        "The winner signs the confirmation of sale (成交确认书),", "railway company", "POST", signed, key=True
    )
    done = story(
        "and the operator countersigns it; the deposit is applied to the price.",
        "operator",
        "POST",
        signed,
        key=True,
    )
    assert done["status"] == "confirmed"


def _verified(
    story: Story,
    round_: dict[str, Any],
    receipt: dict[str, Any],
    environment: Mapping[str, str],
    folder: Path,
) -> None:
    story.chapter("Anybody decides it again")
    at = f"/rounds/{round_['id']}"
    log = story.quietly("public", "GET", f"{at}/log?limit=100")
    kinds = [each["kind"] for each in log["items"]]
    assert kinds == ["admitted", *["bid"] * 5, "closed", "confirmed"]
    story(
        "The log is public: every line is chained to the one before, from the hash of the rules on.",
        "public",
        "GET",
        f"{at}/log?cursor=1&limit=100",
    )
    saved = folder / "receipt.json"
    saved.write_text(json.dumps(receipt))
    address = f"{str(story.client.base_url).rstrip('/')}/api/v1{at}"
    said = story.script(
        "Who kept a receipt, or only the address, replays the round with a script that imports nothing of the server.",
        "verify_round.py",
        address,
        "--receipt",
        str(saved),
    )
    assert said.splitlines()[-1] == "everything holds"
    told = story.market(
        "The hall does the same from its own rows, deposits and award included.",
        environment,
        "verify",
        "round",
        round_["id"],
    )
    assert told == "Nothing was touched."


def _dealt(story: Story, round_: dict[str, Any]) -> None:
    story.chapter("The deal")
    lines = [{"description": "The patent", "amount": _money(130_000), "is_technical": True}]
    deal = story(
        "The officer opens the deal of the award, with terms that come to its price.",
        "officer",
        "POST",
        "/deals",
        {"round_id": round_["id"], "mode": "transfer", "terms": TERMS | {"price_lines": lines}},
    )
    meanwhile.cleared(story, deal, "director", "railway company")
    at = f"/deals/{deal['id']}"
    contract = CONTRACT | {
        "kind": "transfer",
        "number": "2026-TRA-001",
        "title": {"en": "Transfer of the patent", "zh-Hans": "专利权转让合同"},
    }
    story(
        "Both have accepted the same terms and declared. The director records the signed contract,",
        "director",
        "POST",
        f"{at}/contract",
        contract,
        key=True,
    )
    confirmed = story(
        "and the buyer confirms it. A transfer takes effect with its registration (专利法 art. 10), for which it waits.",
        "railway company",
        "POST",
        f"{at}/contract/confirmation",
        key=True,
    )
    (waits,) = confirmed["waits_for"]
    story(
        "The director hands in the certificate of the registration.",
        "director",
        "POST",
        f"{at}/evidence",
        meanwhile.evidence(story, deal, waits["evidence"]),
    )
    ended = story("So the sale is a recorded deal.", "auditor", "GET", at)
    assert ended["status"] == "performing"


def _tender(story: Story, clock: Clock, folder: Path) -> None:
    story.chapter("A tender: the officers' keys")
    listing = meanwhile.a_published_result(
        story, {"en": "Blades coated with peridot", "zh-Hans": "橄榄石涂层叶片"}
    )
    people = _keyed(story, folder)
    story.chapter("Sealed bids")
    opening = {"officers": people, "threshold": 2}
    plan = _plan(story, clock, kind="sealed_tender", opening=opening)
    draft = story(
        "The plan names the opening officers, and how many of them open the bids together.",
        "officer",
        "POST",
        "/rounds",
        {"listing_id": listing["id"], "plan": plan},
    )
    at = f"/rounds/{draft['id']}"
    for who in ("director", FINANCE):
        story.quietly(who, "POST", f"{at}/approvals")
    announced = story(
        "With the announcement a key is made for this tender alone. Its private half is split among the officers and "
        "kept nowhere.",
        "operator",
        "POST",
        f"{at}/announcement",
    )
    story("The public half stands in the rules.", "public", "GET", f"{at}/opening")
    registered = _bidders(story, announced)
    clock.let_pass(hours=2, minutes=1)
    _sealed(story, at, registered)
    clock.let_pass(hours=1)
    _opened(story, at, folder)
    address = f"{str(story.client.base_url).rstrip('/')}/api/v1{at}"
    said = story.script(
        "With the published key anybody opens the bids again,", "seal_bid.py", "open", address
    )
    assert [line.split()[-2] for line in said.splitlines()] == ["118000.00", "125000.00"]
    told = story.script("and replays the tender.", "verify_round.py", address)
    assert told.splitlines()[-1] == "everything holds"


def _keyed(story: Story, folder: Path) -> list[str]:
    """The officers' keys, made on their own machines; their ids."""
    people = []
    for number, who in enumerate(OFFICERS):
        file = folder / f"officer-{number + 1}.key"
        public = story.script(
            f"The {who} makes a key at home; only its public half is printed."
            if number == 0
            else f"So does the {who}.",
            "seal_bid.py",
            "key",
            str(file),
            called=f"public key of the {who}",
        )
        story(
            "It is registered, so that shares can be encrypted to it.",
            who,
            "POST",
            "/people/me/opening-key",
            {"public_key": public},
        )
        people.append(story.quietly(who, "GET", "/people/me")["id"])
        story.transcript.call(people[-1], f"{{id of the {who}}}")
    return people


def _bidders(story: Story, round_: dict[str, Any]) -> dict[str, str]:
    """Two companies, registered, qualified and paid; their registrations' ids."""
    at, found = f"/rounds/{round_['id']}", {}
    for number, who in enumerate(BIDDERS[:2]):
        made = story.quietly(who, "POST", f"{at}/registrations", _form(round_))
        story.transcript.call(made["alias"], f"{{alias of the {who} in the tender}}")
        story.transcript.call(made["id"], f"{{registration of the {who}}}")
        line = {
            "amount": round_["deposit"],
            "bank_reference": f"PERIDOT-{number}",
            "value_date": "2026-01-05",
            "payer": "Example bidder",
        }
        theirs = f"{at}/registrations/{made['id']}"
        story.quietly("operator", "POST", f"{theirs}/deposit", line, key=True)
        story.quietly("officer", "POST", f"{theirs}/qualification")
        found[who] = made["id"]
    return found


def _sealed(story: Story, at: str, registered: dict[str, str]) -> None:
    address = f"{str(story.client.base_url).rstrip('/')}/api/v1{at}"
    blob = story.script(
        "Two companies have registered. One seals its bid on its own machine, bound to these rules and to its "
        "registration; a page does the same with `/assets/seal-bid.js`.",
        "seal_bid.py",
        "seal",
        address,
        "--registration",
        registered["company"],
        "--amount",
        "118000.00",
        called="sealed bid",
    )
    receipt = story(
        "What is sent says nothing. The receipt keeps its place in the log for itself: it would count the bids.",
        "company",
        "POST",
        f"{at}/bids",
        {"sealed": blob},
        key=True,
    )
    assert (receipt["sealed_by"], receipt["amount"]) == ("client", None)
    replayed = story(
        "Nobody else can send it for theirs.",
        "other company",
        "POST",
        f"{at}/bids",
        {"sealed": blob},
        key=True,
        status=422,
    )
    assert replayed["errors"][0]["detail"] == "this was sealed by another sender"
    weaker = story(
        "The other one lets the server seal, which the receipt marks as weaker: the server has seen the amount.",
        "other company",
        "POST",
        f"{at}/bids",
        {"amount": _money(125_000)},
        key=True,
    )
    assert weaker["sealed_by"] == "server"
    log = story(
        "Until the opening the log ends before the first bid, with who was admitted.",
        "auditor",
        "GET",
        f"{at}/log?limit=100",
        hide=("document",),
    )
    assert [each["kind"] for each in log["items"]] == ["admitted"]


def _opened(story: Story, at: str, folder: Path) -> None:
    story.chapter("The opening")
    assert story.quietly("public", "GET", at)["status"] == "opening"
    for number, who in enumerate(OFFICERS):
        share = story(
            "The bidding has ended. An officer fetches the share,"
            if number == 0
            else "So does the second one.",
            who,
            "GET",
            f"{at}/opening/share",
        )
        words = story.script(
            "decrypts it at home," if number == 0 else "With these words",
            "seal_bid.py",
            "share",
            "-",
            "--key",
            str(folder / f"officer-{number + 1}.key"),
            called=f"words of the {who}",
            stdin=json.dumps(share),
        )
        story(
            "and hands in the words. One share alone opens nothing."
            if number == 0
            else "the key is whole: every bid is opened, and the round awarded at once.",
            who,
            "POST",
            f"{at}/opening/shares",
            {"words": words},
        )
    awarded = story("The highest bid has won.", "public", "GET", at)
    assert (awarded["status"], awarded["outcome"]["amount"]) == ("provisional_award", _money(125_000))
    log = story.quietly("public", "GET", f"{at}/log?limit=100")
    assert [each["kind"] for each in log["items"]] == ["admitted", *["sealed_bid"] * 2, "opened", "closed"]
    story(
        "Key and bids stand in the log, with the blobs that the key opens.",
        "public",
        "GET",
        f"{at}/log?cursor=1&limit=100",
    )
