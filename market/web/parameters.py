"""What an address may not say in its query, before the framework reads it; it knows no parameter by name."""

from functools import cache
from typing import Any, get_origin

from litestar import Request
from litestar.handlers import BaseRouteHandler

from market.errors import Invalid
from schemas.values import FieldProblem

AnyRequest = Request[Any, Any, Any]


async def refuse_null(request: AnyRequest) -> None:
    """The framework takes the word null for a parameter that was left out, which would then filter nothing."""
    if not request.scope["query_string"]:
        return
    guarded = _without_text(request.route_handler)
    found = [
        name
        for name, value in request.query_params.multi_items()
        if value.lower() == "null" and name in guarded
    ]
    if found:
        detail = "null is no value: leave the parameter out"
        raise Invalid(errors=[FieldProblem(pointer=name, detail=detail) for name in dict.fromkeys(found)])


@cache
def _without_text(handler: BaseRouteHandler) -> frozenset[str]:
    """The optional parameters in which null is not a word like any other."""
    return frozenset(
        name
        for name, parameter in handler.parsed_fn_signature.parameters.items()
        if parameter.is_optional
        and not any(kind is str or get_origin(kind) is list for kind in parameter.args)
    )
