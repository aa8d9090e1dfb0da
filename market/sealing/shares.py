"""Splits a private key among people, any k of whom can put it together again; no database.

A share is 33 words of SLIP-39, which can be written down, with a checksum against slips of the pen. Fewer than k shares
say nothing at all of the key (Shamir's secret sharing).
"""

from collections.abc import Iterable

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics

from market.ledger.rules import sha256

# The key is random: there is no passphrase, and nothing is gained by making its derivation slow.
_ITERATION_EXPONENT = 0


def split(private_key: bytes, threshold: int, count: int) -> list[str]:
    """`count` shares, any `threshold` of which give the key; at least two and at most sixteen."""
    shares: list[list[str]] = generate_mnemonics(
        1, [(threshold, count)], private_key, iteration_exponent=_ITERATION_EXPONENT
    )
    return shares[0]


def plain(words: str) -> str:
    """The words of a share as they are compared: small letters, one space between."""
    return " ".join(words.lower().split())


def commitment(words: str) -> bytes:
    """By which a share is known without being known: it holds 256 random bits, which nobody guesses."""
    return sha256(plain(words).encode())


def combine(shares: Iterable[str]) -> bytes | None:
    """The key out of exactly as many shares as it takes; None where they are not shares of one key."""
    try:
        key: bytes = combine_mnemonics(shares)
    except MnemonicError:
        return None
    return key
