"""What is kept of a person, handed over and forgotten; and what is never kept, logged or sent."""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from django_stripe_cart.attention import settle_issue
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.exceptions import OrderUnsettled, PaymentError
from django_stripe_cart.models import (
    Cart,
    CartItem,
    Order,
    OrderEvent,
    OrderIssue,
    Product,
    Refund,
    WebhookEvent,
)
from django_stripe_cart.payments import sync_open_orders, sync_order
from django_stripe_cart.privacy import (
    anonymize_person,
    export_person,
    has_data_about,
    orders_of,
    orders_with_same_email,
)
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_paid
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.invariants import settled_violations
from django_stripe_cart.timeline import BY_STAFF, Cause
from django_stripe_cart.webhooks import acknowledge_event, read_missed_events
from tests.support.logs import OURS, formatted
from tests.support.orders import check_out

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("guests_allowed")]

EMAIL = "greta@example.net"
NAME = "Greta Guest"
SECRETS = ("greta", "Greta", "Guest Street")


@pytest.fixture
def greta(db: None, sandbox: Sandbox) -> Browser:
    return Browser(User.objects.create_user("greta", EMAIL))


def buy(browser: Browser, sandbox: Sandbox, product: Product) -> Order:
    sandbox.pay(check_out(browser, product).session_url, email=EMAIL, name=NAME)
    return sync_order(browser.order)


def stored_values() -> str:
    """Every value of every row of ours, but what the shop sells."""
    kept = apps.get_app_config("stripe_cart").get_models()
    rows = [list(model._base_manager.values()) for model in kept if model is not Product]
    return repr(rows)


def run(*arguments: str, **options: Any) -> tuple[str, str]:
    output, errors = StringIO(), StringIO()
    call_command("stripe_cart_privacy", *arguments, stdout=output, stderr=errors, **options)
    return output.getvalue(), errors.getvalue()


# --- export -------------------------------------------------------------------------------------


def test_a_person_gets_all_that_is_kept_of_them(
    greta: Browser, sandbox: Sandbox, mug: Product, lamp: Product
) -> None:
    order = buy(greta, sandbox, mug)
    order.emails.update(sent_at=order.paid_at)
    items = {order.items.get(): 1}
    refund_order(order, 100, items=items, reason="A scratch", by=Cause("staff", "stella"))
    greta.add(lamp, 2)

    export = json.loads(run("export", EMAIL)[0])

    assert [cart["items"] for cart in export["carts"]] == [[{"product": "Lamp", "quantity": 2}]]
    (found,) = export["orders"]
    assert found["reference"] == str(order.reference)
    assert (found["total"], found["amount_paid"], found["amount_refunded"]) == (49900, 49900, 100)
    assert (found["email"], found["language"]) == (EMAIL, "en-us")
    paid_at = order.paid_at.isoformat()
    assert [(email["kind"], email["sent_at"]) for email in found["emails"]] == [
        ("paid", paid_at),
        ("refunded", None),
    ]
    assert found["items"] == [{"sku": "mug", "name": "Mug", "unit_amount": 49900, "quantity": 1}]
    assert found["refunds"][0]["reason"] == "A scratch"
    assert found["refunds"][0]["items"] == [{"name": "Mug", "quantity": 1}]
    assert found["timeline"][0]["kind"] == "placed"
    assert found["asked_of_stripe"]["customer_email"] == EMAIL
    assert "stella" not in json.dumps(export)


