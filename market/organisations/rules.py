"""What makes an identifier valid, and which names the eye would confuse; knows no database."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

from schemas.organisations import Identifier
from schemas.vocabulary import Language
from search.folding import fold

CheckResult = Literal["passed", "failed"]

ROR = re.compile(r"(?:https://ror\.org/)?(0[a-hj-km-np-tv-z0-9]{6}[0-9]{2})")
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"

_ALPHABETS = frozenset({"LATIN", "GREEK", "CYRILLIC"})
# Letters of the other two alphabets, each over the Latin letter that it is drawn like; small and capital differ.
_DRAWN_LIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԚԜаеѕіјорсухԁԛԝһѵӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγικνορτυχϲϳ",
    "ABESIJKMHOPCTYXQWaesijopcyxdqwhvlABEZHIKMNOPTYXayiKvopTuxcj",
)
_DRAWN_ALIKE = str.maketrans("01i", "oll")


def normal_form(identifier: Identifier) -> tuple[str, CheckResult]:
    """The identifier as stored and whether its check digits pass. Raises ValueError with a sentence for the user.

    A 统一社会信用代码 with a wrong check digit is kept as `failed`, not refused: some early pilot codes are valid in
    law but fail it. One whose characters or length are wrong is refused, as is one that a spreadsheet has cut to 15
    digits (GB 32100-2015).
    """
    if identifier.scheme == "ror":
        return _ror(identifier.value)
    value = unicodedata.normalize("NFKC", identifier.value).replace(" ", "").replace("-", "").upper()
    if len(value) == 18 and value.isdigit() and value.endswith("000"):
        raise ValueError(
            "a spreadsheet seems to have cut this code to 15 digits: enter all 18 characters as text"
        )
    try:
        uscc.validate(value)
    except InvalidChecksum:
        return value, "failed"
    except ValidationError:
        raise ValueError(
            "a 统一社会信用代码 has 18 characters: digits and capital letters without I, O, S, V, Z"
        ) from None
    return value, "passed"


def _ror(value: str) -> tuple[str, CheckResult]:
    """ROR ids end in two check digits, ISO/IEC 7064 MOD 97-10 over Crockford base 32."""
    found = ROR.fullmatch(value.strip().lower())
    if found is None:
        raise ValueError("a ROR id looks like https://ror.org/03cve4549")
    bare = found.group(1)
    number = 0
    for character in bare[:-2]:
        number = number * 32 + _CROCKFORD.index(character)
    if 98 - (number * 100) % 97 != int(bare[-2:]):
        raise ValueError("the check digits of this ROR id are wrong")
    return f"https://ror.org/{bare}", "passed"


def name_keys(name: Mapping[Language, str]) -> list[str]:
    """Each name as the eye sees it, simplified and without case, accents, blanks and signs: equal keys look alike."""
    return sorted({_key(text) for text in name.values()} - {""})


def _key(text: str) -> str:
    drawn = fold(unicodedata.normalize("NFKC", text).translate(_DRAWN_LIKE))
    return "".join(letter for letter in drawn if letter.isalnum()).translate(_DRAWN_ALIKE).replace("rn", "m")


def mixed_word(text: str) -> str | None:
    """The first word that mixes alphabets, as no honest name does but a forged one may, or None."""
    words: list[str] = re.findall(r"[^\W\d_]+", text)
    for word in words:
        used = {unicodedata.name(letter, "").split(" ")[0] for letter in word}
        if len(used & _ALPHABETS) > 1:
            return word
    return None
