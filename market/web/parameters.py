"""What an address may not say in its query, before the framework reads it; it knows no parameter by name."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from litestar import Litestar, Request
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import HTTPRoute

from market.errors import Invalid
from market.web import wording
from schemas.values import FieldProblem

_KEY = "parameters"
_LONGEST_NAME = 80


@dataclass(frozen=True)
class _Declared:
    """What one method of one address takes in its query."""

    names: frozenset[str]
    repeated: frozenset[str]
    """Those that may be given several times."""
    without_text: frozenset[str]
    """The optional ones in which null is not a word like any other."""


async def check_query(request: Request[Any, Any, Any]) -> None:
    """Before every handler: refuse what it does not declare, for a misspelt filter would answer everything.

    Not a guard, for which the framework copies the handler with every request.

    Twice what is read once, too, and null where it is no text: the framework takes the word for a parameter that was
    left out. Pages, which are in no description, take whatever a link to them carries. Invalid names every such parameter.
    """
    if not request.scope["query_string"]:
        return
    handler = request.route_handler
    if not isinstance(handler, HTTPRouteHandler) or not handler.resolve_include_in_schema():
        return
    declared = _of(request.app)[handler]
    pairs = list(request.query_params.multi_items())
    chinese = wording.speaks_chinese(request)
    problems: dict[str, str] = {}
    for name, times in Counter(name for name, _ in pairs).items():
        if name not in declared.names:
            problems[name] = _unknown(name, declared.names, chinese=chinese)
        elif times > 1 and name not in declared.repeated:
            problems[name] = wording.twice(chinese=chinese)
    for name, value in pairs:
        if name in declared.without_text and value.lower() == "null":
            problems.setdefault(name, wording.no_null(chinese=chinese))
    if problems:
        listed = [FieldProblem(pointer=name[:_LONGEST_NAME], detail=why) for name, why in problems.items()]
        raise Invalid(errors=listed)


def allowed_words(handler: BaseRouteHandler | None, name: str) -> list[str]:
    """The words of a parameter that has a closed list of them."""
    parameter = handler.parsed_fn_signature.parameters.get(name) if handler else None
    if parameter is None:
        return []
    found: list[str] = []
    for kind in (parameter.annotation, *get_args(parameter.annotation)):
        if isinstance(kind, type) and issubclass(kind, Enum):
            found += [str(member.value) for member in kind]
        elif get_origin(kind) is Literal:
            found += [str(word) for word in get_args(kind)]
    return found


def _unknown(name: str, known: frozenset[str], *, chinese: bool) -> str:
    if not known:
        return wording.no_parameters(chinese=chinese)
    near = get_close_matches(name[:_LONGEST_NAME], sorted(known), n=1)
    return wording.unknown_parameter(near[0] if near else None, sorted(known), chinese=chinese)


def _of(app: Litestar) -> Mapping[HTTPRouteHandler, _Declared]:
    """What every handler of this application declares; found out once."""
    found: Mapping[HTTPRouteHandler, _Declared] | None = app.state.get(_KEY)
    if found is None:
        found = app.state[_KEY] = dict(_every(app))
    return found


def _every(app: Litestar) -> Iterator[tuple[HTTPRouteHandler, _Declared]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler, model in route.route_handler_map.values():
                names = frozenset(parameter.field_alias for parameter in model.expected_query_params)
                repeated = frozenset(model.sequence_query_parameter_names)
                yield handler, _Declared(names, repeated, _without_text(handler))


def _without_text(handler: HTTPRouteHandler) -> frozenset[str]:
    return frozenset(
        name
        for name, parameter in handler.parsed_fn_signature.parameters.items()
        if parameter.is_optional
        and not any(kind is str or get_origin(kind) is list for kind in parameter.args)
    )
