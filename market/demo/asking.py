"""The first half of a plot: a company asks, the owner answers, a technology manager brings the two together."""

from datetime import timedelta
from typing import Any

from market.demo.cast import BODIES, OPERATOR
from market.demo.plots import LIFE, MANAGER, MATERIALS, Carried, Plot
from market.demo.stage import Stage
from market.interests import service as interests
from market.interests.tables import Interest
from market.ledger.signing import signing_key
from market.listings.tables import Listing
from market.managers import introductions, profiles
from market.managers import service as managers
from market.managers.directory import credentials_of
from market.managers.facts import of_interest
from market.managers.queries import Held
from market.managers.tables import Assignment
from market.permissions import Actor
from market.settings import settings
from market.workdays import legal_day
from schemas.interests import Decline, NewInterest, Pass
from schemas.managers import Acceptance, CredentialFinding, NewAssignment, NewManager, Refusal
from schemas.vocabulary import DeclineReason, Language, Mode, PassReason

_PROFILES = {
    MANAGER: ("senior", ["G01", "B25J", "G06"], ["E05", "F"], ["C34", "C35", "C38", "I65"], ["zh", "en"]),
    MATERIALS: ("intermediate", ["C04", "C08", "H01M", "B01J"], ["B", "E"], ["C26", "C30"], ["zh"]),
    LIFE: ("junior", ["A61", "C12"], ["C", "H"], ["C27", "Q84"], ["zh", "en"]),
}
"""Level, IPC, disciplines, industries and languages."""


async def register_managers(stage: Stage) -> None:
    """The technology managers say what they know, and the operator verifies their certificates."""
    finding = CredentialFinding(verified=True, note="示例：已向认定机构核实（虚构）")
    expires = legal_day(stage.loaded_at) + timedelta(days=500)
    for email, (level, ipc, discipline, industry, languages) in _PROFILES.items():
        certificate = {
            "issuer": "示例认定机构（虚构）",
            "number": "DEMO-TM",
            "expires_on": expires.isoformat(),
        }
        data = NewManager.model_validate(
            {
                "level": level,
                "credentials": [certificate],
                "fields": {"ipc": ipc, "discipline": discipline, "industry": industry},
                "languages": languages,
                "regions": ["110108", "310115"],
            }
        )
        made = await profiles.register(stage.session, stage.people[email], data)
        for held in (await credentials_of(stage.session, [made.id]))[made.id]:
            await profiles.find(stage.session, stage.people[OPERATOR], made, held.id, finding)
        stage.managers[email] = made.id


class Asking:
    """One interest on its way."""

    def __init__(self, plot: Plot) -> None:
        self.plot = plot
        self._interest: Interest | None = None

    @property
    def interest(self) -> Interest:
        assert self._interest is not None  # noqa: S101 - asked first
        return self._interest

    def listing(self, stage: Stage) -> Listing:
        return stage.listings[self.plot.listing]

    def owner(self, stage: Stage) -> str:
        """The key of the organisation whose listing it is."""
        return stage.owner(self.plot.listing)

    def answerer(self, stage: Stage) -> Actor:
        return stage.officer(self.owner(stage))

    async def ask(self, stage: Stage) -> None:
        plot = self.plot
        form: dict[str, Any] = {
            "mode": plot.mode if plot.solution is None else None,
            "solution": plot.solution,
            "business": BODIES[plot.buyer].new.name[Language.ZH_HANS],
            "size": "medium",
            "how_found": "search",
            "message": plot.message,
            "incorporation": "CN",
        }
        if plot.solution is None and plot.mode in (
            Mode.EXCLUSIVE_LICENCE,
            Mode.SOLE_LICENCE,
            Mode.TRANSFER,
        ):
            form |= _application(plot)
        data = NewInterest.model_validate(form)
        buyer = stage.buyer(plot.buyer)
        self._interest = await interests.express(stage.session, buyer, self.listing(stage).id, data)

    async def acknowledge(self, stage: Stage) -> None:
        await interests.acknowledge(stage.session, self.answerer(stage), self.interest)

    async def refuse(self, stage: Stage) -> None:
        match self.plot.refused:
            case PassReason() as reason:
                buyer = stage.buyer(self.plot.buyer)
                await interests.pass_(stage.session, buyer, self.interest, Pass(reason=reason))
            case DeclineReason() as reason:
                data = Decline(reason=reason)
                await interests.decline(stage.session, self.answerer(stage), self.interest, data)

    async def negotiate(self, stage: Stage) -> None:
        await interests.negotiate(stage.session, self.answerer(stage), self.interest)

    async def assign(self, stage: Stage) -> None:
        """A manager is asked, and answers, introduces or gives it back within the hour."""
        email, session = self.plot.manager or MANAGER, stage.session
        manager, manager_id = stage.people[email], stage.managers[email]
        asked = NewAssignment(manager_id=manager_id)
        made = await managers.assign(session, self.answerer(stage), of_interest(self.interest), asked)
        held = Held(made, self.interest, ended=False)
        if self.plot.carried is Carried.DECLINED:
            await managers.decline(session, manager, held, Refusal(reason="手头项目已满，本季度无法投入。"))
        if self.plot.carried >= Carried.INTRODUCED:
            accepted = Acceptance(no_conflict=True, declaration="与双方无股权、任职或亲属关系（示例声明）。")
            await managers.accept(session, manager, held, accepted)
            await self._introduce(stage, manager, made)
        if self.plot.carried is Carried.CLOSED:
            reason = "双方已建立直接联系，委托结束。"
            await managers.close(session, manager, held, reason)

    async def _introduce(self, stage: Stage, manager: Actor, made: Assignment) -> None:
        known = settings()
        key = signing_key(known.secret_key.get_secret_value())
        held = Held(made, self.interest, ended=False)
        await introductions.introduce(stage.session, manager, held, key=key, base_url=known.base_url)


def _application(plot: Plot) -> dict[str, Any]:
    """What an exclusive request has to show beyond an ordinary one."""
    return {
        "field_of_use": "示例应用领域",
        "territory": ["CN"],
        "representative": {"name": "技术采购经理", "email": f"buyer@{plot.buyer}.example"},
        "development_plan": {
            "time": "十八个月内投入使用",
            "nature": "样机验证、中试、量产三步实施。",
            "capital": {"amount": "3000000.00", "currency": "CNY"},
            "capability": "自有中试线与十二人研发团队（示例）。",
        },
    }
