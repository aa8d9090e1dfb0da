"""Every error that the application raises on purpose; each knows its HTTP status and its problem type.

    MarketError 500
    ├── MalformedBody 400, KeyRequired 400
    ├── Unauthenticated 401 ── SignInFailed
    ├── NotAllowed 403 ── CrossSiteRequest, MayNotBid, NotQualified
    ├── NotFound 404
    ├── MethodNotAllowed 405
    ├── Conflict 409 ── WrongState, AlreadyExists, RequestInFlight, SecretShownOnce, BiddingNotOpen, BidTooLow
    ├── Gone 410 ── ListingPaused, ListingWithdrawn, ListingArchived
    ├── PreconditionFailed 412
    ├── TooLarge 413
    ├── UnsupportedMediaType 415
    ├── Invalid 422 ── Incomplete, KeyReused
    ├── IfMatchRequired 428
    ├── TooManyRequests 429
    └── Unavailable 503 ── NotDurable

The docstring is the RFC 9457 title in English and `title_zh` is the same in Chinese; the slug, made from the class
name, is the last part of the problem's `type` and names a page that explains it. Nothing here knows HTTP beyond
the status number.
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from schemas.values import FieldProblem


class MarketError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    title_zh: ClassVar[str] = "系统错误"
    remedy: ClassVar[str] = ""

    def __init__(
        self, detail: str = "", *, errors: Sequence[FieldProblem] = (), retry_after: int | None = None
    ):
        super().__init__(detail or self.title_en())
        self.detail = detail or self.title_en()
        self.errors = list(errors)
        self.retry_after = retry_after

    @classmethod
    def slug(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def title_en(cls) -> str:
        return (cls.__doc__ or "").strip().rstrip(".")


class Unauthenticated(MarketError):
    """Sign in first."""

    status = 401
    title_zh = "请先登录"
    remedy = "Open a session with POST /api/v1/sessions, or send a valid API key as Authorization: Bearer."


class SignInFailed(Unauthenticated):
    """The e-mail address and password do not fit together."""

    title_zh = "邮箱或密码不正确"
    remedy = "Check both. The answer is the same for an address that is not registered."


class NotAllowed(MarketError):
    """Your role may not do this."""

    status = 403
    title_zh = "您的角色无权执行此操作"
    remedy = "Ask someone of your organisation who holds the role that the detail names."


class CrossSiteRequest(NotAllowed):
    """A change with a session cookie must come from this site."""

    title_zh = "带会话 Cookie 的更改必须来自本站"
    remedy = "Send the token as Authorization: Bearer instead of the cookie."


class MayNotBid(NotAllowed):
    """Whoever is on the seller's or the platform's side may not bid."""

    title_zh = "与转让方或平台有关联者不得参与竞买"
    remedy = "Each entry of errors names the rule and the relation that it forbids."


class NotQualified(NotAllowed):
    """Only a qualified bidder whose deposit is held may bid."""

    title_zh = "须取得竞买资格并缴纳保证金后方可出价"
    remedy = "Register for the round, pay its deposit and wait for the seller's decision before the bidding begins."


class NotFound(MarketError):
    """There is nothing here for you."""

    status = 404
    title_zh = "未找到"
    remedy = "The address is wrong, or the thing is not visible to you."


class Gone(MarketError):
    """It was here and is not any more."""

    status = 410
    title_zh = "内容已不再提供"


class ListingPaused(Gone):
    """The owner has paused this listing."""

    title_zh = "发布方已暂停此项发布"
    remedy = "It may come back at the same address."


class ListingWithdrawn(Gone):
    """This listing was withdrawn."""

    title_zh = "此项发布已撤回"
    remedy = "Its versions stay in the record."


class ListingArchived(Gone):
    """This listing was archived because nobody confirmed it."""

    title_zh = "此项发布因长期未确认已归档"
    remedy = "Its owner can confirm it to bring it back."


class Conflict(MarketError):
    """It cannot be done as things stand."""

    status = 409
    title_zh = "当前状态下无法执行"


class WrongState(Conflict):
    """The state it is in does not allow this."""

    title_zh = "当前状态不允许此操作"
    remedy = "Read it again; the detail names the state it is in and the states from which this is possible."


class AlreadyExists(Conflict):
    """It exists already."""

    title_zh = "已存在"


class RequestInFlight(Conflict):
    """The same request is being carried out now."""

    title_zh = "相同的请求正在处理"
    remedy = "Wait for the first one and repeat with the same Idempotency-Key."


class SecretShownOnce(Conflict):
    """This request was carried out, and its answer held a secret that is shown once."""

    title_zh = "请求已执行，密钥只显示一次"
    remedy = "Revoke what was made and make another with a new Idempotency-Key."


class BiddingNotOpen(Conflict):
    """No bid is taken now."""

    title_zh = "当前不接受出价"
    remedy = "The detail says when the bidding begins, or when it ended by the server's clock."


class BidTooLow(Conflict):
    """The bid is lower than what is asked for now."""

    title_zh = "出价低于当前要求"
    remedy = "The detail names the least amount at this moment."


class PreconditionFailed(MarketError):
    """It has changed since you read it."""

    status = 412
    title_zh = "内容已被他人更改"
    remedy = "Read it again and repeat the change with the new ETag in If-Match."


class IfMatchRequired(MarketError):
    """A change must say which version it changes."""

    status = 428
    title_zh = "更改须注明所依据的版本"
    remedy = "Send the ETag that you read in an If-Match header."


class MalformedBody(MarketError):
    """The request cannot be read."""

    status = 400
    title_zh = "请求无法解析"


class KeyRequired(MarketError):
    """This request needs an Idempotency-Key."""

    status = 400
    title_zh = "此请求必须带 Idempotency-Key"
    remedy = "Send a new random Idempotency-Key of up to 128 characters, and the same one when you repeat the request."


class Invalid(MarketError):
    """Some fields are not valid."""

    status = 422
    title_zh = "部分字段无效"
    remedy = "Each entry of errors names a field by JSON Pointer and says what is wrong with it."
    found: tuple[Sequence[Any], Any] | None = None
    """What pydantic found in which input, where the errors come from it: to be said again in another language."""


class Incomplete(Invalid):
    """Something is still missing."""

    title_zh = "内容尚不完整"
    remedy = "Each entry of errors names what is missing and, where the law asks for it, the rule."


class KeyReused(Invalid):
    """This Idempotency-Key was used for another request."""

    title_zh = "该 Idempotency-Key 已用于其他请求"
    remedy = "Use a new key for a new request."


class TooManyRequests(MarketError):
    """Too many attempts."""

    status = 429
    title_zh = "尝试次数过多"
    remedy = "Wait for the seconds in Retry-After."


class Unavailable(MarketError):
    """A part of the service does not answer now."""

    status = 503
    title_zh = "服务暂时不可用"
    remedy = "Nothing was changed. Repeat in a moment, with the same Idempotency-Key."


class NotDurable(Unavailable):
    """No round is held on a database that may lose what it confirms."""

    title_zh = "数据库可能丢失已确认的数据，不举行竞价"
    remedy = "The operator turns the settings on that the detail names; `market doctor` lists them."


class MethodNotAllowed(MarketError):
    """This address does not take that method."""

    status = 405
    title_zh = "不支持该方法"


class TooLarge(MarketError):
    """The request is larger than allowed."""

    status = 413
    title_zh = "请求过大"


class UnsupportedMediaType(MarketError):
    """The body is not of a kind that is read here."""

    status = 415
    title_zh = "不支持该请求体类型"
    remedy = "Send JSON in UTF-8 with Content-Type: application/json."


def every_error() -> list[type[MarketError]]:
    """Every error class, the base included, in the order of the tree."""
    found: list[type[MarketError]] = []
    waiting: list[type[MarketError]] = [MarketError]
    while waiting:
        error = waiting.pop(0)
        found.append(error)
        waiting.extend(error.__subclasses__())
    return found
