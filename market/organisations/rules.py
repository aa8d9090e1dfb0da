"""What makes an identifier valid, and what each verification level asks for; knows no database."""

import re
from typing import Literal

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

from schemas.organisations import Identifier

CheckResult = Literal["passed", "failed"]

ROR = re.compile(r"^(?:https://ror\.org/)?(0[a-hj-km-np-tv-z0-9]{6}\d{2})$")
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def normal_form(identifier: Identifier) -> tuple[str, CheckResult]:
    """The identifier as stored and whether its check digits pass. Raises ValueError with a sentence for the user.

    A 统一社会信用代码 with a wrong check digit is kept as `failed`, not refused: some early pilot codes are valid in
    law but fail it. One whose characters or length are wrong is refused, as is one that a spreadsheet has cut to 15
    digits (GB 32100-2015).
    """
    if identifier.scheme == "ror":
        return _ror(identifier.value)
    value = identifier.value.replace(" ", "").replace("-", "").upper()
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
    found = ROR.match(value.strip().lower())
    if found is None:
        raise ValueError("a ROR id looks like https://ror.org/03cve4549")
    bare = found.group(1)
    number = 0
    for character in bare[:-2]:
        number = number * 32 + _CROCKFORD.index(character)
    if 98 - (number * 100) % 97 != int(bare[-2:]):
        raise ValueError("the check digits of this ROR id are wrong")
    return f"https://ror.org/{bare}", "passed"
