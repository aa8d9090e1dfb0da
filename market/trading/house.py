"""What the hall brings to every round: the vault of its reserve prices, its licence and its periods; no database."""

from dataclasses import dataclass

from market.settings import Settings
from market.trading.planning import Periods
from market.trading.vault import Vault


@dataclass(frozen=True)
class House:
    vault: Vault
    periods: Periods = Periods.LEGAL
    auction_licence: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> "House":
        return cls(
            Vault(settings.secret_key.get_secret_value()),
            Periods(settings.round_periods),
            settings.auction_licence,
        )
