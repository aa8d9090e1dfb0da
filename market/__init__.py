"""The marketplace application: one folder per feature, and the few pieces that every feature stands on."""

__version__ = "0.1.0"
