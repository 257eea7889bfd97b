"""What a verb finds when something else has happened between two of its steps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection, models
from django.test import RequestFactory, override_settings
from django.test.utils import isolate_apps
from django.utils import timezone

from django_stripe_cart import gateway, stock
from django_stripe_cart.cart import changes as carts
from django_stripe_cart.cart.contents import CartContents, CartLine, read_contents
from django_stripe_cart.checkout import (
    ReturnUrls,
    cancel_order,
    flow,
    place_order,
    resume_payment,
    start_payment,
)
from django_stripe_cart.deadlines import deadline
from django_stripe_cart.emails import send_pending_emails
from django_stripe_cart.exceptions import (
    AmountNotRepresentable,
    CartError,
    EmptyCart,
    OrderOpen,
    PaymentError,
    PaymentNotConfigured,
    PaymentRefused,
    PaymentRetryable,
    ProductUnavailable,
)
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.gateway.http import DeadlineHTTPClient
from django_stripe_cart.line_items import LineItem
from django_stripe_cart.models import Cart, CartItem, Dispute, Order, OrderEmail, Product, Refund
from django_stripe_cart.models.cart import CartKey
from django_stripe_cart.money import MAXIMUM_AMOUNT
from django_stripe_cart.payments import refund_requests, sync_order
from django_stripe_cart.payments.record import (
    close_missing_session,
    close_without_session,
    record_free_order,
)
from django_stripe_cart.payments.sync import MAX_ATTEMPTS
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_canceled
from django_stripe_cart.testing.browser import Browser, messages_of
from django_stripe_cart.testing.factories import OrderFactory, RefundFactory, make_cart
from django_stripe_cart.timeline import BY_SYNC
from django_stripe_cart.web.shopper import Shopper
from django_stripe_cart.webhooks.endpoints import endpoint_problems
from tests.support.emails import committed
from tests.support.orders import issues, refreshed, settle
from tests.support.other_process import BeforeRequest

pytestmark = pytest.mark.database

URLS = ReturnUrls(success=lambda order: "http://testserver/back/", cancel="http://testserver/")
CREATE = "POST /v1/checkout/sessions"
EXPIRE = "POST /v1/checkout/sessions/*/expire"
DISPUTES = "GET /v1/disputes"
REFUND = "POST /v1/refunds"
REFUNDS = "GET /v1/refunds"


@pytest.fixture
def full_cart(user: User, mug: Product) -> Cart:
    """The user's cart, with two mugs."""
    return make_cart({mug: 2}, user=user)


# --- placing --------------------------------------------------------------------------------------


def test_an_open_order_of_the_same_lines_is_placed_once(full_cart: Cart) -> None:
    first = place_order(full_cart)

    assert place_order(full_cart) == first


def test_an_open_order_of_other_lines_is_in_the_way(full_cart: Cart, lamp: Product) -> None:
    place_order(full_cart)
    carts.add_item(full_cart, lamp)

    with pytest.raises(OrderOpen):
        place_order(full_cart)


def test_a_cart_emptied_by_a_concurrent_request_can_not_be_ordered(full_cart: Cart) -> None:
    CartItem.objects.all().delete()

    with pytest.raises(EmptyCart):
        place_order(full_cart)


def test_a_cart_with_something_that_is_gone_can_not_be_ordered(
    full_cart: Cart, mug: Product
) -> None:
    Product.objects.update(is_active=False)

    with pytest.raises(ProductUnavailable):
        place_order(full_cart)


@pytest.mark.parametrize("nonsense", ["", "{", "[1]", "[[1, 2]]", "7", "[[1,2,3,4]]", "null"])
def test_an_invalid_fingerprint_counts_as_a_changed_cart(full_cart: Cart, nonsense: str) -> None:
    contents = read_contents(full_cart.key)

    with pytest.raises(Exception, match="changed") as caught:
        contents.raise_if_not_orderable(nonsense)
    assert type(caught.value).__name__ == "CartChanged"


def test_a_cart_that_is_cleaned_away_twice_is_made_a_third_time(
    browser: Browser, full_cart: Cart, mug: Product, rf: RequestFactory
) -> None:
    request = rf.post("/")
    request.user = browser.user
    gone = iter((Cart.DoesNotExist, Cart.DoesNotExist))

    def count(key: CartKey) -> int:
        for error in gone:
            raise error
        return CartItem.objects.in_cart(key).get().quantity

    assert Shopper.of(request).change_cart(count) == 2


