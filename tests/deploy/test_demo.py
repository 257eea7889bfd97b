"""The demo says what to do about data of an older version."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.browser.conftest import free_ports

EXAMPLE = Path(__file__).parents[2] / "example_project"


def test_data_of_an_older_version_is_recognized(tmp_path: Path) -> None:
    environment = {**os.environ, "SHOP_DATA_DIR": str(tmp_path)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/shop.sqlite3"
    port, sandbox_port = free_ports(2)
    environment |= {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port)}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=EXAMPLE, env=environment, check=True)
    with sqlite3.connect(tmp_path / "shop.sqlite3") as database:
        database.execute("ALTER TABLE stripe_cart_order DROP COLUMN held_for")

    demo = subprocess.run(
        [*manage, "demo", "--check"],
        cwd=EXAMPLE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert demo.returncode != 0
    assert "was made by an older version" in demo.stderr
    assert "stripe_cart_order" in demo.stderr
