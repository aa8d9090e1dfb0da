"""Runs a `market` command in this process, as its entry point does."""

import os
import sys
from collections.abc import Callable

import pytest

from market import cli


def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **settings: str
) -> Callable[..., tuple[int, str, str]]:
    """A function that runs `market ARGUMENTS` under these settings alone: exit code, output, errors."""
    for name in [name for name in os.environ if name.startswith("MARKET_")]:
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["market", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run
