"""What everybody reads of a box and its officers, and what an officer reads of their own share."""

import base64

from sqlalchemy.ext.asyncio import AsyncSession

from market.sealing import queries
from market.sealing.envelope import SUITE
from market.sealing.tables import Box, OpeningKey, Share
from schemas.sealing import OfficerView, OpeningKeyView, OpeningView, ShareView


def base64_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def key_view(row: OpeningKey) -> OpeningKeyView:
    return OpeningKeyView(public_key=base64_of(row.public_key), registered_at=row.registered_at)


async def opening_view(session: AsyncSession, box: Box) -> OpeningView:
    """A box as everybody sees it: which shares are in, and the private key once it was opened."""
    held = await queries.shares(session, box)
    places = await queries.places(session, [person.id for _, person in held])
    return OpeningView(
        subject=box.subject_id,
        purpose=box.purpose,
        suite=SUITE,
        public_key=base64_of(box.public_key),
        blob_bytes=box.blob_bytes,
        threshold=box.threshold,
        officers=[
            OfficerView(
                person_id=person.id,
                name=person.name,
                places=places[person.id],
                public_key=base64_of(share.sealed_to),
                handed_in_at=share.handed_in_at,
            )
            for share, person in held
        ],
        opened_at=box.opened_at,
        private_key=base64_of(box.private_key) if box.private_key else None,
    )


def share_view(box: Box, share: Share) -> ShareView:
    """An officer's own share, still encrypted to them."""
    return ShareView(
        subject=box.subject_id,
        officer=share.person_id,
        box=base64_of(box.public_key),
        sealed_to=base64_of(share.sealed_to),
        sealed=base64_of(share.sealed),
    )
