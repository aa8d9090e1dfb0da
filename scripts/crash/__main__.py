"""`python -m scripts.crash`: the crash check; with `--control NAME` something is wrong on purpose and must be found."""

import argparse
import asyncio
import logging
from collections import Counter

from scripts.crash.checks import KINDS
from scripts.crash.plan import CONTROLS, SHORT, WHOLE, Plan, control
from scripts.crash.run import Outcome, run

SHOWN = 3
"""Sentences of each kind."""


def main() -> int:
    """0 where nothing is wrong and every figure was reached; of `--controls`, where each was found."""
    logging.disable()  # a killed server is said to be lost often enough
    arguments = _arguments()
    if arguments.controls:
        return _controls()
    if arguments.control:
        return _told(control(arguments.control))
    return _told(SHORT if arguments.short else WHOLE)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.crash", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--short", action="store_true", help="a few kills, as in the test suite")
    what.add_argument("--control", choices=CONTROLS, help="plant this one, which must be found: ends with 1")
    what.add_argument(
        "--controls", action="store_true", help="plant each in turn: ends with 0 where all are found"
    )
    return parser.parse_args()


def _told(plan: Plan) -> int:
    outcome = asyncio.run(run(plan))
    _show(outcome)
    print(outcome.summary(), flush=True)
    return 1 if outcome.found or outcome.short else 0


def _show(outcome: Outcome) -> None:
    shown: Counter[str] = Counter()
    for kind, sentence in outcome.found:
        shown[kind] += 1
        if shown[kind] <= SHOWN:
            print(f"{kind}: {sentence}")
    for kind, times in outcome.counted.items():
        print(f"{kind}: {times} {KINDS[kind]}")
    for name in outcome.short:
        print(f"short: {name} is {getattr(outcome, name)} of {getattr(outcome.plan, name)}")
    print(
        f"{outcome.refused} bids were refused, {outcome.repeated} receipts were asked for again", flush=True
    )


def _controls() -> int:
    missed = []
    for name, kind in CONTROLS.items():
        outcome = asyncio.run(run(control(name)))
        print(f"{name}:", outcome.summary(), flush=True)
        if not outcome.counted[kind]:
            missed.append(f"{name} ({kind})")
    print(f"CONTROLS found={len(CONTROLS) - len(missed)} missed={', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
