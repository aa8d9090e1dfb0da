"""How often what is tried at random is tried: a tenth in every run of the suite, all of it in `make deep`."""

import os

DEEP = os.environ.get("MARKET_TEST_DEEP") == "1"


def examples(full: int) -> int:
    """How many of the full number this run tries."""
    return full if DEEP else full // 10
