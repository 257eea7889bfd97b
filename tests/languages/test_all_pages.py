"""Nothing is said in English to a reader of another language, and a host can say it otherwise."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.admin.utils import label_for_field
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone, translation

from django_stripe_cart.emails.rendering import render
from django_stripe_cart.models import Order, OrderEmail, OrderIssue, Product, WebhookEvent
from django_stripe_cart.money import format_money
from django_stripe_cart.sandbox import Sandbox
from tests.docs.pages import examples
from tests.support.catalogs import LOCALE, read_po
from tests.support.languages import BrowserIn, read

LANGUAGES = sorted(path.name for path in LOCALE.iterdir())

MakeOrder = Callable[..., Order]


@cache
def english(language: str) -> dict[str, re.Pattern[str]]:
    """The sentences, of two words or more, that our catalog has other words for."""
    entries = read_po(LOCALE / language / "LC_MESSAGES/django.po").entries.values()
    texts = {
        text
        for entry in entries
        for text in filter(None, (entry.msgid, entry.plural))
        if re.search(r"[a-z] [a-z]", text) and text not in entry.forms
    }
    names = r"\\?%\\?\(\w+\\?\)[sd]"
    return {
        text: re.compile(rf"(?<!\w){re.sub(names, '[^<>]+?', re.escape(text))}(?!\w)")
        for text in texts
    }


def english_in(page: str, language: str) -> set[str]:
    page = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    return {text for text, pattern in english(language).items() if pattern.search(page)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_the_shop_speaks_english_between(
    browser_in: BrowserIn,
    make_order: MakeOrder,
    vase: Product,
    mug: Product,
    user: User,
    language: str,
) -> None:
    browser = browser_in(language)
    pages = [read(browser, "/shop/cart/"), read(browser, "/shop/orders/")]
    browser.add(vase, 2)
    pages += [read(browser, "/shop/cart/"), read(browser, "/")]
    for state in Order.Status.values:
        order = make_order(state, items={mug: 1}, user=user)
        pages.append(read(browser, order.get_absolute_url()))
    pages.append(read(browser, "/shop/orders/"))
    Product.objects.update(stock=1)
    pages.append(read(browser, "/shop/cart/"))

    assert {text for page in pages for text in english_in(page, language)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_the_admin_speaks_english_between(
    browser_in: BrowserIn, make_order: MakeOrder, mug: Product, admin_user: User, language: str
) -> None:
    staff_client: Client = browser_in(language).client
    staff_client.force_login(admin_user)
    order = make_order("paid", items={mug: 2})
    errors = ("UnknownOrder('…')", "UnknownEvent('…')", "KeyError")
    events = [WebhookEvent.objects.create(event_id=f"evt_{error}", error=error) for error in errors]
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
    WebhookEvent.objects.create(event_id="evt_now")
    WebhookEvent.objects.create(event_id="evt_over", acknowledged_at=timezone.now())
    at = [f"admin:stripe_cart_order_{name}" for name in ("changelist", "sales")]
    of = [f"admin:stripe_cart_order_{name}" for name in ("change", "refund", "fulfill", "sync")]
    addresses = [
        *map(reverse, at),
        *(reverse(name, args=[order.pk]) for name in of),
        reverse("admin:stripe_cart_product_changelist"),
        reverse("admin:stripe_cart_product_add"),
        reverse("admin:index"),
        reverse("admin:stripe_cart_webhookevent_changelist"),
        *(
            reverse(f"admin:stripe_cart_webhookevent_{name}", args=[event.pk])
            for name in ("change", "acknowledge", "retry")
            for event in events
        ),
    ]

    for address in addresses:
        answer = staff_client.get(address)
        assert answer.status_code == 200
        assert english_in(unescape(answer.content.decode()), language) == set(), address


def test_every_name_shown_in_the_admin_is_translatable() -> None:
    """Where a column or a field has none, Django makes one up, in English."""
    known = read_po(LOCALE / "de/LC_MESSAGES/django.po").entries
    ours = [admin for admin in site._registry.values() if admin.opts.app_label == "stripe_cart"]

    assert len(ours) == 4
    for admin in ours:
        fields = (
            []
            if admin.model in (Order, OrderIssue)
            else [f.name for f in admin.opts.fields if f.editable]
        )
        for name in {*admin.list_display, *fields} - {"id"}:
            with translation.override("en"):
                assert label_for_field(name, admin.model, admin) in known, (admin, name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_e_mail_speaks_english_between(
    browser_in: BrowserIn,
    make_order: MakeOrder,
    vase: Product,
    user: User,
    settings: Any,
    language: str,
) -> None:
    settings.LANGUAGE_CODE = language  # of e-mails to the managers
    order = make_order("refunded", items={vase: 2}, user=user)
    order.language = language
    refund = order.refunds.get()
    issue = order.issues.create(reason="disputed")
    letters = [
        render(OrderEmail.for_order(order, kind, issue=issue if kind == "issue" else None))
        for kind in OrderEmail.Kind.values
    ]
    letters.append(render(OrderEmail.for_order(order, "refunded", refund=refund)))

    for letter in letters:
        texts = [letter.subject, letter.body, *(str(part.content) for part in letter.alternatives)]
        assert [english_in(unescape(text), language) for text in texts] == [set()] * 3
        with translation.override(language):
            assert all(format_money(order.total, order.currency) in text for text in texts[1:])


def test_a_german_is_written_to_in_german(
    browser_in: BrowserIn, vase: Product, sandbox: Sandbox, mailoutbox: list[EmailMessage]
) -> None:
    browser = browser_in("de")
    browser.add(vase)
    browser.check_out()

    with TestCase.captureOnCommitCallbacks(execute=True), translation.override("en"):
        sandbox.pay(browser.order.session_url)  # the webhook is not translated

    (letter,) = mailoutbox
    assert letter.subject == f"Ihre Bestellung {browser.order.number} ist bezahlt"
    assert "Ihre Zahlung von 1.234,50\N{NO-BREAK SPACE}€ für Bestellung" in letter.body


def test_the_reader_of_an_english_page_would_be_noticed(
    browser_in: BrowserIn, vase: Product
) -> None:
    browser = browser_in("en")
    browser.add(vase, 2)

    english = english_in(browser.open_cart(), "de")

    assert {"Your cart", "Subtotal (%(count)s items)", "Only %(count)s left"} <= english


@pytest.mark.parametrize(("language", "folder"), [("de", "de"), ("en", "en"), ("en-us", "en")])
def test_a_host_has_other_words_for_it(
    browser_in: BrowserIn, settings: Any, tmp_path: Path, language: str, folder: str
) -> None:
    """As the documentation says it, letter by letter."""
    if shutil.which("msgfmt") is None:
        pytest.skip("GNU gettext is needed to compile a catalog (apt install gettext).")
    (words,) = examples("po")
    place = tmp_path / folder / "LC_MESSAGES"
    place.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    (place / "django.po").write_text(head + words.text, "utf-8")
    command = ["msgfmt", "-o", place / "django.mo", place / "django.po"]
    subprocess.run(command, check=True)
    settings.LOCALE_PATHS = [tmp_path]

    page = read(browser_in(language), "/shop/cart/")

    assert "Ihre Tasche" in page
    with translation.override(language):
        assert Order.Status.FULFILLED.label == "Unterwegs"
