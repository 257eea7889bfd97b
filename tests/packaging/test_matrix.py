"""What the package promises to run on, CI runs it on: every pair of versions, every database."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]

# A Python, a Django and an SDK, as tox names them: ("py311", "django52", "stripe13").
Cell = tuple[str, ...]


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def promised() -> set[Cell]:
    """All that setup.py allows, and can be: Django 6 needs Python 3.12."""
    setup = read("setup.py")
    pythons = re.findall(r"Python :: (3)\.(\d+)", setup)
    djangos = re.findall(r"Django :: (\d)\.(\d)", setup)
    ((oldest, too_new),) = re.findall(r'"stripe>=(\d+),<(\d+)"', setup)
    return {
        (f"py3{python}", f"django{django}{minor}", f"stripe{stripe}")
        for (_, python), (django, minor) in itertools.product(pythons, djangos)
        for stripe in range(int(oldest), int(too_new))
        if int(django) < 6 or int(python) >= 12
    }


def tox() -> ConfigParser:
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "tox.ini")
    return config


def workflow() -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]
    return jobs


def entries() -> list[dict[str, str]]:
    found: list[dict[str, str]] = workflow()["matrix"]["strategy"]["matrix"]["include"]
    return found


def cells(names: Iterable[str]) -> set[Cell]:
    return {tuple(name.split("-")) for name in names if name.count("-") == 2}


def pairs(of: set[Cell]) -> set[Cell]:
    return {pair for cell in of for pair in itertools.combinations(cell, 2)}


def expand(line: str) -> list[str]:
    parts = [part.split(",") for part in re.split(r"[{}]", line)]
    return ["".join(words) for words in itertools.product(*parts)]


def makefile(name: str) -> list[str]:
    """The environments of a list in the Makefile, as ``make test-all`` runs them."""
    (value,) = re.findall(rf"(?m)^{name} :?= (.+)$", read("Makefile"))
    return value.replace("$(SUITE)", "coverage").split(",")


def test_every_pair_of_versions_is_tried() -> None:
    tried = cells(entry["env"] for entry in entries())

    assert sorted(pairs(promised()) - pairs(tried)) == []
    assert sorted(tried - promised()) == []


def test_tox_offers_all_of_them() -> None:
    lines = tox()["tox"]["env_list"].split("\n")
    offered = cells(name for line in lines if line.startswith("py") for name in expand(line))

    assert sorted(offered) == sorted(promised())


def test_each_name_stands_for_what_it_says() -> None:
    deps = dict(re.findall(r"(?m)^(\w+): (.+)$", tox()["testenv"]["deps"]))

    for name in {name for cell in promised() for name in cell[1:]}:
        ((package, version),) = re.findall(r"^([a-z]+)(\d+)$", name)
        number = f"{version[0]}.{version[1]}" if package == "django" else version
        assert re.match(rf"{package}(>=|==){re.escape(number)}\b", deps[name], re.I), name
    for entry in entries():
        assert entry["env"].startswith("py" + entry["python"].replace(".", ""))


@pytest.mark.parametrize(
    ("database", "scheme", "port"),
    [
        ("sqlite", "sqlite://", None),
        ("mariadb", "mysql://", 3306),
        ("postgres", "postgres://", 5432),
    ],
)
def test_every_database_is_tried(database: str, scheme: str, port: int | None) -> None:
    whole = workflow()["whole"]

    assert {"run": "make test-all"} in whole["steps"]
    suite = "coverage" if database == "sqlite" else database
    assert {suite, f"battery-{database}"} <= {*makefile("QUICK"), *makefile("REST")}
    assert scheme in tox()[f"testenv:{suite}"]["set_env"]
    if port is not None:
        assert whole["services"][database]["ports"] == [f"{port}:{port}"]
        assert f":{port}/" in tox()[f"testenv:{database}"]["set_env"]


def test_ci_runs_everything_once() -> None:
    parts = re.findall(r"\bmake (test[\w-]*)(?: SUITE=(\w+))?", read(".ci/run"))
    everything = makefile("QUICK") + makefile("REST")

    assert parts == [("test", "coverage"), ("test-rest", "")]
    assert len(everything) == len(set(everything))
    assert re.search(r"(?m)^test-all: SUITE := coverage$", read("Makefile"))


# A test that names one of these is about what differs between databases.
MEETS_THE_DATABASE = re.compile(
    r"IntegrityError|OperationalError|DatabaseError|execute_wrapper|explain\(|transaction=True"
    r"|mark\.not_on|transactional_db|select_for_update"
)


def test_what_meets_the_database_runs_on_each() -> None:
    beside = {"batteries", "browser"}
    modules = [
        path
        for path in sorted(ROOT.glob("tests/**/test_*.py"))
        if path != Path(__file__) and not beside & set(path.relative_to(ROOT).parts)
    ]
    unmarked = [
        path.name
        for path in modules
        if MEETS_THE_DATABASE.search(text := path.read_text("utf-8"))
        and "pytest.mark.database" not in text
    ]

    assert unmarked == []
