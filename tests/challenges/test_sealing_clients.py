"""The sealing programs for a challenge: the script as its users run it, and the module that the hall serves to browsers."""

import asyncio
import base64
import json
import subprocess
import sys
from pathlib import Path

from tests.challenges.stage import SOLUTION, Contest
from tests.makers import Market
from tests.sealing.browser import answered, needs_a_browser

SCRIPT = Path(__file__).parents[2] / "scripts" / "seal_bid.py"
MODULE = "/assets/seal-bid.js"


async def sealed(*arguments: str | Path, code: int = 0) -> str:
    """What the script prints; it runs alone, with nothing of the server to import."""
    command = [sys.executable, "-I", SCRIPT, "submission", *map(str, arguments)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


async def test_what_the_script_seals_is_taken_and_opens_to_the_solution(
    market: Market, tmp_path: Path
) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=1)
    rules, solution = tmp_path / "rules.json", tmp_path / "solution.json"
    rules.write_bytes((await contest.public("/rules")).content)
    said = SOLUTION | {"approach": {"zh-Hans": "听漏", "en": "We listen to “pipes”"}}
    solution.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    who = await market.company()
    given = [rules, "--organisation", str(who.organisation_id), "--solution"]
    receipt = await contest.try_submit(who, sealed=(await sealed(*given, solution)).strip())
    assert (receipt.status_code, receipt.json()["sealed_by"]) == (201, "client")
    body = json.loads(await sealed(*given, solution, "--body"))
    assert (await contest.try_submit(who, **body)).json()["number"] == 2
    other = await contest.try_submit(await market.company(), **body)
    assert (other.status_code, other.json()["errors"][0]["detail"]) == (
        422,
        "this was sealed by another sender",
    )

    solution.write_text(json.dumps(said | {"team": "x" * 66_000}))
    assert "bytes can be sealed here" in await sealed(*given, solution, code=2)
    solution.write_text("[]")
    assert "a solution is an object" in await sealed(*given, solution, code=2)
    rules.write_text("{}")
    solution.write_text(json.dumps(said))
    assert "not the rules of a challenge" in await sealed(*given, solution, code=2)

    contest.entrants.append(who)
    await contest.let_pass(hours=24)
    for _ in range(3):
        await contest.a_reviewer()
    await contest.operator.ok("POST", f"{contest.path}/review")
    await contest.open()
    (own,) = await who.ok("GET", f"{contest.path}/entrants")
    assert (own["fault"], own["solution"]["approach"]) == (None, said["approach"])


async def test_the_hall_serves_the_module_that_seals(market: Market) -> None:
    served = await market.client.get(MODULE)
    assert served.status_code == 200
    assert served.headers["content-type"] == "text/javascript; charset=utf-8"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["cache-control"] == "public, max-age=86400"
    assert "export async function sealBid" in served.text
    assert "export async function sealSubmission" in served.text
    again = await market.client.get(MODULE, headers={"If-None-Match": served.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await market.client.get("/assets/another.js")).status_code == 404


PAGE = """<!doctype html><meta charset="utf-8"><pre id="answer">waiting</pre><script type="module">
import { sealBid, sealSubmission } from "./seal-bid.js";
const answer = document.getElementById("answer");
try {
  const rules = await (await fetch("rules.json")).arrayBuffer();
  const solution = await (await fetch("solution.json")).json();
  const organisationId = "%s";
  const sealed = await sealSubmission({ rules, organisationId, solution });
  const refused = [];
  await sealBid({ rules, registrationId: organisationId, amount: "1" }).catch((e) => refused.push(e.message));
  const long = { ...solution, team: "x".repeat(66000) };
  await sealSubmission({ rules, organisationId, solution: long }).catch((e) => refused.push(e.message));
  answer.textContent = JSON.stringify({ sealed, refused });
} catch (error) {
  answer.textContent = JSON.stringify({ error: String(error) });
}
</script>"""


@needs_a_browser
async def test_what_a_browser_seals_is_taken_and_opens_to_the_solution(
    market: Market, tmp_path: Path
) -> None:
    contest = await Contest.of(market, "submissions_open", entrants=0)
    who = await market.company()
    (tmp_path / "seal-bid.js").write_bytes((await market.client.get(MODULE)).content)
    (tmp_path / "rules.json").write_bytes((await contest.public("/rules")).content)
    (tmp_path / "solution.json").write_text(json.dumps(SOLUTION | {"approach": {"zh-Hans": "听漏"}}))
    answer = await answered(tmp_path, PAGE % who.organisation_id)
    assert answer.get("refused") == [
        "these are not the rules of a round",
        "at most 65536 bytes can be sealed",
    ]
    blob = base64.b64decode(answer["sealed"])
    assert (await contest.try_submit(who, sealed=base64.b64encode(blob).decode())).status_code == 201
    contest.entrants.append(who)
    await contest.let_pass(hours=24)
    for _ in range(3):
        await contest.a_reviewer()
    await contest.operator.ok("POST", f"{contest.path}/review")
    await contest.open()
    (own,) = await who.ok("GET", f"{contest.path}/entrants")
    assert (own["fault"], own["solution"]["approach"]) == (None, {"zh-Hans": "听漏"})