def test_what_was_removed_and_is_gone_from_the_shop_is_not_offered_again(
    browser: Browser, full_cart: Cart
) -> None:
    page = browser.client.get("/shop/cart/?removed=987654&quantity=1").content.decode()

    assert "Undo" not in page


# --- beginning to pay -----------------------------------------------------------------------------


def test_orders_reopened_on_every_attempt_end_in_an_error_message(
    browser: Browser, sandbox: Sandbox, pending: Order, lamp: Product
) -> None:
    browser.add(lamp)

    def open_again(order: Order, **kwargs: Any) -> None:
        OrderFactory(cart=order.cart)

    order_canceled.connect(open_again)
    try:
        answer = browser.check_out()
    finally:
        order_canceled.disconnect(open_again)

    assert messages_of(answer)[-1] == str(OrderOpen())
    assert len(sandbox.sessions) == 1
    assert [*Order.objects.order_by("pk").values_list("status", flat=True)] == [
        *["canceled"] * 5,
        "pending",
    ]


def test_an_old_order_that_can_not_be_closed_is_in_the_way(
    browser: Browser, sandbox: Sandbox, pending: Order, lamp: Product
) -> None:
    browser.add(lamp)
    sandbox.faults.add(EXPIRE, kind="bad_request", times=None)

    answer = browser.check_out()

    assert messages_of(answer)[-1] == str(OrderOpen())
    assert Order.objects.count() == 1


