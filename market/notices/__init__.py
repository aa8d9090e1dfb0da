"""Publicity notices (公示) and the objections against them."""
