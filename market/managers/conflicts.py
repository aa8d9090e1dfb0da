"""Which organisations a manager is tied to, over however many hands, and which rule that breaks; no database."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from uuid import UUID

from schemas.vocabulary import ManagerObstacle

O = ManagerObstacle  # noqa: E741 - the obstacles stand in a table below


@dataclass(frozen=True)
class Rule:
    """Why an obstacle is one: its id, and its statute or the hall itself."""

    id: str
    source: str


HALL = "the hall's own rule"
RULES: Mapping[ManagerObstacle, Rule] = {
    O.PARTY: Rule("TM-1", "民法典 art. 168"),
    O.MEMBER_OF_PARTY: Rule("TM-1", "民法典 art. 168"),
    O.FORMER_ORGANISATION: Rule("TM-2", HALL),
    O.RELATED_ORGANISATION: Rule("TM-3", "公司法 art. 265"),
    O.PRIOR_DEAL: Rule("TM-4", HALL),
    O.DECLARED_CONFLICT: Rule("TM-5", "民法典 art. 962"),
    O.AUTHOR: Rule("TM-6", HALL),
    O.NO_CREDENTIAL: Rule("TM-7", HALL),
    O.UNVERIFIED: Rule("TM-7", HALL),
    O.UNAVAILABLE: Rule("TM-8", HALL),
    O.AT_CAPACITY: Rule("TM-8", HALL),
}
TIED: Mapping[ManagerObstacle, str] = {
    O.PARTY: "the manager's own organisation is a party",
    O.MEMBER_OF_PARTY: "the manager is a member of a party, or employed there",
    O.FORMER_ORGANISATION: "the manager was employed by a party within the last two years",
    O.RELATED_ORGANISATION: "an organisation of the manager controls a party, is controlled by one, or has the same controller",
    O.PRIOR_DEAL: "an organisation of the manager came to an agreement with a party within the last two years",
}


@dataclass(frozen=True)
class Ownership:
    """Who controls whom now (实际控制人); `public` are public bodies, whose common subordinates are not related by that.

    公司法 art. 265: enterprises under the state's control are not related for that reason alone.
    """

    controllers: Mapping[UUID, Set[UUID]] = field(default_factory=dict)
    public: Set[UUID] = frozenset()

    def above(self, organisations: Iterable[UUID]) -> set[UUID]:
        """These and whoever controls them, over however many hands; a circle ends where it began."""
        return _reached(organisations, self.controllers)

    def related(self, organisations: Set[UUID]) -> set[UUID]:
        """Whoever controls one of these, is controlled by one, or by the same organisation as one; without these."""
        above = self.above(organisations)
        below = _reached((above - self.public) | organisations, self._controlled())
        return (above | below) - organisations

    def _controlled(self) -> dict[UUID, set[UUID]]:
        turned: dict[UUID, set[UUID]] = {}
        for organisation, controllers in self.controllers.items():
            for controller in controllers:
                turned.setdefault(controller, set()).add(organisation)
        return turned


def _reached(start: Iterable[UUID], steps: Mapping[UUID, Set[UUID]]) -> set[UUID]:
    found = set(start)
    waiting = list(found)
    while waiting:
        for following in steps.get(waiting.pop(), ()):
            if following not in found:
                found.add(following)
                waiting.append(following)
    return found


@dataclass(frozen=True)
class Ties:
    """What ties a manager to organisations: today's, those of the last two years, and who made deals with theirs."""

    home: UUID
    """The organisation of the profile."""
    own: Set[UUID] = frozenset()
    """Of every membership and employment that stands."""
    former: Set[UUID] = frozenset()
    partners: Set[UUID] = frozenset()


def barred(ties: Ties, ownership: Ownership) -> dict[UUID, list[ManagerObstacle]]:
    """Every organisation for or against which this manager may not act, with what stands in the way."""
    own = {ties.home, *ties.own}
    found: dict[UUID, list[ManagerObstacle]] = {}
    for obstacle, organisations in (
        (O.PARTY, {ties.home}),
        (O.MEMBER_OF_PARTY, ties.own),
        (O.FORMER_ORGANISATION, set(ties.former) - own),
        (O.RELATED_ORGANISATION, ownership.related(own)),
        (O.PRIOR_DEAL, set(ties.partners) - own),
    ):
        for organisation in organisations:
            found.setdefault(organisation, []).append(obstacle)
    return found
