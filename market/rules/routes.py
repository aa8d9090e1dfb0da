"""Rule packs over HTTP, for anybody: what the files hold, and how a value is found; it reads no database."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from litestar import Response, Router, get
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter

from market.errors import NotFound
from market.rules.files import Pack
from market.rules.packs import JurisdictionUnknown, Library
from market.workdays import legal_day
from schemas.rules import PackFile, ResolvedValue, RulePackList, RulePackSummary, RulePackView

On = Annotated[date | None, QueryParameter(description="A day in Asia/Shanghai.")]

CACHED = {"Cache-Control": "public, max-age=300"}
"""They change with the files of the hall, and by the day."""


@get("/rule-packs", opt={"public": True}, summary="The rule packs", sync_to_thread=False)
def list_packs(state: State) -> Response[RulePackList]:
    """Every pack of rules (规则包) by which the hall judges, with the hash of its file."""
    packs: Library = state.rule_packs
    items = [summary(pack) for _, pack in sorted(packs.packs.items())]
    return Response(RulePackList(items=items), headers=CACHED)


@get("/rule-packs/schema", opt={"public": True}, summary="The form of a rule pack", sync_to_thread=False)
def read_schema() -> Response[dict[str, Any]]:
    """JSON Schema 2020-12 of a pack's file, TOML or JSON; a file beside the others is a pack, without any code."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | PackFile.model_json_schema()
    return Response(schema, headers=CACHED)


@get("/rule-packs/{pack:str}", opt={"public": True}, summary="A rule pack", sync_to_thread=False)
def read_pack(state: State, pack: FromPath[str], on: On = None) -> Response[RulePackView]:
    """Its own values, each with statute, article, dates and whether it is confirmed; with `on`, those in force then."""
    packs: Library = state.rule_packs
    found = packs.packs.get(pack)
    if found is None:
        raise NotFound("there is no such rule pack")
    values = [
        value.view()
        for values in found.values.values()
        for value in values
        if on is None or value.in_force(on)
    ]
    return Response(RulePackView(pack=summary(found), on=on, values=values), headers=CACHED)


@get(
    "/rule-packs/{pack:str}/{value:str}", opt={"public": True}, summary="A rule's value", sync_to_thread=False
)
def read_value(
    state: State, pack: FromPath[str], value: FromPath[str], on: On = None
) -> Response[ResolvedValue]:
    """What holds under a pack on a day, today without one: its own value, or that of the nearest pack it extends.

    Of an enterprise under two packs both are named, as in `CN-BJ+CN-SOE`.
    """
    packs: Library = state.rule_packs
    try:
        book = packs.rulebook(pack, on or legal_day(datetime.now(UTC)))
    except JurisdictionUnknown as error:
        raise NotFound("there is no such rule pack") from error
    history = book.history(value)
    if not history:
        raise NotFound("no pack of this jurisdiction has a value of this name")
    found = book.find(value)
    view = ResolvedValue(
        name=value,
        jurisdiction=pack,
        on=book.on,
        chain=book.chain,
        version=book.version,
        value=found.view() if found else None,
        levels=[one.view() for one in book.levels(value)],
        history=[one.view() for one in history],
    )
    return Response(view, headers=CACHED)


def summary(pack: Pack) -> RulePackSummary:
    """The pack without its values."""
    file = pack.file
    return RulePackSummary(
        **file.model_dump(exclude={"title", "values"}),
        title={language.value: text for language, text in file.title.items()},
        sha256=pack.sha256,
        values=len(file.values),
        unconfirmed=sum(not value.confirmed for value in file.values),
    )


router = Router("/", route_handlers=[list_packs, read_schema, read_pack, read_value], tags=["Rules"])
