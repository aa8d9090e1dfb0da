"""Makes pack files for the tests of rule packs."""

from pathlib import Path
from typing import Any

from market.rules.packs import FOLDER, Library

HEAD: dict[str, Any] = {
    "id": "CN-GD",
    "jurisdiction": "广东省",
    "level": "local",
    "extends": "CN",
    "regions": ["44"],
    "title": {"zh-Hans": "广东省规则", "en": "Rules of Guangdong"},
}
VALUE: dict[str, Any] = {
    "rule": "PR-3",
    "name": "price_publicity",
    "value": 20,
    "unit": "days",
    "source": "示例条例",
    "article": "第1条",
    "from": "2020-01-01",
    "confirmed": True,
}


def a_value(**fields: Any) -> dict[str, Any]:
    """A sound value with some fields changed; None takes one away."""
    return {name: value for name, value in (VALUE | fields).items() if value is not None}


def _toml(value: Any, name: str = "") -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int):
        return str(value)
    return value if name in ("from", "to") else f'"{value}"'


def pack_text(*values: dict[str, Any], **head: Any) -> str:
    """The file of a pack with these values."""
    given = {name: value for name, value in (HEAD | head).items() if value is not None}
    title = given.pop("title")
    lines = [f"{name} = {_toml(value)}" for name, value in given.items()]
    lines += ["[title]", *(f'{language} = "{text}"' for language, text in title.items())]
    for value in values or (VALUE,):
        lines += ["[[values]]", *(f"{name} = {_toml(one, name)}" for name, one in value.items())]
    return "\n".join(lines) + "\n"


def library_with(folder: Path, **files: str) -> Library:
    """The packs of the hall and further ones, each a file in a folder of its own."""
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return Library.of(FOLDER, folder)