# All that the export leaves out, and why. A new column has to be in one or in the other.
NOT_EXPORTED = {
    "Cart.id": "a number of the database's",
    "Cart.user": "the person who asks",
    "Cart.token": "whoever has it has the cart",
    "Cart.version": "counts for the lock",
    "CartItem.id": "a number of the database's",
    "CartItem.product": "named in words",
    "Order.id": "a number of the database's; people say the reference",
    "Order.user": "the person who asks",
    "Order.api_key_digest": "the shop's",
    "Order.by_guest": "whether the person is known by an account or by an address",
    "Order.cart": "exported beside the orders",
    "Order.open_cart": "exported beside the orders",
    "Order.session_url": "whoever has it sees Stripe's page; dead within a day",
    "Order.session_expires_at": "in what Stripe was asked for",
    "Order.livemode": "about the shop: which of its keys was used",
    "Order.version": "counts for the lock",
    "Order.synced_at": "about the shop: when it last looked",
    "Order.anonymized_at": "whoever asks is not found any more",
    "Order.webhook_events": "only ids of Stripe's; what they told is on the timeline",
    "OrderItem.id": "a number of the database's",
    "OrderItem.product": "a snapshot of it is exported",
    "OrderItem.stock_taken": "about the shop's stock",
    "Refund.id": "a number of the database's",
    "Refund.modified": "about the shop: when it last wrote",
    "Refund.key": "made up, so that Stripe is asked once",
    "Refund.actor": "a name of the staff's",
    "Refund.restock": "about the shop's stock",
    "Refund.resent_at": "about the shop: when it asked again",
    "Refund.missing_since": "about the shop: when it looked in vain",
    "Dispute.id": "a number of the database's",
    "OrderIssue.id": "a number of the database's",
    "OrderIssue.settled_by": "a name of the staff's",
    "OrderIssue.is_open": "whether it is settled",
    "OrderEvent.id": "a number of the database's",
    "OrderEvent.actor": "a name of the staff's, or the person who asks",
    "OrderEvent.stripe_event_id": "about the shop: which message told it",
    "OrderEmail.id": "a number of the database's",
    "OrderEmail.refund": "exported beside it",
    "OrderEmail.issue": "exported beside it",
    "OrderEmail.dedupe_key": "the kind, and which refund",
    "OrderEmail.attempts": "about the shop's mail server",
    "OrderEmail.due_at": "about the shop's mail server",
    "OrderEmail.claimed_at": "about the shop's mail server",
}


def test_every_column_is_exported_or_there_is_a_reason(
    greta: Browser, sandbox: Sandbox, mug: Product, lamp: Product
) -> None:
    refund_order(buy(greta, sandbox, mug), 100)
    sandbox.open_dispute(sandbox.payment_intents[-1]["id"])
    settle_issue(OrderIssue.objects.get())
    greta.add(lamp)
    order = Order.objects.get()
    beside = {
        f"Order.{relation.name}": getattr(order, relation.get_accessor_name()).first()
        for relation in Order._meta.related_objects
    }

    left_out = {
        name: not_exported(row)
        for name, row in {"Order": order, "Cart": order.cart, **beside}.items()
    }
    left_out["Cart.items"] = not_exported(order.cart.items.get())

    whole = {name for name, names in left_out.items() if names is None}
    columns = {column for names in left_out.values() if names is not None for column in names}
    assert sorted(whole | columns) == sorted(NOT_EXPORTED)


def not_exported(row: models.Model) -> list[str] | None:
    """The columns that could have any value, without the export being another; None: all."""
    fields = [field for field in row._meta.concrete_fields if not is_parent_key(field)]
    names = [field for field in fields if not is_exported(row, field)]
    return None if names == fields else [f"{type(row).__name__}.{field.name}" for field in names]


def is_parent_key(field: Any) -> bool:
    """Whether it is by this key that the row is found."""
    return field.name == "order" or (field.model is CartItem and field.name == "cart")


def is_exported(row: models.Model, field: Any) -> bool:
    if field.is_relation or field.primary_key:
        return False
    before = export_person("greta")
    with suppress(IntegrityError), transaction.atomic():
        other = {field.name: other_value(getattr(row, field.name), field)}
        type(row)._base_manager.filter(pk=row.pk).update(**other)
        after = export_person("greta")
        transaction.set_rollback(True)
        return before != after
    return False  # no other value can be there


def other_value(value: Any, field: models.Field[Any, Any]) -> Any:
    match field:
        case models.BooleanField():
            return not value
        case models.IntegerField():
            return value + 1
        case models.DateTimeField():
            return timezone.now() + timedelta(days=1)
        case models.UUIDField():
            return uuid.uuid4()
    return "xyz"


