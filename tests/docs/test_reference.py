"""The reference names all that there is, and nothing that there is not."""

from __future__ import annotations

import inspect
import re

from django.core.management import get_commands
from django.urls import URLPattern

from django_stripe_cart import conf, signals, urls
from django_stripe_cart.templatetags.stripe_cart import register
from tests.docs.pages import ROOT, read


def first_cells(page: str) -> list[str]:
    """What stands in the first column of the page's tables."""
    rows = re.findall(r"^\| (.+?) \|", read(f"docs/reference/{page}.md"), re.M)
    return [row for row in rows if not row.startswith("---")]


def named(page: str, pattern: str) -> set[str]:
    return {name for cell in first_cells(page) for name in re.findall(pattern, cell)}


def test_every_setting_is_described() -> None:
    settings = set(re.findall(r"STRIPE_CART_[A-Z_]+", inspect.getsource(conf)))
    settings = {name for name in settings if not name.endswith("_")}

    assert named("settings", r"`(STRIPE_CART_\w+)`") == settings


def test_every_address_is_described() -> None:
    names = {pattern.name for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}

    assert named("urls", r"`stripe_cart:(\w+)`") == names


def test_every_tag_and_filter_is_described() -> None:
    assert named("tags", r"{% (\w+)") == set(register.tags)
    assert named("tags", r"&#124;(\w+)") == set(register.filters)


def test_every_signal_is_described() -> None:
    sent = {name for name in vars(signals) if name.startswith("order_")}

    assert named("signals", r"`(order_\w+)`") == sent


def test_every_command_is_described() -> None:
    ours = {name for name, app in get_commands().items() if app == "django_stripe_cart"}

    assert named("commands", r"`(stripe_\w+)`") == ours


def test_every_page_is_reached_from_the_first() -> None:
    folders = {path.parent.name for path in (ROOT / "docs").glob("*/*.md")}

    assert {f"{folder}/index" for folder in folders} <= set(read("docs/index.md").split())
