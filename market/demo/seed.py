"""Loads the demo market once, in one transaction: a load that is cut off leaves nothing, and the next begins anew."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import select

from market.database import Database, now
from market.demo import contesting, issues, selling, trade
from market.demo.cast import OPERATOR
from market.demo.library import pieces
from market.demo.stage import Scene, Stage, raise_curtain, scenes_of
from market.identity.queries import person_by_email
from market.progress import Progress

_LOCK = 7_239_042  # any number: of two loads at once, the second waits and finds the demo there


async def seed(database: Database, progress: Progress) -> bool:
    """Load the demo market; False, and nothing is changed, where it is there already."""
    async with database.sessions() as session, session.begin():
        await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        if await person_by_email(session, OPERATOR):
            return False
        stage = Stage(session, await now(session))
        await raise_curtain(stage)
        scenes = script(stage.loaded_at)
        for done, scene in enumerate(scenes):
            if done % 50 == 0:
                progress(done, len(scenes))
            stage.go_to(scene.days)
            await scene.play(stage)
        progress(len(scenes), len(scenes))
    return True


def script(loaded_at: datetime) -> list[Scene]:
    """Everything that happened, in the order of time; scenes of one instant stay in theirs."""
    shown = pieces(loaded_at)
    found = [scene for piece in shown for scene in scenes_of(piece)]
    keys = {piece.key for piece in shown}
    found += [*trade.scenes(keys), *selling.scenes(keys), *contesting.scenes(keys), *issues.scenes()]
    return sorted(found, key=lambda scene: -scene.days)
