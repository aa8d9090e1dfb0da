"""Boxes whose content nobody reads before their opening: a key made for one subject, its parts held by opening officers."""
