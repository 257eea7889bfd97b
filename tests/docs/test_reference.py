"""The reference names all that there is, and nothing that there is not."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.dispatch import Signal
from django.urls import URLPattern

from django_stripe_cart import conf, signals, urls
from django_stripe_cart.models import Product
from django_stripe_cart.templatetags.stripe_cart import register
from django_stripe_cart.testing.browser import Browser
from docs.templates_table import table
from tests.docs.pages import FENCE, ROOT, pages, read

# Any uuid is an order's reference.
PATHS = {
    pattern.name: str(pattern.pattern).replace("<uuid:reference>", "<uuid>")
    for pattern in urls.urlpatterns
    if isinstance(pattern, URLPattern)
}
NOT_ON_THE_MAP = {
    *("__init__.py", "__pycache__", "py.typed", "apps.py", "receivers.py", "urls.py"),
    *("webhook_urls.py", "locale", "migrations", "static", "templates"),
}
SCREENSHOTS = ROOT / "docs" / "screenshots"
HEAVIEST_SCREENSHOTS = 1_500_000  # bytes, all together
TABLE = re.compile(r"^\|(?:.|\n\|)+", re.M)


def first_cells(page: str) -> list[str]:
    """What stands in the first column of the page's tables."""
    rows = re.findall(r"^\| (.+?) \|", read(f"docs/reference/{page}.md"), re.M)
    return [row for row in rows if not row.startswith("---")]


def named(page: str, pattern: str) -> set[str]:
    return {name for cell in first_cells(page) for name in re.findall(pattern, cell)}


def test_every_setting_is_described() -> None:
    settings = set(re.findall(r"STRIPE_CART_[A-Z_]+", inspect.getsource(conf)))
    settings = {name for name in settings if not name.endswith("_")}

    described = re.findall(
        r"^## (STRIPE_CART_\w+)\n\nDefault: \S.*\n\n\w", read("docs/reference/settings.md"), re.M
    )

    assert sorted(described) == sorted(settings)


def test_every_address_is_described_with_its_path() -> None:
    shown = re.findall(
        r"^\| `stripe_cart:(\w+)` \| `(\S+)` \|", read("docs/reference/urls.md"), re.M
    )

    assert dict(shown) == PATHS
    assert named("urls", r"`stripe_cart:(\w+)`") == PATHS.keys()


def test_every_address_but_a_page_has_its_answer_in_json() -> None:
    shown = re.findall(r"^\| `(\w+)` \| (?:GET|POST) `(\S+)`", read("docs/reference/json.md"), re.M)

    assert dict(shown) == {
        name: path for name, path in PATHS.items() if name != "checkout_canceled"
    }


def test_no_answer_in_json_sets_the_cookie_and_a_page_with_a_form_does(
    browser: Browser, mug: Product
) -> None:
    in_json = {"accept": "application/json"}

    for path in ("cart/", "orders/"):
        browser.client.get(f"/shop/{path}", headers=in_json)
    browser.client.post("/shop/cart/add/", {"product": mug.pk}, headers=in_json)
    assert "csrftoken" not in browser.client.cookies

    browser.client.get("/shop/cart/")
    assert "csrftoken" in browser.client.cookies


def test_every_tag_and_filter_is_described() -> None:
    assert named("tags", r"{% (\w+)") == set(register.tags)
    assert named("tags", r"&#124;(\w+)") == set(register.filters)


def test_every_signal_is_described() -> None:
    sent = {name for name, value in vars(signals).items() if isinstance(value, Signal)}

    assert named("signals", r"`(\w+)`") == sent


def test_every_command_is_described() -> None:
    ours = {name for name, app in get_commands().items() if app == "django_stripe_cart"}

    assert named("commands", r"`(stripe_\w+)`") == ours


def test_every_page_is_listed_where_it_is_looked_for() -> None:
    docs = ROOT / "docs"
    listed = {docs / "index.md"}
    for index in docs.rglob("index.md"):
        links = re.findall(r"^- \[[^]]+\]\((\S+)\)", index.read_text("utf-8"), re.M)
        listed |= {index.parent / link for link in links}

    assert listed == set(docs.rglob("*.md"))


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_can_be_read_without_sphinx(path: Path) -> None:
    text = path.read_text("utf-8")
    prose = FENCE.sub("", text)
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", prose)
    if not SCREENSHOTS.is_dir():  # The source distribution has neither pictures nor benchmarks.
        links = [link for link in links if not re.search("screenshots/|benchmarks/", link)]

    assert not re.search(r"\{\w+\}`", prose)
    assert "```{" not in text
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) <= 100


def test_every_file_that_the_map_names_is_there() -> None:
    table = re.findall(r"^\| (`.+?) \| \S", read("CONTRIBUTING.md").split("## Tests")[0], re.M)
    named = {name for cell in table for name in re.findall(r"`([\w/.]+)`", cell)}
    package = ROOT / "django_stripe_cart"

    assert {"cart/", "refunds.py"} <= named
    assert [name for name in named if not (package / name).exists()] == []
    not_named = {path.name for path in package.iterdir()} - {name.strip("/") for name in named}
    assert not_named <= NOT_ON_THE_MAP


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_prose_is_wrapped(path: Path) -> None:
    prose = FENCE.sub("", path.read_text("utf-8")).splitlines()

    assert [line for line in prose if len(line) > 100 and not re.search(r"^\||\]\(", line)] == []


def test_the_pictures_are_few_and_each_is_shown() -> None:
    pictures = list(SCREENSHOTS.iterdir()) if SCREENSHOTS.is_dir() else []
    shown = {
        (path.parent / link).resolve()
        for path in pages()
        for link in re.findall(r"!\[[^]]*\]\(([^)]+\.png)\)", path.read_text("utf-8"))
    }

    assert sum(picture.stat().st_size for picture in pictures) < HEAVIEST_SCREENSHOTS
    assert set(pictures) <= shown


def test_every_template_is_listed_with_its_blocks() -> None:
    page = ROOT / "docs/reference/templates.md"
    if os.environ.get("WRITE_DOCS"):
        written = TABLE.sub(lambda _: table(), page.read_text("utf-8"))
        page.write_text(written, "utf-8")

    shown = TABLE.findall(page.read_text("utf-8"))

    assert shown == [table()], "WRITE_DOCS=1 python -m pytest tests/docs/test_reference.py"
