"""Hashes and checks passwords with argon2id, two at a time and off the event loop."""

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's minimum for argon2id
_DUMMY = _HASHER.hash("nobody has this password")
_at_once: RunVar[anyio.CapacityLimiter] = RunVar("password hashes at once")


def _limiter() -> anyio.CapacityLimiter:
    """One limiter per event loop: a hash takes 19 MiB and a core."""
    try:
        return _at_once.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(2)
        _at_once.set(limiter)
        return limiter


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
