"""Host projects that differ from the example run the whole walk, each in its own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parents[2]
HOSTS = sorted(settings.parent.name for settings in ROOT.glob("tests/hosts/*/settings.py"))
# Hosts with other tables are tested on every database
EVERYWHERE = ["login_wall", "own_product", "own_user", "two_tables"]


def test_there_are_hosts_of_every_kind() -> None:
    assert len(HOSTS) >= 12
    assert set(EVERYWHERE) <= set(HOSTS)


@pytest.mark.parametrize("host", HOSTS if connection.vendor == "sqlite" else EVERYWHERE)
def test_a_host_walks_the_line(host: str) -> None:
    command = [sys.executable, "-W", "error", "-m", "tests.hosts.run", host]
    walk = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert walk.returncode == 0, walk.stdout + walk.stderr
