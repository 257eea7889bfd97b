"""What ``deploy/`` runs before each start, as it stands there; its containers are not run here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.database

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

LOOK = """
from django.core.wsgi import get_wsgi_application
from django.test import Client

get_wsgi_application()
for address in ("/", "/accounts/login/", "/shop/cart/", "/admin/login/", "/favicon.ico"):
    print(address, Client(headers={"host": "shop.example"}).get(address).status_code)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of the image and of ``example.env``, filled in."""
    image = dict(re.findall(r"(DEBUG|DJANGO_SETTINGS_MODULE)=([\w.]+)", read("Dockerfile")))
    env = dict(re.findall(r"(?m)^(\w+)=(.*)$", read("example.env")))
    filled_in = {
        "SECRET_KEY": "a-secret",
        "STRIPE_CART_SECRET_KEY": "sk_test_1",
        "STRIPE_CART_WEBHOOK_SECRET": "whsec_1",
        "ALLOWED_HOSTS": "shop.example",
        "SHOP_DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/shop.sqlite3",
    }
    assert image["DEBUG"] == "false"
    assert env.keys() - filled_in.keys() <= {
        "DATABASE_PASSWORD",
        "BEHIND_TLS",
        "EMAIL_HOST",
        "EMAIL_FROM",
    }
    python = os.path.dirname(sys.executable)
    return {**os.environ, **image, **env, **filled_in, "PATH": f"{python}:{os.environ['PATH']}"}


@pytest.mark.not_on("mysql", "postgresql")
def test_a_fresh_deployment_is_prepared_and_answers(environment: dict[str, str]) -> None:
    (prepare,) = re.findall(r'command: sh -c "(.*migrate.*)"', read("compose.yaml"))

    run(["sh", "-ec", prepare], environment)
    said = run([sys.executable, "-c", LOOK], environment)
    checked = run([sys.executable, "manage.py", "check", "--fail-level", "ERROR"], environment)

    assert said.splitlines() == [
        "/ 200",
        "/accounts/login/ 200",
        "/shop/cart/ 302",
        "/admin/login/ 200",
        "/favicon.ico 302",
    ]
    assert "no issues" in checked


def read(name: str) -> str:
    return (DEPLOY / name).read_text()


def run(command: list[str], environment: dict[str, str]) -> str:
    place = ROOT / "example_project"
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
