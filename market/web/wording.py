"""How a field or a parameter that is wrong is told, in both languages; it knows types of errors, and no feature."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request

# Pydantic's error types that a user meets most. In English only those whose own words speak of Python.
FIELD_MESSAGES_EN: Mapping[str, str] = {
    "extra_forbidden": "there is no such field: check its spelling",
    "dict_type": "give a JSON object",
    "model_type": "give a JSON object",
    "model_attributes_type": "give a JSON object",
    "list_type": "give a JSON array",
    "union_tag_invalid": "the values are {expected_tags}",
    "union_tag_not_found": "say of which kind it is",
    "too_short": "give at least {min_length}",
    "too_long": "give at most {max_length}",
}
FIELD_MESSAGES_ZH: Mapping[str, str] = {
    "missing": "缺少此字段",
    "extra_forbidden": "没有这个字段，请检查拼写",
    "string_too_short": "至少需要 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_type": "应为文本",
    "string_pattern_mismatch": "格式不正确",
    "too_short": "至少需要 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "enum": "应为以下之一：{expected}",
    "literal_error": "应为以下之一：{expected}",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "dict_type": "应为 JSON 对象",
    "model_type": "应为 JSON 对象",
    "list_type": "应为 JSON 数组",
    "model_attributes_type": "应为 JSON 对象",
    "date_from_datetime_parsing": "日期格式应为 2026-01-31",
    "datetime_from_date_parsing": "时间格式应为 RFC 3339",
    "decimal_parsing": '金额应为十进制字符串，例如 "1200.00"',
    "uuid_parsing": "应为 UUID",
    "union_tag_invalid": "kind 应为以下之一：{expected_tags}",
    "union_tag_not_found": "缺少 kind",
    "value_error": "{error}",
}

# What the framework says of a parameter: a pattern, then what is told in English and in Chinese.
_PARAMETERS: Sequence[tuple[re.Pattern[str], str, str]] = [
    (re.compile(r"Invalid enum value"), "the values are {words}", "应为以下之一：{words}"),
    (re.compile(r"Expected `\w+` >= (?P<end>[\d.]+)"), "at least {end}", "不得小于 {end}"),
    (re.compile(r"Expected `\w+` <= (?P<end>[\d.]+)"), "at most {end}", "不得大于 {end}"),
    (re.compile(r"Expected `int(?: \| null)?`"), "give a whole number", "应为整数"),
    (re.compile(r"Expected `float(?: \| null)?`"), "give a number", "应为数字"),
    (re.compile(r"Expected `bool(?: \| null)?`"), "give true or false", "应为 true 或 false"),
    (re.compile(r"RFC3339 encoded date$"), "give a day, such as 2026-01-31", "日期格式应为 2026-01-31"),
    (
        re.compile(r"Expected `date(?: \| null)?`"),
        "give a day, such as 2026-01-31",
        "日期格式应为 2026-01-31",
    ),
    (re.compile(r"Invalid UUID|Expected `uuid"), "give an id, which is a UUID", "应为 UUID"),
]
_UNNAMED = "Value"
"""What pydantic calls neither a list nor a set: a text that it keeps secret."""


def speaks_chinese(request: Request[Any, Any, Any]) -> bool:
    """Whether Accept-Language asks for Chinese before English."""
    accepted = request.headers.get("accept-language", "")
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")):
        tag, _, quality = part.replace(" ", "").partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if weight > 0:
            ranked.append((-weight, place, tag.lower().partition("-")[0]))
    languages = [tag for _, _, tag in sorted(ranked)]
    return next((tag == "zh" for tag in languages if tag in ("zh", "en")), False)


def of_field(error: Mapping[str, Any], *, chinese: bool) -> str:
    """One error of pydantic's."""
    known = (FIELD_MESSAGES_ZH if chinese else FIELD_MESSAGES_EN).get(error["type"])
    context = {name: str(value) for name, value in (error.get("ctx") or {}).items()}
    if known and error["type"] in ("too_short", "too_long"):
        unit = ("个字符" if chinese else "characters") if context.get("field_type") == _UNNAMED else None
        known = known.replace("项", unit) if chinese and unit else known
        known = f"{known} {unit or 'items'}" if not chinese else known
    if known is None:
        return str(error["msg"]).removeprefix("Value error, ")
    try:
        return known.format(**context)
    except KeyError:
        return known


def of_parameter(message: str, words: Sequence[str], *, chinese: bool) -> str:
    """What the framework says of one parameter, whose closed list of words is `words` if it has one."""
    for pattern, english, zh in _PARAMETERS:
        if found := pattern.search(message):
            told = zh if chinese else english
            return told.format(words=", ".join(words) or "other ones", **found.groupdict())
    return message


def give_it(*, chinese: bool) -> str:
    """Of a parameter that has to be there."""
    return "缺少此参数" if chinese else "give this parameter"


def send_a_body(*, chinese: bool) -> str:
    """Where a body is read and none was sent."""
    return "请求正文应为 JSON 对象" if chinese else "send a JSON object as the body"


def no_parameters(*, chinese: bool) -> str:
    return "此地址没有参数" if chinese else "this address takes no parameters"


def twice(*, chinese: bool) -> str:
    return "只能给出一次" if chinese else "give this once"


def no_null(*, chinese: bool) -> str:
    return "null 不是值：请省略此参数" if chinese else "null is no value: leave the parameter out"


def unknown_parameter(near: str | None, known: Sequence[str], *, chinese: bool) -> str:
    """Of one that the address does not declare; `near` is spelled like it."""
    if near is not None:
        told = "没有这个参数：是否为 {}？" if chinese else "there is no such parameter here: did you mean {}?"
        return told.format(near)
    told = (
        "没有这个参数；可用参数：{}"
        if chinese
        else "there is no such parameter here; those that there are: {}"
    )
    return told.format(", ".join(known))
