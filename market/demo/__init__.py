"""The demo market: listings made from public data, invented organisations and people, and a year of their trade."""

from market.demo.cast import ACCOUNTS, PASSWORD
from market.demo.seed import seed

__all__ = ["ACCOUNTS", "PASSWORD", "seed"]