def test_an_order_closed_by_a_concurrent_request_does_not_block_checkout(
    browser: Browser, pending: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_for_open_order = flow._reuse_or_close_open_order

    def cancel_and_look(*args: Any, **kwargs: Any) -> Order:
        if refreshed(pending).is_pending:
            cancel_order(pending)
        return look_for_open_order(*args, **kwargs)

    # Between the two statements there is no request, and nothing of the host's is called.
    monkeypatch.setattr(flow, "_reuse_or_close_open_order", cancel_and_look)

    browser.check_out()

    assert refreshed(pending).status == "canceled"
    assert browser.order.is_payable
    assert browser.order != pending


def test_the_next_checkout_finishes_a_failed_cancellation(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.faults.add(EXPIRE, kind="unavailable", times=9)
    with pytest.raises(PaymentError):
        cancel_order(pending)
    sandbox.faults.clear()

    browser.check_out()

    assert refreshed(pending).status == "canceled"
    assert browser.order.is_payable


def test_a_refused_request_uses_the_session_of_a_concurrent_request(
    full_cart: Cart, sandbox: Sandbox, before_request: BeforeRequest
) -> None:
    order = place_order(full_cart)
    sandbox.faults.add(CREATE, kind="bad_request")
    before_request(CREATE, lambda: store_other_session(order))

    assert start_payment(order, return_urls=URLS).session_id == "cs_test_other"


def test_a_request_with_a_key_in_use_uses_the_concurrent_session(
    full_cart: Cart, sandbox: Sandbox, before_request: BeforeRequest
) -> None:
    order = place_order(full_cart)
    sandbox.faults.add(CREATE, kind="in_use", times=9)
    before_request(CREATE, lambda: store_other_session(order))

    assert start_payment(order, return_urls=URLS).session_id == "cs_test_other"


def test_a_request_with_a_key_in_use_waits_until_the_deadline_at_most(
    full_cart: Cart, sandbox: Sandbox, before_request: BeforeRequest
) -> None:
    order = place_order(full_cart)
    sandbox.faults.add(CREATE, kind="in_use", times=9)
    before_request(CREATE, lambda: time.sleep(3))
    began = time.monotonic()

    with deadline(5), pytest.raises(PaymentRetryable):
        start_payment(order, return_urls=URLS)

    assert time.monotonic() - began < 5.5


def store_other_session(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(
        session_id="cs_test_other",
        session_url="https://checkout.stripe.com/c/pay/cs_test_other",
        session_expires_at=timezone.now() + timedelta(hours=1),
    )


def test_an_order_that_waits_for_its_cancellation_is_not_paid_after_all(
    sandbox: Sandbox, pending: Order
) -> None:
    Order.objects.update(cancel_requested_at=timezone.now())

    assert resume_payment(pending, return_urls=URLS).status == "canceled"


def test_a_session_that_arrives_twice_is_stored_once(
    full_cart: Cart, sandbox: Sandbox, before_request: BeforeRequest
) -> None:
    order = place_order(full_cart)
    before_request(CREATE, lambda: start_payment(refreshed(order), return_urls=URLS))

    order = start_payment(order, return_urls=URLS)

    (session,) = sandbox.sessions
    assert order.session_id == session["id"]
    assert order.events.filter(kind="session").count() == 1


def test_the_session_of_an_order_being_canceled_is_stored_and_expired(
    full_cart: Cart, sandbox: Sandbox, before_request: BeforeRequest
) -> None:
    order = place_order(full_cart)

    def cancel_in_vain() -> None:
        sandbox.faults.add(CREATE, kind="unavailable", times=9)
        with pytest.raises(PaymentError):
            cancel_order(order)
        sandbox.faults.clear()

    before_request(CREATE, cancel_in_vain)

    order = start_payment(order, return_urls=URLS)

    (session,) = sandbox.sessions
    assert order.session_id == session["id"]
    assert (order.status, session["status"]) == ("canceled", "expired")
    assert order.events.filter(kind="session").count() == 1


# --- what stripe says -----------------------------------------------------------------------------


def test_an_order_that_is_always_overtaken_is_looked_at_later(
    sandbox: Sandbox, paid: Order, before_request: BeforeRequest
) -> None:
    sandbox.open_dispute(paid.session_id or "")
    sandbox.hold_deliveries = True
    recorded = (f"status {number}" for number in range(MAX_ATTEMPTS))

    before_request(
        DISPUTES,
        lambda: Dispute.objects.update(status=next(recorded)),
        times=MAX_ATTEMPTS,
    )

    with pytest.raises(PaymentRetryable):
        sync_order(paid)


@pytest.mark.parametrize("close", [close_missing_session, close_without_session])
def test_an_order_paid_by_a_concurrent_request_is_not_closed(
    sandbox: Sandbox, pending: Order, close: Callable[..., Order]
) -> None:
    sandbox.pay(pending.session_url)

    assert close(pending, by=BY_SYNC).status == "paid"


def test_an_order_of_nothing_is_paid_once(user: User, signals_sent: list[str]) -> None:
    order = OrderFactory(user=user, total=0)

    assert record_free_order(order, by=BY_SYNC).status == "paid"
    assert record_free_order(order, by=BY_SYNC).status == "paid"

    assert signals_sent == ["order_paid"]


def test_a_second_payment_is_noted_once(browser: Browser, sandbox: Sandbox, pending: Order) -> None:
    sandbox.pay(pending.session_url)
    session = gateway.retrieve_session(pending.session_id or "")
    Order.objects.update(session_id="cs_test_another")

    for _time in range(2):
        order = sync_order(pending, session=session)

    assert (order.session_id, issues(order)) == ("cs_test_another", ["unknown_money"])
    assert order.issues.get().about == session.id
    assert order.events.filter(kind="issue_opened").count() == 1


def test_a_dispute_that_moved_while_we_looked_is_looked_at_again(
    sandbox: Sandbox, paid: Order, before_request: BeforeRequest
) -> None:
    dispute = sandbox.open_dispute(paid.session_id or "")
    before_request(DISPUTES, lambda: Dispute.objects.update(status="warning_closed"))

    sync_order(paid)

    assert len([one for one in sandbox.requests if "/v1/disputes" in str(one)]) >= 2
    assert paid.disputes.get().status == dispute["status"]


def test_a_failed_refund_of_a_mismatched_payment_restores_the_status(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    Order.objects.update(total=1)  # what arrives is more than was asked for
    sandbox.pay(pending.session_url)
    order = refund_order(refreshed(pending))
    assert order.status == "refunded"

    sandbox.set_refund_status(sandbox.refunds[-1]["id"], "failed")

    order = refreshed(pending)
    assert (order.status, order.held_for) == ("processing", "amount_mismatch")
    assert issues(order) == ["amount_mismatch", "refund_failed"]


def test_a_refund_that_fails_and_is_canceled_is_one_failure(
    sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    sandbox.pay(pending.session_url)
    refund_order(refreshed(pending), 100)
    sandbox.set_refund_status(sandbox.refunds[-1]["id"], "failed")
    settle(pending, "refund_failed")
    Refund.objects.update(status="canceled")

    sync_order(refreshed(pending))

    assert Refund.objects.get().status == "failed"
    assert pending.events.filter(kind="refund_failed").count() == 1
    assert signals_sent.count("refund_failed") == 1
    assert issues(pending) == []


def test_a_refund_found_by_a_concurrent_sync_is_not_given_up(
    sandbox: Sandbox, paid: Order, before_request: BeforeRequest
) -> None:
    sandbox.faults.add(REFUND, kind="bad_request")
    before_request(REFUNDS, lambda: Refund.objects.update(status="succeeded"))

    with pytest.raises(PaymentError):
        refund_order(paid, 100)

    assert Refund.objects.get().status == "succeeded"


def test_a_refund_that_stripe_made_though_it_said_no_stands(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    """The SDK tries again by itself: the first attempt was carried out, and its answer lost."""
    sandbox.pay(pending.session_url)
    order = refreshed(pending)
    row = RefundFactory(order=order, amount=100)
    gateway.create_refund(
        order.payment_intent_id or "",
        amount=100,
        metadata={refund_requests.REFUND_KEY: str(row.key)},
        idempotency_key="the first attempt",
    )
    sandbox.faults.add(REFUND, kind="bad_request")

    refund_requests.send_refund(row, by=BY_SYNC)

    assert sync_order(order).amount_refunded == 100
    assert order.refunds.count() == 1


def test_a_refund_with_an_expired_idempotency_key_is_given_up(
    sandbox: Sandbox, paid: Order
) -> None:
    row = RefundFactory(order=paid, amount=100)
    Refund.objects.update(created=timezone.now() - timedelta(days=40))

    sync_order(paid)
    sync_order(paid)

    row.refresh_from_db()
    assert (row.status, issues(paid)) == ("failed", ["refund_not_made"])
    assert not sandbox.refunds


def test_a_refund_that_is_refused_when_it_is_sent_again_is_given_up(
    sandbox: Sandbox, paid: Order
) -> None:
    row = RefundFactory(order=paid, amount=100)
    sandbox.faults.add(REFUND, kind="bad_request")

    with pytest.raises(PaymentRefused):
        refund_order(paid, 100, key=row.key)

    row.refresh_from_db()
    assert (row.status, refreshed(paid).amount_refunded) == ("failed", 0)
    assert paid.events.filter(kind="refund_refused").count() == 1


def test_a_refund_that_a_concurrent_sync_finds_is_not_sent_again(
    sandbox: Sandbox, paid: Order, before_request: BeforeRequest
) -> None:
    """The list that is asked for before the refund is sent again lags behind."""
    row = RefundFactory(order=paid, amount=100)
    before_request(REFUNDS, lambda: Refund.objects.update(status="succeeded", stripe_id="re_1"))

    refund_requests.send_refund_again(row, by=BY_SYNC)

    assert not sandbox.refunds


def test_a_session_without_an_end_keeps_the_end_that_was_meant(
    full_cart: Cart, sandbox: Sandbox
) -> None:
    client = sandbox.http_client()
    send = client.request

    def request(*args: Any, **options: Any) -> Any:
        body, *rest = send(*args, **options)
        return (json.dumps({**json.loads(body), "expires_at": None}), *rest)

    client.request = request
    with transport(client):
        order = refreshed(start_payment(place_order(full_cart), return_urls=URLS))

    end = order.session_expires_at
    assert order.session_id == sandbox.sessions[0]["id"]
    assert end is not None
    assert int(end.timestamp()) == sandbox.sessions[0]["expires_at"]


def test_a_cancellation_without_an_answer_is_said_on_the_page(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.faults.add(EXPIRE, kind="timeout_before", times=9)

    answer = browser.client.post(f"{pending.get_absolute_url()}cancel/")

    assert "can't be reached" in messages_of(answer)[-1]
    assert browser.order.is_pending


def test_an_e_mail_claimed_by_another_process_is_skipped(
    paid: Order,
) -> None:
    OrderEmail.for_order(paid, "fulfilled").save()
    an_hour_ago = timezone.now() - timedelta(hours=1)
    OrderEmail.objects.update(created=an_hour_ago, due_at=an_hour_ago)
    sending = send_pending_emails()

    _email, was_sent = next(sending)
    OrderEmail.objects.update(claimed_at=timezone.now())

    assert was_sent
    assert list(sending) == []
    assert len(mail.outbox) == 1


def test_a_promise_about_an_order_that_is_gone_is_nothing(
    sandbox: Sandbox, pending: Order, caplog: pytest.LogCaptureFixture
) -> None:
    with committed(execute=True) as promises:
        sandbox.pay(pending.session_url)
        Order.objects.all().delete()

    assert promises
    assert mail.outbox == []
    assert caplog.text == ""


# --- the way to stripe, and what hosts say --------------------------------------------------------


def test_calls_go_out_over_http(full_cart: Cart, sandbox: Sandbox, settings: Any) -> None:
    order = place_order(full_cart)
    with sandbox.serve() as server, transport(DeadlineHTTPClient()):
        settings.STRIPE_CART_API_BASE = server.url

        assert start_payment(order, return_urls=URLS).is_payable


def test_an_address_that_is_none_gets_no_key(full_cart: Cart, settings: Any) -> None:
    settings.STRIPE_CART_API_BASE = "http://[::1"

    with pytest.raises(PaymentNotConfigured):
        start_payment(place_order(full_cart), return_urls=URLS)


def options_with_customer(order: Order) -> dict[str, Any]:
    return {"customer": "cus_1"}


def test_a_host_may_name_the_customer_instead_of_an_address(
    full_cart: Cart, sandbox: Sandbox, settings: Any
) -> None:
    settings.STRIPE_CART_SESSION_OPTIONS = f"{__name__}.options_with_customer"
    order = place_order(full_cart, email="a@example.com")

    with pytest.raises(PaymentRefused):  # the sandbox has no customers
        start_payment(order, return_urls=URLS)

    params = refreshed(order).session_params or {}
    assert params["customer"] == "cus_1"
    assert "customer_email" not in params


def test_what_is_not_counted_can_not_be_corrected(mug: Product) -> None:
    with override_settings(STRIPE_CART_PRODUCT_MODEL="auth.Group"):
        assert not stock.adjust(mug, seen=1, wanted=2)


def test_a_disabled_endpoint_with_missing_events_is_reported() -> None:
    endpoint = gateway.Endpoint(
        id="we_1",
        url="https://shop.example/",
        types=frozenset(),
        is_enabled=False,
        api_version="",
        created=timezone.now(),
    )

    disabled, missing = endpoint_problems(endpoint, default_version="")

    assert disabled == "It is disabled."
    assert "checkout.session.completed" in missing


def test_ids_are_compared_to_the_letter_on_mysql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "mysql")

    field = Order._meta.get_field("session_id")

    assert field.db_type(connection) == "varchar(255) COLLATE utf8mb4_bin"


@isolate_apps("django_stripe_cart")
def test_a_child_of_a_product_has_no_constraints_of_its_own() -> None:
    place = {"__module__": "django_stripe_cart.models", "pages": models.IntegerField()}
    book = type("Book", (Product,), place)

    assert book._meta.constraints == []


# --- words ----------------------------------------------------------------------------------------


def test_a_cart_may_be_too_large_for_one_payment() -> None:
    item = LineItem(name="Yacht", unit_amount=MAXIMUM_AMOUNT, currency="inr")
    lines = [CartLine(Product(pk=pk, name="Yacht"), 1, item, None) for pk in (1, 2)]

    with pytest.raises(CartError, match="too high"):
        CartContents(lines).raise_if_not_orderable()


def test_a_product_without_a_price_is_unavailable_whatever_was_shown(mug: Product) -> None:
    contents = CartContents([CartLine(mug, 1, None, None)])

    with pytest.raises(ProductUnavailable):
        contents.raise_if_not_orderable(f'[["{mug.pk}", 1, 100, "inr"]]')


def test_a_price_is_a_whole_number_that_stripe_takes() -> None:
    for unit_amount in (True, 1.5, "7", None):
        with pytest.raises(TypeError, match="smallest unit"):
            LineItem(name="Mug", unit_amount=unit_amount, currency="inr")  # type: ignore[arg-type]
    for unit_amount in (-1, MAXIMUM_AMOUNT + 1):
        with pytest.raises(AmountNotRepresentable):
            LineItem(name="Mug", unit_amount=unit_amount, currency="inr")


def test_an_e_mail_is_named_by_its_order_and_occasion(pending: Order) -> None:
    email = OrderEmail.for_order(pending, "refunded", refund=Refund(pk=7))

    assert str(email) == f"{pending.number}: refunded-7"