def test_an_export_has_only_the_data_of_that_person(
    greta: Browser, browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    buy(greta, sandbox, mug)
    hers = Order.objects.get()
    other = check_out(browser, mug)

    for person in (browser.user, browser.user.email, browser.user.username):
        export = export_person(person)
        assert [order["reference"] for order in export["orders"]] == [str(other.reference)]
    assert [order["reference"] for order in export_person("GRETA@example.net")["orders"]] == [
        str(hers.reference)
    ]


def test_a_guest_is_found_by_the_address_they_paid_with(
    guest: Browser, sandbox: Sandbox, mug: Product, lamp: Product
) -> None:
    order = buy(guest, sandbox, mug)
    guest.add(lamp)

    export = export_person(EMAIL)

    assert [order["reference"] for order in export["orders"]] == [str(order.reference)]
    assert [cart["items"][0]["product"] for cart in export["carts"]] == ["Lamp"]


def test_an_address_that_others_typed_is_only_mentioned(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    User.objects.update(email="")
    browser.user.refresh_from_db()
    order = buy(Browser(browser.user), sandbox, mug)
    assert order.email == EMAIL

    output, errors = run("export", EMAIL)

    assert json.loads(output)["orders"] == []
    assert str(order.reference) in errors
    assert list(orders_with_same_email(EMAIL)) == [order]
    assert not orders_with_same_email(browser.user).exists()


@pytest.mark.parametrize("person", ["", "nobody@example.com", "%", "\t"])
def test_of_a_stranger_there_is_nothing(
    guest: Browser, sandbox: Sandbox, mug: Product, person: str
) -> None:
    check_out(guest, mug)  # an order that has no address yet

    assert export_person(person) == {"carts": [], "orders": []}
    assert anonymize_person(person) == []
    assert Cart.objects.get().items.exists()


@pytest.mark.parametrize("person", ["", "nobody@example.com", "%", "\t", "gretta"])
@pytest.mark.parametrize("action", [("export",), ("anonymize",), ("anonymize", "--dry-run")])
def test_an_unknown_person_is_an_error(
    guest: Browser, greta: Browser, mug: Product, person: str, action: tuple[str, ...]
) -> None:
    check_out(guest, mug)  # an order that has no address yet

    with pytest.raises(CommandError, match=r"^There is no data of a person with"):
        run(*action, person)


# --- anonymize ----------------------------------------------------------------------------------


def test_nothing_names_them_any_more_and_the_books_are_the_same(
    greta: Browser, sandbox: Sandbox, mug: Product, lamp: Product, settings: Any
) -> None:
    settings.STRIPE_CART_SESSION_OPTIONS = f"{__name__}.name_the_person"
    order = buy(greta, sandbox, mug)
    refund_order(order, 100, reason="Greta was unhappy", by=BY_STAFF)
    order.events.create(kind="call", source="staff", actor="greta", message="Greta rang")
    greta.add(lamp)
    amounts = ("total", "amount_paid", "amount_refunded", "status", "payment_intent_id", "paid_at")
    books = list(Order.objects.values_list(*amounts))
    assert all(secret in stored_values() for secret in SECRETS)

    output, _errors = run("anonymize", EMAIL)

    order = Order.objects.get()
    assert output == f"{order.reference} anonymized\n1 order anonymized, and 1 cart deleted\n"
    assert [secret for secret in SECRETS if secret in stored_values()] == []
    assert list(Order.objects.values_list(*amounts)) == books
    assert (order.user, order.cart, order.email, order.receipt_url) == (None, None, "", "")
    assert order.anonymized_at is not None
    assert order.items.get().name == "Mug"
    assert Refund.objects.get().amount == 100
    assert not Cart.objects.exists()
    assert OrderEvent.objects.latest("pk").kind == "anonymized"
    assert settled_violations(sandbox) == []


def name_the_person(order: Order) -> dict[str, Any]:
    """A host's options."""
    return {"custom_text": {"submit": {"message": "To Guest Street, as ever?"}}}


def test_what_stripe_says_later_brings_nothing_back(
    greta: Browser, sandbox: Sandbox, mug: Product
) -> None:
    order = buy(greta, sandbox, mug)
    anonymize_person(greta.user)

    sandbox.refund(sandbox.payment_intents[0], amount=1000)
    sync_order(order)

    order = Order.objects.get()
    assert order.amount_refunded == 1000
    assert (order.email, order.receipt_url, order.has_receipt) == ("", "", False)
    assert "greta" not in stored_values()


def test_a_guests_address_opens_nothing_any_more(
    guest: Browser, sandbox: Sandbox, mug: Product
) -> None:
    order = buy(guest, sandbox, mug)

    anonymize_person(EMAIL)

    assert "/accounts/login/" in guest.client.get(order.get_absolute_url()).headers["Location"]
    assert order.number not in guest.client.get("/shop/orders/").content.decode()


def test_an_open_order_is_closed_first(greta: Browser, sandbox: Sandbox, mug: Product) -> None:
    check_out(greta, mug)

    (order,) = anonymize_person(greta.user)

    assert order.status == "canceled"
    assert sandbox.sessions[0]["status"] == "expired"
    assert Product.objects.get().stock == 10


def test_without_stripe_nothing_is_forgotten(
    greta: Browser, sandbox: Sandbox, mug: Product
) -> None:
    buy(greta, sandbox, mug)
    check_out(greta, mug)
    sandbox.faults.add("* /v1/*", kind="unavailable", times=None)

    with pytest.raises(PaymentError):
        anonymize_person(greta.user)
    with pytest.raises(CommandError, match="Nothing was anonymized"):
        run("anonymize", EMAIL)

    assert Order.objects.filter(user=greta.user, email=EMAIL).count() == 2
    assert greta.user.stripe_cart.items.exists()


def test_a_payment_on_its_way_is_waited_for(greta: Browser, sandbox: Sandbox, mug: Product) -> None:
    sandbox.pay_by_bank_debit(check_out(greta, mug).session_url)

    with pytest.raises(OrderUnsettled, match=greta.order.number):
        anonymize_person(greta.user)

    sandbox.settle(greta.order.session_url, ok=True)
    assert anonymize_person(greta.user)[0].status == "paid"


def test_anonymizing_again_finds_no_data(greta: Browser, sandbox: Sandbox, mug: Product) -> None:
    buy(greta, sandbox, mug)
    anonymize_person(EMAIL)
    moment = Order.objects.get().anonymized_at

    assert anonymize_person(EMAIL) == []
    assert Order.objects.get().anonymized_at == moment


def test_a_dry_run_only_says_which(greta: Browser, sandbox: Sandbox, mug: Product) -> None:
    order = buy(greta, sandbox, mug)

    assert run("anonymize", EMAIL, dry_run=True)[0] == (
        f"{order.reference} would be anonymized\n1 order would be anonymized, and 1 cart deleted\n"
    )

    assert list(orders_of(greta.user)) == [order]
    assert greta.user.stripe_cart is not None


def test_a_cart_without_any_order_is_spoken_of_too(greta: Browser, mug: Product) -> None:
    greta.add(mug)

    dry, _errors = run("anonymize", "greta", dry_run=True)
    assert dry == "0 orders would be anonymized, and 1 cart deleted\n"
    assert Cart.objects.get().items.exists()

    assert run("anonymize", "greta")[0] == "0 orders anonymized, and 1 cart deleted\n"
    assert not Cart.objects.exists()
    assert run("anonymize", "greta")[0] == "0 orders anonymized, and 0 carts deleted\n"
    assert User.objects.filter(username="greta").exists()


def test_an_issue_stays_settled_without_the_words_of_staff(
    greta: Browser, sandbox: Sandbox, mug: Product
) -> None:
    order = buy(greta, sandbox, mug)
    issue = OrderIssue.objects.create(order=order, reason="unknown_money", about="cs_test_other")
    settle_issue(issue, by=Cause("staff", "stella"), note="Greta called")

    anonymize_person(greta.user)

    issue.refresh_from_db()
    assert (issue.about, issue.settled_by, issue.note) == ("cs_test_other", "staff", "")


def test_who_acknowledged_an_event_of_the_order_is_forgotten(
    greta: Browser, sandbox: Sandbox, mug: Product
) -> None:
    order = buy(greta, sandbox, mug)
    event, other = order.webhook_events.first(), WebhookEvent.objects.create(event_id="evt_other")
    WebhookEvent.objects.update(processed_at=None)
    for row in (event, other):
        acknowledge_event(row, by=Cause("staff", "stella"))

    anonymize_person(greta.user)

    event.refresh_from_db()
    other.refresh_from_db()
    assert (event.acknowledged_by, other.acknowledged_by) == ("staff", "stella")


# --- never kept, never logged, never sent -------------------------------------------------------


@pytest.fixture
def logged_day(greta: Browser, guest: Browser, sandbox: Sandbox, mug: Product, caplog: Any) -> None:
    """Everything that a shop sees: payments, declines, refunds, cancellations, failures."""
    caplog.set_level(logging.DEBUG)
    sandbox.pay(check_out(greta, mug).session_url, card="4000000000000002", email=EMAIL)
    buy(greta, sandbox, mug)
    refund_order(greta.order, 100)
    sandbox.refund(sandbox.payment_intents[-1], amount=50)
    buy(guest, sandbox, mug)
    cancel_order(check_out(guest, mug))
    sandbox.faults.add("POST /v1/checkout/sessions", kind="unavailable", times=3)
    check_out(greta, mug)
    sandbox.faults.clear()

    def fail(**kwargs: Any) -> None:
        raise ValueError(f"{NAME} at {EMAIL}")

    order_paid.connect(fail)
    sandbox.pay(check_out(guest, mug).session_url, email=EMAIL, name=NAME)
    assert isinstance(next(sync_open_orders([guest.order])).error, ValueError)
    WebhookEvent.objects.filter(processed_at=None).update(retry_at=timezone.now())
    assert read_missed_events().failed > 0
    order_paid.disconnect(fail)


def test_no_card_data_is_kept(logged_day: None) -> None:
    kept = stored_values()

    for secret in ("4242424242424242", "4000000000000002", NAME):
        assert secret not in kept
    columns = {
        field.name
        for model in apps.get_app_config("stripe_cart").get_models()
        for field in model._meta.get_fields()
    }
    assert not [name for name in columns if "card" in name or name in ("last4", "cvc", "address")]


def test_no_payload_of_a_webhook_is_kept(logged_day: None) -> None:
    assert WebhookEvent.objects.filter(processed_at=None, error="ValueError").exists()

    rows = repr(list(WebhookEvent.objects.values()))

    assert WebhookEvent.objects.count() > 5
    assert EMAIL not in rows
    assert "amount" not in rows
    assert not [
        field.name
        for field in WebhookEvent._meta.get_fields()
        if isinstance(field, models.TextField | models.JSONField | models.BinaryField)
    ]


def test_nothing_personal_is_logged(logged_day: None, caplog: pytest.LogCaptureFixture) -> None:
    said = formatted(caplog.get_records("setup"))

    for logger in OURS:
        assert any(text.startswith(f"{logger}: ") for text in said)
    for what in ("could not be synced: ValueError\n", "could not be processed: ValueError\n"):
        assert any(what in text and "in fail" in text for text in said)
    for text in said:
        assert not [secret for secret in (*SECRETS, EMAIL) if secret in text], text


def test_a_host_that_wants_the_sdks_bodies_in_its_log_gets_them(
    greta: Browser, sandbox: Sandbox, mug: Product, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="stripe")

    check_out(greta, mug)

    assert "customer_email" in caplog.text


def test_nothing_personal_is_in_stripes_metadata(logged_day: None, sandbox: Sandbox) -> None:
    carriers = [*sandbox.sessions, *sandbox.payment_intents, *sandbox.refunds]
    found = [carrier["metadata"] for carrier in carriers if carrier["metadata"]]

    assert len(found) > 5
    for metadata in found:
        assert set(metadata) <= {"stripe_cart_order", "stripe_cart_shop", "stripe_cart_refund"}
        assert not [secret for secret in (*SECRETS, EMAIL) if secret in repr(metadata)]
    for session in sandbox.sessions:
        assert "greta" not in session["success_url"] + session["client_reference_id"]


# --- look-alikes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "look_alike", ["gréta@example.net", "greta@exämple.net", "greta@example.nét"]
)
def test_the_data_of_a_look_alike_address_is_another_persons(
    guest: Browser, sandbox: Sandbox, mug: Product, look_alike: str
) -> None:
    order = buy(guest, sandbox, mug)
    Order.objects.update(email="greta@example.net")
    User.objects.create_user("somebody", "greta@example.net")

    assert not has_data_about(look_alike)
    assert anonymize_person(look_alike) == []

    assert list(orders_of("GRETA@example.net")) == [order]


def test_a_user_name_in_another_spelling_is_another_user(
    greta: Browser, sandbox: Sandbox, mug: Product
) -> None:
    buy(greta, sandbox, mug)
    name = greta.user.get_username()

    assert orders_of(name).exists()
    assert not orders_of(name.upper()).exists()
    assert not orders_of(name.replace("e", "é")).exists()
