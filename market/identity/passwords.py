"""Hashes and checks passwords with argon2id, two at a time and off the event loop."""

import anyio
import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's minimum for argon2id
_DUMMY = _HASHER.hash("nobody has this password")
_limiters: dict[int, anyio.CapacityLimiter] = {}


def _limiter() -> anyio.CapacityLimiter:
    """One limiter per event loop: a hash takes 19 MiB and a core."""
    token = id(anyio.lowlevel.current_token())
    return _limiters.setdefault(token, anyio.CapacityLimiter(2))


async def hash_password(password: str) -> str:
    return await anyio.to_thread.run_sync(_HASHER.hash, password, limiter=_limiter())


async def password_fits(stored: str | None, password: str) -> bool:
    """Whether it fits; for an unknown account (None) the same time passes as for a known one."""

    def check() -> bool:
        try:
            return _HASHER.verify(stored or _DUMMY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    return await anyio.to_thread.run_sync(check, limiter=_limiter())
