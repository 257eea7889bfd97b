"""Overridden templates: used where intended, and complete."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.checks import CheckMessage
from django.template.loader import get_template

from django_stripe_cart.checks.templates import OWN_TEMPLATES
from tests.checks.messages import check_messages, message_ids

ADD = "stripe_cart/includes/add_to_cart.html"
CHECKOUT = "stripe_cart/includes/checkout_form.html"
PAGE = "stripe_cart/cart.html"
CART = "stripe_cart/includes/cart.html"
MESSAGES = "stripe_cart/includes/messages.html"

FIELDS = "{% cart_fields product %}"

TemplateMessages = Callable[..., list[CheckMessage]]


def source(name: str) -> str:
    return (OWN_TEMPLATES / name).read_text("utf-8")


@pytest.fixture
def template_messages(tmp_path: Path) -> TemplateMessages:
    """What the checks say once a host has these templates: ``say({name: source})``."""

    def write(templates: dict[str, str], **changes: Any) -> list[CheckMessage]:
        for name, text in templates.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check_messages(TEMPLATES=engines(tmp_path, **changes))

    return write


def engines(*folders: Path, **changes: Any) -> list[dict[str, Any]]:
    (engine,) = copy.deepcopy(site.TEMPLATES)
    engine["DIRS"] = [*folders, *engine["DIRS"]]
    return [{**engine, **changes}]


def test_without_overrides_no_template_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_nodelist(self: object) -> None:
        raise AssertionError("Checks must be fast.")

    monkeypatch.setattr("django.template.base.Template.compile_nodelist", compile_nodelist)

    assert message_ids() == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (ADD, f'{{% extends "{ADD}" %}}{{% block label %}}Buy{{% endblock %}}'),
        (CART, f'{{% extends "{CART}" %}}{{% block lines %}}{{{{ block.super }}}}{{% endblock %}}'),
        (CART, f'{{% extends "{CART}" %}}{{% block continue_shopping %}}Home{{% endblock %}}'),
        (CHECKOUT, f'{{% extends "{CHECKOUT}" %}}{{% block note %}}{{% endblock %}}'),
        (PAGE, f'{{% extends "{PAGE}" %}}{{% block title %}}Basket{{% endblock %}}'),
        ("stripe_cart/base.html", '{% extends "base.html" %}{% block content %}{% endblock %}'),
        ("stripe_cart/includes/picture.html", "<b>none</b>"),
        (MESSAGES, source(MESSAGES).replace('"', "'")),
        (CART, source(CART).replace('fragment="cart"', "fragment=cart")),
        (ADD, source(ADD).replace("data-stripe-cart-offer", "")),
        (ADD, source(ADD).replace(FIELDS, "{% csrf_token %}<input name='product'>")),
        (CHECKOUT, source(CHECKOUT).replace("{% csrf_token %}",
            '<input name="csrfmiddlewaretoken" value="{{ csrf_token }}">')),
        (CHECKOUT, '{% include form %}'),
        (CHECKOUT, '{% extends layout %}'),
        (CHECKOUT, '{% extends "nowhere.html" %}'),
        (CHECKOUT, '{% if %}'),
        ("stripe_cart/more.html", '<form data-stripe-cart-form="add" method="post"></form>'),
    ],
)  # fmt: skip
def test_an_override_that_keeps_what_is_needed_passes(
    template_messages: TemplateMessages, name: str, text: str
) -> None:
    assert template_messages({name: text}) == []


@pytest.mark.parametrize("path", sorted(OWN_TEMPLATES.rglob("*.html")), ids=lambda path: path.stem)
def test_a_copy_of_ours_passes(template_messages: TemplateMessages, path: Path) -> None:
    name = path.relative_to(OWN_TEMPLATES).as_posix()

    assert template_messages({name: source(name)}) == []
    assert template_messages({name: f'{{% extends "{name}" %}}'}) == []


@pytest.mark.parametrize(
    ("name", "text", "lost"),
    [
        (CHECKOUT, source(CHECKOUT).replace("{% csrf_token %}", ""), "{% csrf_token %}"),
        (ADD, source(ADD).replace(FIELDS, ""), 'name="product", {% csrf_token %}'),
        (ADD, source(ADD).replace('-stripe-cart-form="add"', ""), 'data-stripe-cart-form="add"'),
        (ADD, source(ADD).replace('form="add"', 'form="item"'), 'data-stripe-cart-form="add"'),
        (ADD, source(ADD).replace(FIELDS, "{% csrf_token %}"), 'name="product"'),
        (CHECKOUT, source(CHECKOUT).replace("fingerprint", "print"), 'name="fingerprint"'),
        (CART, source(CART).replace("data-stripe-cart-fragment", "data-x"),
            'data-stripe-cart-fragment="cart"'),
        (MESSAGES, "<div data-stripe-cart-messages></div>", "data-stripe-cart-live"),
        ("stripe_cart/includes/toast.html", "{{ text }}", "data-stripe-cart-toast"),
        ("stripe_cart/modals/cart.html", '<div data-stripe-cart-modal="cart">…</div>',
            "data-stripe-cart-src"),
        (CART, f'{{% extends "{CART}" %}}{{% block empty %}}'
            "<form method='post' action='{% url 'stripe_cart:add' %}'></form>{% endblock %}",
            "{% csrf_token %}"),
        (CART, f'{{% extends "{CART}" %}}{{% load stripe_cart_internal %}}{{% block empty %}}'
            "<form action='{% shop_url name='add' %}'>{% front_page_url %}</form>{% endblock %}",
            "{% csrf_token %}"),
        (CHECKOUT, '{% if cart %}{% for one in cart.lines %}{{ one }}{% endfor %}{% endif %}',
            'data-stripe-cart-form="checkout", name="fingerprint"'),
    ],
)  # fmt: skip
def test_an_override_that_lost_a_hook_is_reported(
    template_messages: TemplateMessages, name: str, text: str, lost: str
) -> None:
    (message,) = template_messages({name: text})

    assert message.id == "stripe_cart.W021"
    assert message.msg.endswith(f"needs: {lost}.")
    assert f"/{name} overrides {name}" in message.msg
    assert f'{{% extends "{name}" %}}' in str(message.hint)


def test_what_an_override_takes_from_templates_of_its_own_counts(
    template_messages: TemplateMessages,
) -> None:
    own = {
        CHECKOUT: '{% extends "own/form.html" %}{% block fields %}'
        '{% include "own/fingerprint.html" %}{{ block.super }}{% endblock %}',
        "own/form.html": '<form data-stripe-cart-form="checkout" method="post">'
        "{% block fields %}{% csrf_token %}{% endblock %}</form>",
        "own/fingerprint.html": '<input name="fingerprint" value="{{ cart.fingerprint }}">'
        '{% include "own/fingerprint.html" %}',
    }

    assert template_messages(own) == []

    own["own/fingerprint.html"] = ""
    (message,) = template_messages(own)
    assert message.msg.endswith('needs: name="fingerprint".')


def test_a_block_that_does_without_ours_loses_what_ours_had(
    template_messages: TemplateMessages,
) -> None:
    own = {
        CHECKOUT: '{% extends "own/form.html" %}{% block fields %}{% endblock %}',
        "own/form.html": '<form data-stripe-cart-form="checkout" method="post">'
        '{% block fields %}{% csrf_token %}<input name="fingerprint">{% endblock %}</form>',
    }

    (message,) = template_messages(own)

    assert message.msg.endswith('needs: name="fingerprint", {% csrf_token %}.')


def test_an_override_with_unreadable_nodes_is_skipped(template_messages: TemplateMessages) -> None:
    options = {**site.TEMPLATES[0]["OPTIONS"], "builtins": ["tests.checks.odd_tags"]}

    assert template_messages({CHECKOUT: "{% odd %}"}, OPTIONS=options) == []


def test_a_host_without_files_is_read_too(template_messages: TemplateMessages) -> None:
    loader = ("django.template.loaders.locmem.Loader", {MESSAGES: "nothing"})
    options = {
        **site.TEMPLATES[0]["OPTIONS"],
        "loaders": [loader, "django.template.loaders.app_directories.Loader"],
    }

    (message,) = template_messages({}, APP_DIRS=False, OPTIONS=options)

    assert message.msg.startswith(f"{MESSAGES} overrides {MESSAGES} without")


def test_an_app_that_comes_too_late_to_override_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "late_host" / "templates" / MESSAGES
    page.parent.mkdir(parents=True)
    page.write_text(source(MESSAGES))
    (tmp_path / "late_host" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    (message,) = check_messages(INSTALLED_APPS=[*site.INSTALLED_APPS, "late_host"])

    assert message.id == "stripe_cart.W020"
    assert message.msg.startswith(f"The template {MESSAGES} of late_host is never used")
    assert message_ids(INSTALLED_APPS=["late_host", *site.INSTALLED_APPS]) == []


@pytest.mark.parametrize("used", [[], ["jinja"]])
def test_an_engine_that_does_not_find_our_templates_is_reported(used: list[str]) -> None:
    engine = {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": False}
    templates = [engine] if used else []

    (message,) = [one for one in check_messages(TEMPLATES=templates) if "E015" in str(one.id)]

    assert "APP_DIRS" in str(message.hint)


def test_of_several_engines_the_one_that_finds_us_counts(tmp_path: Path) -> None:
    first = {"BACKEND": "django.template.backends.django.DjangoTemplates", "NAME": "first"}

    assert message_ids(TEMPLATES=[first, *engines()]) == []


def test_our_own_templates_have_what_is_looked_for() -> None:
    assert get_template(ADD).origin.name == str(OWN_TEMPLATES / ADD)  # type: ignore[attr-defined]


# --- a project's base.html ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("templates", "is_reported"),
    [
        ({"base.html": "{% block main %}{% endblock %}"}, True),
        ({"base.html": "{% block content %}{% endblock %}"}, False),
        ({"base.html": "{% block content_title %}{% endblock %}"}, True),
        (
            {"base.html": '{% extends "a.html" %}', "a.html": "{% block content %}{% endblock %}"},
            False,
        ),
        ({"base.html": "{% extends 'a.html' %}", "a.html": "{% block body %}{% endblock %}"}, True),
        ({"base.html": '{% extends "gone.html" %}'}, True),
        ({"base.html": "{% extends skin %}"}, False),
        ({"base.html": '{% extends "base.html" %}'}, False),  # that of the tests, further on
        (
            {
                "base.html": "{% block main %}{% endblock %}",
                "stripe_cart/base.html": '{% extends "base.html" %}{% block main %}{% endblock %}',
            },
            False,
        ),
    ],
)
def test_a_base_template_without_the_block_of_the_shop_is_reported(
    template_messages: TemplateMessages, templates: dict[str, str], is_reported: bool
) -> None:
    ids = [one.id for one in template_messages(templates)]

    assert ("stripe_cart.W029" in ids) is is_reported
