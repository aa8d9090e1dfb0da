"""Lays out the plots in time: which scene of an interest or a deal comes how many days after it was asked."""

from collections.abc import Iterator, Set

from market.demo.asking import Asking, register_managers
from market.demo.dealing import Dealing
from market.demo.plots import PLOTS, End, Plot
from market.demo.stage import Play, Scene


def scenes(shown: Set[str]) -> list[Scene]:
    """Everything between companies, owners and technology managers about the listings of these keys."""
    told = [scene for plot in PLOTS if plot.listing in shown for scene in _scenes(plot)]
    return [Scene(250.0, register_managers), *told]


def _scenes(plot: Plot) -> Iterator[Scene]:
    for days, play in _story(plot):
        yield Scene(plot.begun - days, play)


def _story(plot: Plot) -> Iterator[tuple[float, Play]]:
    """Each scene with the days since the company asked."""
    asking, end = Asking(plot), plot.end
    yield 0, asking.ask
    if end >= End.SEEN:
        yield 2, asking.acknowledge
    if plot.manager is not None:
        yield 3, asking.assign
    if plot.refused is not None:
        yield 6, asking.refuse
        return
    if end >= End.TALKING:
        yield 6, asking.negotiate
    if end >= End.PROPOSED:
        yield from _deal(plot, Dealing(asking))


def _deal(plot: Plot, dealing: Dealing) -> Iterator[tuple[float, Play]]:
    end = plot.end
    yield 9, dealing.open
    if end >= End.GATING:
        yield 11, dealing.write_terms
        yield 12, dealing.announce
    if plot.agreement is not None and plot.agreement.cancelled:
        yield 15, dealing.cancel
        return
    if end >= End.CLEARED:
        yield 14, dealing.agree
        yield 36, dealing.clear
    if end >= End.CONTRACTED:
        yield 38, dealing.record
    if end >= End.PERFORMING:
        yield 41, dealing.confirm
        yield 42, dealing.register
        yield 51, dealing.pay
    if end >= End.COMPLETED:
        yield 70, dealing.complete
