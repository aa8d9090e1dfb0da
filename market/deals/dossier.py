"""The dossier of a deal: what was known and proven when it was decided, as a document and as pages to print.

It decides nothing: gates, evidence and record are shown as they are.
"""

from collections.abc import Iterable, Iterator
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.database import now
from market.deals import queries
from market.deals.documents import deal_view, payment_view
from market.deals.tables import Deal, Payment
from market.evidence.service import views
from market.ledger.documents import event_views
from market.ledger.queries import timeline
from market.ledger.rules import canonical, sha256
from market.listings import encumbrances
from market.listings.queries import version
from market.workdays import SHANGHAI
from schemas.deals import Dossier, GateView, ListingProof
from schemas.values import Money

if TYPE_CHECKING:
    from reportlab.platypus import Flowable


async def dossier(session: AsyncSession, deal: Deal) -> Dossier:
    """Everything that belongs to a deal which the caller sees."""
    file = await queries.file_of(session, deal)
    published = await version(session, deal.listing_id, deal.listing_version)
    paid = queries.payments_of(deal.id).order_by(col(Payment.id))
    content = Dossier(
        deal=deal_view(file),
        listing=ListingProof(id=deal.listing_id, version=published.number, sha256=published.sha256.hex()),
        encumbrances=[encumbrances.view(row, file.on) for row in file.encumbrances],
        evidence=views(file.proofs),
        payments=[payment_view(row) for row in (await session.execute(paid)).scalars()],
        record=event_views(await timeline(session, "deal", deal.id)),
        sha256="",
        made_at=await now(session),
    )
    known = content.model_dump(mode="json", exclude={"sha256", "made_at"})
    return content.model_copy(update={"sha256": sha256(canonical(known)).hex()})


def printed(content: Dossier) -> bytes:
    """The dossier as PDF, with the Chinese glyphs of the reader's own fonts (Adobe-GB1)."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    made = BytesIO()

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont(FONT, 7)
        canvas.drawString(20 * mm, 10 * mm, f"SHA-256 {content.sha256}")
        canvas.drawRightString(190 * mm, 10 * mm, str(page.page))

    pages = SimpleDocTemplate(
        made,
        pagesize=A4,
        margins=20 * mm,
        title=f"Dossier of deal {content.deal.id}",
        author="Release Hall",
        invariant=1,
    )
    pages.build(list(_story(content)), onFirstPage=foot, onLaterPages=foot)
    return made.getvalue()


FONT = "STSong-Light"


def _story(content: Dossier) -> "Iterator[Flowable]":
    deal = content.deal
    yield _head("尽职调查卷宗 Dossier", 16)
    yield _table(
        [
            ("Deal", str(deal.id)),
            ("转化方式 Mode", deal.mode),
            ("状态 Status", deal.status),
            ("卖方 Seller", _name(deal.seller.name)),
            ("买方 Buyer", _name(deal.buyer.name)),
            ("技术经理人 Technology manager", _name(deal.manager.name) if deal.manager else "—"),
            ("定价方式 Pricing", deal.terms.pricing_method or "—"),
            ("成交额 Total value", _money(deal.total_value)),
            ("技术交易额 Technical value", _money(deal.technical_value)),
            ("Terms SHA-256", deal.terms_sha256),
            (
                "Listing",
                f"{content.listing.id}, version {content.listing.version}, SHA-256 {content.listing.sha256}",
            ),
            (
                "Contract",
                f"{deal.contract.number}, SHA-256 {deal.contract.sha256}" if deal.contract else "—",
            ),
            ("Made", content.made_at.astimezone(SHANGHAI).isoformat(timespec="seconds")),
        ]
    )
    yield _head("合规关口 Gates", 12)
    yield _table([(f"{gate.name} ({gate.rule}, {gate.source})", _verdict(gate)) for gate in deal.gates])
    yield _head("证明材料 Evidence", 12)
    yield _table(
        [
            (
                f"{each.kind}: {each.title}",
                _said(each.issued_by, each.number, each.issued_on, *each.names, _money(each.value))
                + f"\nSHA-256 {each.sha256}"
                + (f"\nwithdrawn: {each.withdrawal_reason}" if each.withdrawn_at else ""),
            )
            for each in content.evidence
        ]
    )
    yield _head("权利负担 Encumbrances", 12)
    yield _table(
        [
            (
                f"{each.kind}, {each.holder}",
                _said(each.begins_on, each.ends_on, each.source, "holds" if each.active else "ended"),
            )
            for each in content.encumbrances
        ]
    )
    yield _head("付款 Payments", 12)
    yield _table([(f"{each.paid_on} {each.reference}", _money(each.amount)) for each in content.payments])
    yield _head("过程记录 Record", 12)
    yield _table(
        [
            (
                event.at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
                f"{event.kind}\n{event.hash}",
            )
            for event in content.record
        ]
    )


def _verdict(gate: GateView) -> str:
    if not gate.required:
        return "not asked for"
    return "met" if gate.met else "\n".join(f"{each.rule}: {each.detail}" for each in gate.unmet)


def _name(name: dict[str, str]) -> str:
    return " / ".join(name.values())


def _money(money: Money | None) -> str:
    return f"{money.amount} {money.currency}" if money else "—"


def _said(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part not in (None, "", "—"))


def _style(size: float) -> Any:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    return ParagraphStyle(f"s{size}", fontName=FONT, fontSize=size, leading=size * 1.5, wordWrap="CJK")


def _head(words: str, size: float) -> "Flowable":
    from reportlab.platypus import Paragraph

    return Paragraph(words, _style(size))


def _table(rows: Iterable[tuple[str, str]]) -> "Flowable":
    from reportlab.lib.colors import lightgrey
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, Table

    style = _style(8)
    cells = [
        [Paragraph(escape(left), style), Paragraph(escape(right).replace("\n", "<br/>"), style)]
        for left, right in rows
    ]
    if not cells:
        return Paragraph("—", style)
    lines = [("LINEBELOW", (0, 0), (-1, -1), 0.3, lightgrey), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    return Table(cells, colWidths=[60 * mm, 110 * mm], style=lines, spaceAfter=6)
