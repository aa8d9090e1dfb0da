"""The editions of the demo: a list whose outcomes are reported, one that is open, a catalogue that is announced."""

from datetime import timedelta
from typing import Any

from market.demo.cast import OPERATOR
from market.demo.plots import CATALOGUE, FIRST_LIST, SECOND_LIST
from market.demo.stage import Scene, Stage
from market.editions import items, service
from market.editions.tables import Edition
from market.listings.documents import instant
from market.permissions import Actor
from schemas.editions import NewEdition, OutcomeReport
from schemas.vocabulary import EditionKind, ItemOutcome

OUTCOMES = {
    "demo-scene-metro-inspection": (ItemOutcome.CONTRACTED, "已签订合作开发合同（示例）。"),
    "demo-scene-tunnel-leak": (ItemOutcome.NO_RESPONSE, "收到一份方案，能力不符，未选用（示例）。"),
    "demo-scene-factory-light": (ItemOutcome.ONGOING, "正在与一家软件企业磋商（示例）。"),
    "demo-scene-orchard": (ItemOutcome.NO_RESPONSE, None),
    "demo-scene-pv-forecast": (ItemOutcome.MATCHED, "已与一家高校团队对接（示例）。"),
    "demo-scene-clean-room": (ItemOutcome.IN_TRIAL, "两条产线试用三个月（示例）。"),
    "demo-scene-specimen": (ItemOutcome.WITHDRAWN, "改由医院内部信息化项目实施（示例）。"),
}


def scenes() -> list[Scene]:
    first, second, catalogue = _Issue(), _Issue(), _Issue()
    return [
        Scene(126.0, first.compile_first),
        Scene(120.0, first.publish),
        Scene(60.0, first.time),
        Scene(52.0, first.report),
        Scene(24.0, second.compile_second),
        Scene(20.0, second.publish),
        Scene(2.0, catalogue.announce),
    ]


class _Issue:
    """One edition on its way."""

    def __init__(self) -> None:
        self._edition: Edition | None = None

    @property
    def edition(self) -> Edition:
        assert self._edition is not None  # noqa: S101 - compiled first
        return self._edition

    async def _compile(self, stage: Stage, keys: tuple[str, ...], **said: Any) -> None:
        actor = _operator(stage)
        data = NewEdition.model_validate(said)
        self._edition = await service.open_edition(stage.session, actor, data)
        ids = [stage.listings[key].id for key in keys]
        await items.set_items(stage.session, actor, self.edition, ids)

    async def compile_first(self, stage: Stage) -> None:
        title = {
            "zh-Hans": "示例场景机会清单（第一批）",
            "en": "Example list of scenario opportunities, first batch",
        }
        kind = EditionKind.OPPORTUNITY_LIST
        await self._compile(
            stage, FIRST_LIST, kind=kind, title=title, applications_until=instant(stage.instant(61))
        )

    async def compile_second(self, stage: Stage) -> None:
        title = {
            "zh-Hans": "示例场景机会清单（第二批）",
            "en": "Example list of scenario opportunities, second batch",
        }
        kind = EditionKind.OPPORTUNITY_LIST
        await self._compile(
            stage, SECOND_LIST, kind=kind, title=title, applications_until=instant(stage.instant(-40))
        )

    async def publish(self, stage: Stage) -> None:
        await service.publish(stage.session, _operator(stage), self.edition)

    async def time(self, stage: Stage) -> None:
        """The window for answers is over: it is closed."""
        await service.let_time_pass(stage.session, self.edition)

    async def report(self, stage: Stage) -> None:
        """The operator gathers what became of each item, and makes it public."""
        for key, (outcome, note) in OUTCOMES.items():
            listing_id = stage.listings[key].id
            data = OutcomeReport(outcome=outcome, note=note)
            await items.report_item(stage.session, _operator(stage), self.edition, listing_id, data)
        await service.report_outcomes(stage.session, _operator(stage), self.edition)

    async def announce(self, stage: Stage) -> None:
        """Compiled and put on the calendar: under embargo until ten o'clock in Beijing, ten days after the loading."""
        title = {
            "zh-Hans": "示例创新产品目录（第一批）",
            "en": "Example catalogue of innovation products, first batch",
        }
        await self._compile(stage, CATALOGUE, kind=EditionKind.PRODUCT_CATALOGUE, title=title)
        release_at = (stage.loaded_at + timedelta(days=10)).replace(hour=2, minute=0, second=0, microsecond=0)
        await service.schedule(stage.session, _operator(stage), self.edition, release_at)


def _operator(stage: Stage) -> Actor:
    return stage.people[OPERATOR]
