"""The compose files of ``deploy/``, as Docker merges them; no container is run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dj_database_url
import pytest
import yaml
from django.urls import reverse

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SHOP = ("web", "prepare", "sync")
# ${NAME}, ${NAME:-default} or ${NAME:?why it is needed}
VARIABLE = re.compile(r"\$\{(\w+)(?::?[-?][^}]*)?\}")


GONE = object()
# Of all lists, compose lets a later file replace these.
COMMANDS = ("command", "entrypoint", "test")


@dataclass
class Instead:
    """What takes the place of the value below it, and does not join it."""

    value: Any


class Loader(yaml.SafeLoader):
    """YAML with the two tags of compose."""

    def override(self, node: yaml.Node) -> Instead:
        if isinstance(node, yaml.MappingNode):
            return Instead(self.construct_mapping(node, deep=True))
        return Instead(self.construct_sequence(node, deep=True))


Loader.add_constructor("!override", Loader.override)
Loader.add_constructor("!reset", lambda _loader, _node: Instead(GONE))


def load(*names: str) -> Any:
    merged: Any = {}
    for name in names:
        merged = merge(merged, yaml.load((DEPLOY / name).read_text(), Loader))
    return merged


def merge(below: Any, above: Any, *, key: str = "") -> Any:
    match below, above:
        case _, Instead(value):
            return value
        case dict(), dict():
            both = {**below, **{k: merge(below.get(k), above[k], key=k) for k in above}}
            return {k: value for k, value in both.items() if value is not GONE}
        case list(), list() if key not in COMMANDS:
            return [*below, *above]
    return above


COMPOSED = {
    "mariadb": load("compose.yaml"),
    "postgres": load("compose.yaml", "compose.postgres.yaml"),
}


@pytest.fixture(params=COMPOSED)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def services(database: str) -> dict[str, Any]:
    found: dict[str, Any] = COMPOSED[database]["services"]
    return found


def test_all_that_a_shop_needs_is_there(services: dict[str, Any]) -> None:
    assert services.keys() == {*SHOP, "nginx", "database", "stripe-cli"}
    assert services["stripe-cli"]["profiles"] == ["stripe-cli"]  # not without being asked for
    # What faces the world is nginx alone.
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]


def test_web_prepare_and_sync_are_one_image_and_one_configuration(services: dict[str, Any]) -> None:
    for key in ("image", "env_file", "environment", "volumes"):
        first, *others = [services[name][key] for name in SHOP]
        assert others == [first, first], key


def test_the_sync_runs_again_and_again(services: dict[str, Any]) -> None:
    sync = services["sync"]

    assert re.search(
        r"while true; do python manage\.py stripe_cart_sync; sleep \d+ ", sync["command"]
    )
    # The shell's "$!": a single dollar would be one of compose's own.
    assert "wait $$!" in sync["command"]
    assert sync["restart"] == "unless-stopped"
    assert sync["init"] is True


def test_each_service_starts_after_its_dependencies(services: dict[str, Any]) -> None:
    waits = {
        (name, needed): wait["condition"]
        for name, service in services.items()
        if isinstance(service.get("depends_on"), dict)
        for needed, wait in service["depends_on"].items()
    }

    assert waits == {
        ("prepare", "database"): "service_healthy",
        ("web", "prepare"): "service_completed_successfully",
        ("sync", "prepare"): "service_completed_successfully",
        ("nginx", "web"): "service_healthy",
    }
    for (_, needed), condition in waits.items():
        if condition == "service_healthy":
            assert services[needed]["healthcheck"]["test"][0] == "CMD"
            assert services[needed]["healthcheck"]["interval"]
        else:
            assert services[needed]["restart"] == "no"  # or it would never be complete


def test_health_is_asked_of_the_program_that_runs(services: dict[str, Any], database: str) -> None:
    ask = {"mariadb": "healthcheck.sh", "postgres": "pg_isready"}[database]

    assert services["database"]["image"].startswith(f"{database}:")
    assert services["database"]["healthcheck"]["test"][1] == ask
    assert "8000" in services["web"]["healthcheck"]["test"][-1]
    assert services["web"]["expose"] == ["8000"]
    assert '"0.0.0.0:8000"' in (DEPLOY / "Dockerfile").read_text()
    assert "server web:8000 " in (DEPLOY / "nginx/shop.conf").read_text()


def test_the_shop_looks_for_the_database_that_is_made(
    services: dict[str, Any], database: str
) -> None:
    made = services["database"]["environment"]
    prefix = {"mariadb": "MARIADB_", "postgres": "POSTGRES_"}[database]
    url = services["web"]["environment"]["DATABASE_URL"]
    password = VARIABLE.search(url)

    found = dj_database_url.parse(VARIABLE.sub("secret", url))

    assert password is not None
    assert made[prefix + "PASSWORD"] == password[0]
    assert found["PASSWORD"] == "secret"
    assert found["HOST"] == "database"
    assert found["PORT"] == {"mariadb": 3306, "postgres": 5432}[database]
    assert found["USER"] == made[prefix + "USER"]
    assert found["NAME"] == made[prefix + ("DATABASE" if database == "mariadb" else "DB")]
    assert found["ENGINE"].endswith({"mariadb": "mysql", "postgres": "postgresql"}[database])
    assert all(name.startswith(prefix) for name in made)
    # An option of one server is a mistake to the other.
    assert ("command" in services["database"]) == (database == "mariadb")


def test_every_environment_variable_is_read(services: dict[str, Any]) -> None:
    settings = (ROOT / "example_project/shop/settings.py").read_text()
    read = set(re.findall(r'environ(?:\.get\(|\[)"(\w+)"', settings))
    composed = set(VARIABLE.findall((DEPLOY / "compose.yaml").read_text()))
    example = set(re.findall(r"(?m)^(\w+)=", (DEPLOY / "example.env").read_text()))
    image = (DEPLOY / "Dockerfile").read_text()
    of_the_image = set(re.findall(r"(?m)^(?:ENV| {4}) ?(\w+)=", image))

    assert example - read - composed == set()
    assert composed - example == {"PORT"}
    assert services["web"]["environment"].keys() <= read
    assert of_the_image - read == {"PATH", "PYTHONUNBUFFERED", "DJANGO_SETTINGS_MODULE"}


def test_what_is_mounted_is_there(database: str) -> None:
    composed = COMPOSED[database]
    mounted = [
        volume.split(":")
        for service in composed["services"].values()
        for volume in service.get("volumes", ())
    ]

    named = {source for source, *_ in mounted if not source.startswith(".")}
    assert named <= composed["volumes"].keys()
    for source, *_ in mounted:
        assert not source.startswith(".") or (DEPLOY / source).is_file()
    assert ["data", "/data", "ro"] in mounted  # nginx serves files, and changes none
    assert len([target for _, target, *_ in mounted if "/var/lib/" in target]) == 1


def test_what_is_built_and_read_is_there(services: dict[str, Any]) -> None:
    for name in ("web", "prepare"):
        build = services[name]["build"]
        context = (DEPLOY / build["context"]).resolve()
        assert context == ROOT.resolve()
        assert (context / build["dockerfile"]).is_file()
    assert {service.get("env_file", ".env") for service in services.values()} == {".env"}


def test_stripes_cli_forwards_webhooks_to_the_examples_url(services: dict[str, Any]) -> None:
    address = f"http://nginx{reverse('stripe_cart_webhook', urlconf='tests.urls')}"

    assert address in services["stripe-cli"]["command"].split()
