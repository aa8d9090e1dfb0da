"""The live stream of a round: at once, in every process, without gap or repeat, and never more than anybody may know."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from litestar import Litestar
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.memory import MemoryChannelsBackend

from market.trading import announcer as announcing
from market.trading.announcer import BACKLOG, Announcer, Watcher
from market.trading.events import BEAT
from tests.makers import Market
from tests.sealing.tenders import Tender
from tests.trading.stage import OPENING, STEP, Sale, money
from tests.trading.watching import SECONDS, Stream, watching
from tests.web.instances import another


def announcer(market: Market) -> Announcer:
    found: Announcer = market.app.state.announcer
    return found


async def nobody_watches(market: Market) -> None:
    """Wait until the last stream is gone, which its own task takes care of."""
    async with asyncio.timeout(SECONDS):
        while announcer(market).watchers or announcer(market)._rounds or len(announcer(market)._tasks) > 1:
            await market.database.pool.fetchval("SELECT 1")


async def test_a_watcher_is_told_at_once_where_the_bidding_stands_and_then_every_new_price(
    market: Market,
) -> None:
    sale = await Sale.of(market)
    first = await sale.bid(0, OPENING)
    async with watching(market.app, sale.path) as stream:
        assert await stream.part() == "retry: 2000"
        now = await stream.next()
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        seen = (await sale.read())["standing"]
        assert (now["id"], now["event"]) == (first["seq"], "standing")
        assert now["data"] | {"server_time": None} == seen | {"server_time": None}
        receipt = await sale.bid(1, OPENING + STEP)
        told = await stream.next()
        assert (told["id"], told["event"]) == (receipt["seq"], "standing")
        assert told["data"] == {
            "round": sale.id,
            "status": "bidding",
            "seq": receipt["seq"],
            "bidder": sale.bidders[1].alias,
            "amount": money(OPENING + STEP),
            "least_next": money(OPENING + 2 * STEP),
            "ends_at": receipt["ends_at"],
            "server_time": told["data"]["server_time"],
        }
        assert datetime.fromisoformat(told["data"]["server_time"]) >= datetime.fromisoformat(receipt["at"])


async def test_before_the_bidding_a_watcher_is_told_that_it_has_not_begun(market: Market) -> None:
    sale = await Sale.of(market, "announced")
    async with watching(market.app, sale.path) as stream:
        now = await stream.next()
        assert (now["id"], now["data"]["status"], now["data"]["bidder"]) == (0, "announced", None)
        assert now["data"]["least_next"] == money(OPENING)
        await sale.let_pass(hours=2)
        begun = await stream.next()
        assert (begun["id"], begun["event"], begun["data"]["status"]) == (1, "admitted", "bidding")


async def test_whoever_comes_lets_time_pass(market: Market) -> None:
    sale = await Sale.of(market)
    await sale.bid(0, OPENING)
    await sale.move(-timedelta(days=2))
    async with watching(market.app, sale.path) as stream:
        assert (await stream.next())["data"]["status"] == "provisional_award"


async def test_only_what_was_announced_can_be_watched(market: Market) -> None:
    draft = await Sale.of(market, "approved")
    for path in (draft.path, "/rounds/01900000-0000-7000-8000-000000000000"):
        async with watching(market.app, path) as stream:
            await stream.end()
            assert stream.status == 404
    for last in ("x", "-1", "1" * 10, "²"):
        sale = draft
        async with watching(market.app, sale.path, last.encode().decode("latin-1")) as stream:
            await stream.end()
            assert stream.status == 422
            assert json.loads(stream.body)["errors"][0]["pointer"] == "Last-Event-ID"
    assert announcer(market).watchers == 0


async def test_a_bid_in_one_process_is_told_in_another(market: Market) -> None:
    sale = await Sale.of(market)
    async with another(market.settings) as other, watching(other.app, sale.path) as there:
        await there.next()
        async with watching(market.app, sale.path) as here:
            await here.next()
            for number in range(6):
                receipt = await sale.bid(number % 2, OPENING + number * STEP)
                for stream in (here, there):
                    assert (await stream.next())["id"] == receipt["seq"]


async def test_turns_are_told_by_their_kind_and_the_stream_ends_with_the_round(market: Market) -> None:
    sale = await Sale.of(market)
    async with watching(market.app, sale.path) as stream:
        await stream.next()
        receipt = await sale.bid(0, OPENING)
        await stream.next()
        await sale.together("suspend")
        told = await stream.next()
        assert (told["event"], told["data"]["status"]) == ("suspended", "suspended")
        assert (told["data"]["bidder"], told["data"]["amount"]) == (receipt["bidder"], receipt["amount"])
        await sale.together("resume")
        told = await stream.next()
        assert (told["event"], told["data"]["status"]) == ("resumed", "bidding")
        assert told["data"]["ends_at"] == (await sale.read())["ends_at"]
        await sale.let_pass(hours=30)
        told = await stream.next()
        assert (told["event"], told["data"]["status"]) == ("closed", "provisional_award")
        assert told["data"]["bidder"] == receipt["bidder"]
        assert not stream.ended.is_set()
        await sale.confirm()
        told = await stream.next()
        assert (told["event"], told["data"]["status"]) == ("confirmed", "confirmed")
        await stream.end()
    await nobody_watches(market)
    async with watching(market.app, sale.path, told["id"]) as stream:
        await stream.end()
        assert (stream.status, stream.body) == (204, b"")
    for last in (None, told["id"] - 1):
        async with watching(market.app, sale.path, last) as stream:
            assert (await stream.next())["data"]["status"] == "confirmed"
            await stream.end()


async def test_whoever_comes_again_is_sent_every_entry_since_and_none_twice(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "PAGE", 3)
    sale = await Sale.of(market)
    for number in range(5):
        await sale.bid(number % 2, OPENING + number * STEP)
    await sale.together("suspend")
    await sale.together("resume")
    await sale.bid(1, OPENING + 5 * STEP)
    log = [json.loads(item["document"]) for item in await sale.log()]
    leads: tuple[str | None, int | None] = (None, None)
    expected: dict[int, tuple[Any, ...]] = {}
    for said in log:
        if said["kind"] == "bid":
            leads = (said["bidder"], said["amount"])
        event = "standing" if said["kind"] == "bid" else said["kind"]
        expected[said["seq"]] = (event, leads[0], leads[1] and money(leads[1]))
    for last in range(len(log) + 1):
        async with watching(market.app, sale.path, last) as stream:
            missed = [await stream.next() for _ in range(last, len(log))]
            assert [event["id"] for event in missed] == list(range(last + 1, len(log) + 1))
            for event in missed:
                data = event["data"]
                assert (event["event"], data["bidder"], data["amount"]) == expected[event["id"]]
            if last % 4 == 0:
                receipt = await sale.bid(0, OPENING + (10 + last) * STEP)
                assert (await stream.next())["id"] == receipt["seq"]
                break
    async with watching(market.app, sale.path, 999) as stream:
        assert (await stream.next())["id"] == len(log) + 1


async def test_whoever_has_missed_too_much_begins_again(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "MOST_RESUMED", 3)
    sale = await Sale.of(market)
    for number in range(5):
        await sale.bid(number % 2, OPENING + number * STEP)
    async with watching(market.app, sale.path, 1) as stream:
        assert (await stream.next())["id"] == 6
    async with watching(market.app, sale.path, 3) as stream:
        assert [(await stream.next())["id"] for _ in range(3)] == [4, 5, 6]


async def test_under_concurrent_bids_nobody_misses_or_repeats_anything(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "PACE", 0.001)
    sale = await Sale.of(market, bidders=4)
    raises = iter(range(10_000))
    done = asyncio.Event()

    async def bid(number: int) -> None:
        for _ in range(15):
            await sale.try_bid(number, OPENING + next(raises) * STEP)

    async def watch(app: Litestar, last: int | None) -> Stream:
        async with watching(app, sale.path, last) as stream:
            await stream.next()
            await done.wait()
            await stream.until(len(log))
            return stream

    async with another(market.settings) as other:
        apps = (market.app, other.app)
        watchers: list[asyncio.Task[Stream]] = []
        bidding = asyncio.gather(*(bid(number) for number in range(4)))
        async with watching(market.app, sale.path) as guide:
            while not bidding.done():
                last = None if len(watchers) % 3 else 0
                watchers.append(asyncio.create_task(watch(apps[len(watchers) % 2], last)))
                if len(watchers) >= 20:
                    break
                following = asyncio.create_task(guide.next())  # of the last bids none may be left to hear
                await asyncio.wait({following, bidding}, return_when=asyncio.FIRST_COMPLETED)
                following.cancel()
            await bidding
        closing = await sale.bid(0, OPENING + 20_000 * STEP)
        log = await sale.log()
        assert closing["seq"] == len(log)
        done.set()
        streams = await asyncio.gather(*watchers)
    for stream in streams:
        ids = [event["id"] for event in stream.seen]
        assert ids == sorted(set(ids))
        assert ids[-1] == closing["seq"]
        for event in stream.seen:
            if event["event"] == "standing" and event["id"] > 1:
                said = json.loads(log[event["id"] - 1]["document"])
                assert event["data"]["amount"] == money(said["amount"])
                assert event["data"]["bidder"] == said["bidder"]


async def test_of_sealed_bids_nothing_is_told_before_the_opening(market: Market) -> None:
    tender = await Tender.of(market, bidders=3)
    async with watching(market.app, tender.path) as early:
        before = await early.next()
        assert before["data"]["amount"] is None
        for number in range(3):
            await tender.bid(number, OPENING + number * STEP, by="client" if number else "server")
        await tender.sale.together("suspend")
        async with watching(market.app, tender.path) as late:
            after = await late.next()
            assert (after["id"], after["data"]["status"]) == (before["id"], "suspended")
        await tender.sale.together("resume")
        for last in (0, before["id"], before["id"] + 1, before["id"] + 3):
            async with watching(market.app, tender.path, last) as again:
                if last != before["id"]:
                    now = await again.next()
                    assert now["id"] == before["id"]
        await tender.open()
        told = [await early.next() for _ in range(4)]
        assert [event["event"] for event in told] == ["suspended", "resumed", "opened", "closed"]
        assert told[-1]["data"]["amount"] == money(OPENING + 2 * STEP)
        assert told[-1]["data"]["bidder"] == tender.sale.bidders[2].alias


async def test_nobody_can_tell_by_a_suspension_whether_anybody_has_bid(market: Market) -> None:
    quiet, busy = await Tender.of(market), await Tender.of(market)
    await busy.bid(0, OPENING)
    seen = []
    for tender in (quiet, busy):
        await tender.sale.together("suspend")
        async with watching(market.app, tender.path) as stream:
            now = await stream.next()
            seen.append((now["id"], now["event"], now["data"]["status"]))
    assert seen[0] == seen[1]


async def test_a_watcher_who_goes_leaves_nothing_behind(market: Market) -> None:
    sale = await Sale.of(market)
    async with watching(market.app, sale.path) as stream:
        await stream.next()
        assert announcer(market).watchers == 1
    await nobody_watches(market)
    async with watching(market.app, sale.path) as stream:  # while something is being sent
        await stream.next()
        stream.reads.clear()
        await sale.bid(0, OPENING)
        async with asyncio.timeout(SECONDS):
            await stream.held.wait()
        stream.gone.set()
        await nobody_watches(market)


async def test_a_slow_watcher_is_sent_the_newest_and_holds_no_more_than_a_few(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "PACE", 0)
    sale = await Sale.of(market)
    async with watching(market.app, sale.path) as slow, watching(market.app, sale.path) as fast:
        await slow.next()
        await fast.next()
        slow.reads.clear()
        for number in range(3 * BACKLOG):
            receipt = await sale.bid(number % 2, OPENING + number * STEP)
            assert (await fast.next())["id"] == receipt["seq"]
        slow.reads.set()
        last = await slow.until(receipt["seq"])
        assert last["data"]["amount"] == receipt["amount"]
        assert len(slow.seen) <= BACKLOG + 2


async def test_a_silent_stream_is_kept_alive(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "BEAT_SECONDS", 0.01)
    sale = await Sale.of(market)
    async with another(market.settings) as other, watching(other.app, sale.path) as stream:
        await stream.next()
        assert [await stream.part() for _ in range(3)] == [":"] * 3


def test_a_beat_pushes_nothing_out_of_a_backlog() -> None:
    channels = ChannelsPlugin(MemoryChannelsBackend(), arbitrary_channels_allowed=True)
    watcher = Watcher(channels, max_backlog=2, backlog_strategy="dropleft")
    assert watcher.put_nowait(BEAT)
    assert not watcher.put_nowait(BEAT)
    assert watcher.put_nowait(b"a standing")
    assert watcher.qsize == 2


async def test_what_happens_while_a_process_is_deaf_is_told_once_it_hears_again(market: Market) -> None:
    backends: list[int] = []

    def prepare(app: Litestar) -> None:
        found: Announcer = app.state.announcer
        heard = found.heard

        def hear(connection: asyncpg.Connection, *arguments: Any) -> None:
            backends.append(connection.get_server_pid())
            heard(connection, *arguments)

        found.heard = hear  # type: ignore[assignment, method-assign]

    sale = await Sale.of(market)
    async with (
        another(market.settings, prepare=prepare) as other,
        watching(other.app, sale.path) as stream,
    ):
        await stream.next()
        await sale.bid(0, OPENING)
        await stream.next()
        assert await market.database.pool.fetchval("SELECT pg_terminate_backend($1, 5000)", backends[-1])
        missed = [await sale.bid(number % 2, OPENING + number * STEP) for number in (1, 2)]
        assert (await stream.until(missed[-1]["seq"]))["id"] == missed[-1]["seq"]
        heard = await sale.bid(1, OPENING + 3 * STEP)
        assert (await stream.next())["id"] == heard["seq"]


async def test_streams_end_when_the_process_stops(market: Market) -> None:
    sale = await Sale.of(market)
    async with another(market.settings) as other, watching(other.app, sale.path) as stream:
        await stream.next()
        other.app.state.announcer.end_streams()
        await stream.end()
        async with watching(other.app, sale.path) as late:
            await late.next()
            await late.end()


async def test_a_server_that_is_told_to_stop_waits_for_no_watcher(market: Market) -> None:
    sale = await Sale.of(market)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), True)
        environment = os.environ | {
            "MARKET_DATABASE_URL": str(market.settings.database_url),
            "MARKET_SECRET_KEY": market.settings.secret_key.get_secret_value(),
            "MARKET_DEMO": "true",
            "MARKET_DATA_DIR": str(market.settings.data_dir),
        }
        process = subprocess.Popen(  # noqa: ASYNC220 - its own process is what is tested
            [sys.executable, "-m", "market.serving", str(listener.fileno())],
            env=environment,
            pass_fds=[listener.fileno()],
            stderr=subprocess.PIPE,
        )
        port = listener.getsockname()[1]
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /api/v1{sale.path}/events HTTP/1.1\r\nHost: hall.test\r\n\r\n".encode())
        async with asyncio.timeout(SECONDS):
            await reader.readuntil(b"event: standing")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(SECONDS):
            rest = await reader.read()
        _, said = await asyncio.to_thread(process.communicate)
        writer.close()
    finally:
        process.kill()
    assert rest.endswith(b"0\r\n\r\n")  # the stream was ended, not cut off
    assert (process.returncode, b"exceeded" in said) == (0, False)
