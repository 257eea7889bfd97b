"""The timeline of an order: each event as a sentence, with its actor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

import django_stripe_cart
from django_stripe_cart.admin.orders.timeline import SENTENCES, read_timeline
from django_stripe_cart.models import Order
from django_stripe_cart.privacy import anonymize_person
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.timeline import Cause
from tests.admin.pages import read, url


def page_of(staff_client: Client, order: Order) -> str:
    return read(staff_client, url("change", Order, order.pk))


def test_the_timeline_names_the_actor_of_each_event(staff_client: Client, paid: Order) -> None:
    refund_order(paid, 30000, by=Cause("staff", actor="ada"))

    entries = [(entry.sentence, entry.source, entry.actor) for entry in read_timeline(paid)]

    assert ("Order placed", "Shopper", "") in entries
    assert ("Paid", "Webhook", "") in entries
    assert ("Refund of ₹300.00 requested", "Staff", "ada") in entries
    page = page_of(staff_client, paid)
    assert "Refund of ₹300.00 requested" in page
    assert "Staff: <strong>ada</strong>" in page


def test_every_noted_event_has_a_sentence() -> None:
    package = Path(django_stripe_cart.__file__).parent
    kinds = {
        kind
        for path in package.rglob("*.py")
        if "sandbox" not in path.parts
        for call in re.findall(
            r"\b(?:note|transition)\((.*?)kind=\"(\w+)\"", path.read_text(), re.S
        )
        for kind in call[1:]
    }

    assert {"paid", "fulfilled", "dispute"} <= kinds
    assert kinds - {*SENTENCES} == set()


def test_every_kind_of_our_events_has_a_sentence(order: Order) -> None:
    order.events.all().delete()
    for kind in SENTENCES:
        order.events.create(kind=kind, source="staff", message="100")

    entries = read_timeline(order)

    assert len({entry.sentence for entry in entries}) == len(SENTENCES)
    assert not any("%(" in entry.sentence for entry in entries)


def test_an_event_of_a_hosts_own_is_shown_as_it_is(order: Order) -> None:
    order.events.create(kind="label_printed", source="system", message="100 % DHL_1")

    entry = read_timeline(order)[-1]

    assert (entry.sentence, entry.detail, entry.tone) == ("Label printed", "100 % DHL_1", "")


@pytest.mark.parametrize(
    ("kind", "message", "sentence"),
    [
        ("issue_opened", "disputed", "Issue: The payment is disputed"),
        ("dispute", "needs_response", "Dispute: Answer needed"),
        ("refund_failed", "50000", "The refund of ₹500.00 failed"),
        ("refund_failed", "what", "The refund of what failed"),
    ],
)
def test_what_an_event_holds_is_said_in_words(
    order: Order, kind: str, message: str, sentence: str
) -> None:
    order.events.create(kind=kind, source="webhook", message=message)

    entry = read_timeline(order)[-1]

    assert (entry.sentence, entry.tone) == (sentence, "bad")


def test_an_issue_about_something_else_than_a_dispute_or_refund_shows_its_id(order: Order) -> None:
    order.events.create(kind="issue_opened", source="webhook", message="review", about="prv_1")

    assert read_timeline(order)[-1].detail == "prv_1"


def test_a_sentence_needs_no_detail(order: Order) -> None:
    order.events.all().delete()
    for kind in SENTENCES:
        order.events.create(kind=kind, source="staff")

    sentences = [entry.sentence for entry in read_timeline(order)]

    assert {"Refund requested", "Amount refunded", "E-mail sent", "Issue opened"} <= {*sentences}
    assert len({*sentences}) == len(SENTENCES)
    broken = [text for text in sentences if "%(" in text or re.search(r"^\W|[\W]$|  | of ", text)]
    assert broken == []


def test_what_was_forgotten_leaves_whole_sentences(staff_client: Client, paid: Order) -> None:
    refund_order(paid, 30000, by=Cause("staff", actor="ada"))
    anonymize_person(paid.user)

    page = page_of(staff_client, paid)

    assert ">Refund requested<" in page
    assert ">Amount refunded<" in page
    assert re.search(r"<dd>\s*Anonymized\s*</dd>", page)
    assert "Guest" not in page


def test_the_sentences_can_be_translated() -> None:
    with translation.override("de"):
        assert all(str(sentence) for sentence in SENTENCES.values())
