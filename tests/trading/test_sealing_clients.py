"""The sealing programs: the script as its users run it, and the browser's module in a real browser."""

import asyncio
import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from market.trading import sealed
from tests.makers import Market
from tests.sealing.browser import answered, needs_a_browser
from tests.sealing.tenders import Officer, Tender
from tests.trading.stage import OPENING, STEP, Sale

SCRIPTS = Path(__file__).parents[2] / "scripts"
MODULE = Path(__file__).parents[2] / "market" / "web" / "assets" / "seal-bid.js"


async def run(script: str, *arguments: str | Path, code: int = 0) -> str:
    """What a script prints; it runs alone, with nothing of the server to import."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", SCRIPTS / script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code != 2 else done.stderr


async def test_a_whole_tender_is_held_with_the_script(market: Market, tmp_path: Path) -> None:
    people = []
    for number in range(3):
        who = await market.person(await market.organisation())
        file = tmp_path / f"officer-{number}.key"
        public = (await run("seal_bid.py", "key", file)).strip()
        assert file.stat().st_mode & 0o077 == 0
        await who.ok("POST", "/people/me/opening-key", {"public_key": public})
        people.append((Officer(who, base64.b64decode(file.read_text())), file))
    named = [str(officer.who.person_id) for officer, _ in people]
    sale = await Sale.of(market, kind="sealed_tender", opening={"officers": named, "threshold": 2})
    tender = Tender(sale, [officer for officer, _ in people])
    await tender.read_rules()
    rules = tmp_path / "rules.json"
    rules.write_bytes(tender.rules)

    amount = f"{(OPENING + STEP) // 100}.00"
    printed = await run(
        "seal_bid.py", "seal", rules, "--registration", sale.bidders[0].id, "--amount", amount
    )
    receipt = await (await tender.send(0, base64.b64decode(printed))).aread()
    body = await run(
        "seal_bid.py", "seal", rules, "--registration", sale.bidders[1].id, "--amount", "1", "--body"
    )
    assert (await tender.send(1, base64.b64decode(json.loads(body)["sealed"]))).status_code == 201
    await tender.bid(1, OPENING, by="server")

    await sale.let_pass(hours=24)
    for officer, file in people[:2]:
        share = tmp_path / "share.json"
        share.write_text(json.dumps(await officer.who.ok("GET", f"{tender.path}/opening/share")))
        words = await run("seal_bid.py", "share", share, "--key", file)
        assert (await tender.try_hand_in(officer, words.strip())).status_code == 200
        refused = await run("seal_bid.py", "share", share, "--key", people[2][1], code=2)
        assert "encrypted to another key" in refused

    log = tmp_path / "log.json"
    log.write_text(json.dumps({"items": await sale.log()}))
    opened = (await run("seal_bid.py", "open", "--rules", rules, "--log", log)).splitlines()
    assert opened == [
        f"2 {sale.bidders[0].alias} {amount} CNY",
        f"3 {sale.bidders[1].alias} 1.00 CNY",
        f"4 {sale.bidders[1].alias} {OPENING // 100}.00 CNY",
    ]

    saved = tmp_path / "receipt.json"
    saved.write_bytes(receipt)
    # The tests have moved the times of this round, and nothing else is wrong with it.
    said = (
        await run("verify_round.py", "--rules", rules, "--log", log, "--receipt", saved, code=1)
    ).splitlines()
    timed = ("too early", "outside of the bidding", "the end is", "bidding ended at")
    faults = [line for line in said if line.startswith("entry")]
    assert [line for line in faults if not any(word in line for word in timed)] == []
    assert "every sealed bid was opened again" in said

    items = json.loads(log.read_text())["items"]
    lie = json.loads(items[4]["document"])
    lie["bids"][0]["amount"] += 1
    items[4]["document"] = json.dumps(lie)
    log.write_text(json.dumps({"items": items}))
    assert "but the log says" in await run("seal_bid.py", "open", "--rules", rules, "--log", log, code=1)
    caught = await run("verify_round.py", "--rules", rules, "--log", log, code=1)
    assert f"says {OPENING + STEP}, not {OPENING + STEP + 1}" in caught


@pytest.mark.parametrize("amount", ["0", "-1", "1.001", "1e400", "ten", "90071992547409.92"])
async def test_the_script_refuses_what_is_no_amount(tmp_path: Path, amount: str) -> None:
    rules = tmp_path / "rules.json"
    opening = {
        "suite": "DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM",
        "purpose": "sealed bid",
        "public_key": base64.b64encode(bytes(32)).decode(),
        "blob_bytes": 1024,
        "decimals": 2,
    }
    said = {"round": str(UUID(int=1)), "currency": "CNY", "opening": opening}
    rules.write_text(json.dumps(said))
    told = await run(
        "seal_bid.py", "seal", rules, "--registration", str(UUID(int=2)), f"--amount={amount}", code=2
    )
    assert "is not an amount" in told
    rules.write_text(json.dumps(said | {"opening": None}))
    told = await run("seal_bid.py", "seal", rules, "--registration", str(UUID(int=2)), "--amount=1", code=2)
    assert "are not sealed" in told


PAGE = """<!doctype html><meta charset="utf-8"><pre id="answer">waiting</pre><script type="module">
import { sealBid } from "./seal-bid.js";
const answer = document.getElementById("answer");
try {
  const rules = await (await fetch("rules.json")).arrayBuffer();
  const registrationId = "%s";
  const sealed = [];
  for (const amount of ["100000.00", "123456.7", "90071992547409.91"])
    sealed.push(await sealBid({ rules, registrationId, amount }));
  sealed.push(await sealBid({ rules: new TextDecoder().decode(rules), registrationId, amount: "7" }));
  const refused = [];
  for (const amount of ["0", "1.001", "ten", "90071992547409.92", "-1", ""])
    await sealBid({ rules, registrationId, amount }).catch((error) => refused.push(error.message));
  answer.textContent = JSON.stringify({ sealed, refused });
} catch (error) {
  answer.textContent = JSON.stringify({ error: String(error) });
}
</script>"""


@needs_a_browser
async def test_what_a_browser_seals_opens_as_what_python_seals(market: Market, tmp_path: Path) -> None:
    tender = await Tender.of(market)
    bidder = tender.sale.bidders[0]
    shutil.copy(MODULE, tmp_path / "seal-bid.js")
    (tmp_path / "rules.json").write_bytes(tender.rules)
    answer = await answered(tmp_path, PAGE % bidder.id)
    assert "error" not in answer, answer
    blobs = [base64.b64decode(each) for each in answer["sealed"]]
    assert [(await tender.send(0, blob)).status_code for blob in blobs] == [201] * 4
    assert len(answer["refused"]) == 6
    await tender.bid(1, OPENING)
    await tender.open()
    said = json.loads((await tender.sale.log())[-2]["document"])["bids"]
    assert [each["amount"] for each in said] == [100_000_00, 123_456_70, 2**53 - 1, 7_00, OPENING]
    private = base64.b64decode((await tender.opening())["private_key"])
    found = [sealed.opened(tender.lid, UUID(bidder.id), private, blob, "CNY")[0] for blob in blobs]
    assert found == [100_000_00, 123_456_70, 2**53 - 1, 7_00]
