"""The invented organisations and people of the demo market; plain values that know no database.

Every name says that it is an example, every address ends in .example (RFC 2606), and every 统一社会信用代码 names the
area 990000, which GB/T 2260 gives to no place, so that none can be that of a real organisation.
"""

from dataclasses import dataclass

from market.ledger.rules import sha256
from schemas.organisations import Identifier, NewOrganisation
from schemas.vocabulary import Founding, Language, OrganisationKind, Role, VerificationLevel

PASSWORD = "release-hall-demo"  # noqa: S105 - published on purpose: the demo is loaded in demo mode alone
OPERATOR = "operator@hall.example"
AUDITOR = "auditor@hall.example"

ACCOUNTS = {
    "officer@university.example": "writes and hands in the listings of a university",
    "director@university.example": "approves and publishes them, signs its contracts",
    "buyer@company.example": "asks and offers for a verified company",
    "manager@agency.example": "technology manager, brings parties together",
    OPERATOR: "runs the hall",
    AUDITOR: "reads everything, changes nothing",
}
"""What is shown at the start; the others of the cast sign in with the same password."""


def opening_key(email: str) -> bytes:
    """The private key of a demo opening officer: as well known as the password, for a tender that anybody may open."""
    return sha256(f"{PASSWORD} {email}".encode())


K, F, V = OrganisationKind, Founding, VerificationLevel

Seats = tuple[tuple[str, str, Role], ...]
"""Who signs in with which address, is called what, and may do what."""


@dataclass(frozen=True)
class Player:
    email: str
    name: str
    role: Role


@dataclass(frozen=True)
class Body:
    """One organisation with its people; `key` is how the demo's own files name it."""

    key: str
    new: NewOrganisation
    players: tuple[Player, ...]
    verification: VerificationLevel

    def who(self, role: Role) -> str:
        """The address of the first person in this role."""
        return next(player.email for player in self.players if player.role is role)


def _body(
    key: str,
    names: tuple[str, str],
    kind: OrganisationKind,
    founding: Founding,
    region: str,
    uscc: str,
    seats: Seats,
    verification: VerificationLevel = V.L2,
) -> Body:
    chinese, english = names
    new = NewOrganisation(
        name={Language.ZH_HANS: chinese, Language.EN: english},
        kind=kind,
        founding=founding,
        identifiers=[Identifier(scheme="uscc", value=uscc)],
        region=region,
    )
    players = tuple(Player(email, f"{chinese}{title}", role) for email, title, role in seats)
    return Body(key, new, players, verification)


def _research(domain: str, *more: tuple[str, str, Role]) -> Seats:
    return (
        (f"researcher@{domain}", "科研人员", Role.RESEARCHER),
        (f"officer@{domain}", "转化专员", Role.TTO_OFFICER),
        (f"director@{domain}", "转化主任", Role.TTO_DIRECTOR),
        *more,
    )


def _company(domain: str, *more: tuple[str, str, Role]) -> Seats:
    return ((f"buyer@{domain}", "技术采购经理", Role.BUYER), *more)


CAST = (
    _body(
        "hall",
        ("示例发布大厅运营中心", "Example Release Hall Operator"),
        K.OPERATOR,
        F.STATE_OWNED,
        "110108",
        "12990000DEMA001362",
        ((OPERATOR, "运营专员", Role.OPERATOR), (AUDITOR, "审计员", Role.AUDITOR)),
    ),
    _body(
        "university",
        ("示例大学", "Example University"),
        K.UNIVERSITY,
        F.STATE_FOUNDED,
        "110108",
        "12990000DEMA000131",
        _research("university.example", ("finance@university.example", "财务专员", Role.FINANCE)),
    ),
    _body(
        "institute",
        ("示例研究院", "Example Institute"),
        K.INSTITUTE,
        F.STATE_FOUNDED,
        "310115",
        "12990000DEMA00021U",
        _research("institute.example", ("finance@institute.example", "财务专员", Role.FINANCE)),
    ),
    _body(
        "hospital",
        ("示例医院", "Example Hospital"),
        K.HOSPITAL,
        F.STATE_FOUNDED,
        "420111",
        "12990000DEMA0003XK",
        _research("hospital.example", ("finance@hospital.example", "财务专员", Role.FINANCE)),
    ),
    _body(
        "new_rd_body",
        ("示例新型研发机构", "Example New R&D Body"),
        K.NEW_RD_BODY,
        F.PRIVATE,
        "440305",
        "52990000DEMA00048F",
        _research("rd.example"),
    ),
    _body(
        "archive",
        ("示例开放技术档案（演示）", "Example Open Technology Archive (demo)"),
        K.ALLIANCE,
        F.PRIVATE,
        "110101",
        "51990000DEMA001286",
        _research("archive.example"),
    ),
    _body(
        "works",
        ("示例智能制造有限公司", "Example Intelligent Manufacturing"),
        K.COMPANY,
        F.PRIVATE,
        "330108",
        "91990000DEMA000569",
        _company("company.example", ("finance@company.example", "财务经理", Role.FINANCE)),
    ),
    _body(
        "rail",
        ("示例轨道交通运营有限公司", "Example Rail Transit"),
        K.COMPANY,
        F.STATE_OWNED,
        "440305",
        "91990000DEMA000644",
        _company("rail.example"),
    ),
    _body(
        "energy",
        ("示例新能源科技有限公司", "Example New Energy"),
        K.COMPANY,
        F.PRIVATE,
        "420111",
        "91990000DEMA00072Y",
        _company("energy.example"),
    ),
    _body(
        "pharma",
        ("示例生物医药有限公司", "Example Biopharma"),
        K.COMPANY,
        F.PRIVATE,
        "310115",
        "91990000DEMA00080R",
        _company("pharma.example"),
        V.L1,
    ),
    _body(
        "farm",
        ("示例智慧农业有限公司", "Example Smart Farming"),
        K.COMPANY,
        F.PRIVATE,
        "510107",
        "91990000DEMA00099N",
        _company("farm.example"),
        V.L1,
    ),
    _body(
        "software",
        ("示例工业软件有限公司", "Example Industrial Software"),
        K.COMPANY,
        F.FOREIGN,
        "110108",
        "91990000DEMA00101A",
        _company("software.example"),
    ),
    _body(
        "agency",
        ("示例技术转移服务中心", "Example Technology Transfer Agency"),
        K.TTO,
        F.PRIVATE,
        "110108",
        "91990000DEMA0011X2",
        (
            ("manager@agency.example", "技术经理人", Role.MANAGER),
            ("materials@agency.example", "技术经理人（材料）", Role.MANAGER),
            ("life@agency.example", "技术经理人（生命健康）", Role.MANAGER),
        ),
    ),
)

BODIES = {body.key: body for body in CAST}
