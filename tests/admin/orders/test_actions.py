"""Actions on orders: each asks for confirmation first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.core import mail
from django.db import connection
from django.test import Client

from django_stripe_cart.admin import OrderAdmin
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.http_client import SandboxClient
from django_stripe_cart.testing.factories import OrderFactory, make_product
from tests.admin.conftest import VERBS, RegisterOrderAdmin, StaffClientWith
from tests.admin.pages import fields, post, press, read, url
from tests.support.emails import failing_mail_server
from tests.support.orders import issues, refreshed

MakeOrder = Callable[..., Order]

DISPUTED = "4000000000000259"


def actors(order: Order, kind: str) -> list[tuple[str, str]]:
    return list(order.events.filter(kind=kind).values_list("source", "actor"))


# --- one order --------------------------------------------------------------------------------


def test_looking_at_the_page_that_asks_does_nothing(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    orders = [make_order("pending"), make_order("paid")]
    for order in orders:
        order.issues.create(reason="refund_failed")
    before = list(Order.objects.values())
    calls = len(sandbox.requests)

    for order in orders:
        for verb in VERBS:
            staff_client.get(url(verb, Order, order.pk))

    assert list(Order.objects.values()) == before
    assert len(sandbox.requests) == calls


def test_an_order_is_fulfilled(staff_client: Client, paid: Order, signals_sent: list[str]) -> None:
    said = press(staff_client, url("fulfill", Order, paid.pk))

    assert refreshed(paid).status == "fulfilled"
    assert actors(paid, "fulfilled") == [("staff", "clerk")]
    assert said == [f"Order {paid.number}: completed."]
    assert signals_sent == ["order_fulfilled"]


def test_a_form_that_is_sent_twice_fulfills_once(
    staff_client: Client, paid: Order, signals_sent: list[str]
) -> None:
    address = url("fulfill", Order, paid.pk)
    form = fields(read(staff_client, address))

    assert post(staff_client, address, form) == post(staff_client, address, form)

    assert signals_sent == ["order_fulfilled"]


def test_the_e_mail_is_sent_again(staff_client: Client, paid: Order) -> None:
    said = press(staff_client, url("email", Order, paid.pk))

    assert said == [f"Order {paid.number}: sent to {paid.email}."]
    assert [message.to for message in mail.outbox] == [[paid.email]]
    assert actors(paid, "email_sent") == [("staff", "clerk")]
    assert "E-mail sent: Paid" in read(staff_client, url("change", Order, paid.pk))


def test_a_mail_server_that_refuses_is_said(
    staff_client: Client, paid: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing_mail_server(monkeypatch):
        said = press(staff_client, url("email", Order, paid.pk))

    assert said == [f"Order {paid.number}: The e-mail could not be sent."]
    assert actors(paid, "email_failed") == [("staff", "clerk")]


def test_an_order_is_canceled(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox, mug: Product
) -> None:
    order = make_order("pending", items={mug: 2})

    said = press(staff_client, url("cancel", Order, order.pk))

    assert refreshed(order).status == "canceled"
    assert sandbox.sessions[0]["status"] == "expired"
    assert actors(order, "cancel_requested") == [("staff", "clerk")]
    assert said == [f"Order {order.number}: canceled."]
    mug.refresh_from_db()
    assert mug.stock == 10


def test_money_that_was_faster_than_a_cancellation_is_said(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("pending")
    sandbox.hold_deliveries = True
    address = url("cancel", Order, order.pk)
    form = fields(read(staff_client, address))
    sandbox.pay(order.session_url)

    said = post(staff_client, address, form)

    assert refreshed(order).status == "paid"
    assert said == [f"Order {order.number}: not canceled, because its status is “Paid”."]


def test_an_order_that_waits_for_a_person_is_accepted(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("pending")
    Order.objects.update(total=1)
    sandbox.pay(order.session_url)
    assert "the order becomes paid" in read(staff_client, url("settle", Order, order.pk))

    said = press(staff_client, url("settle", Order, order.pk))

    assert (refreshed(order).status, issues(order)) == ("paid", [])
    assert order.issues.get().settled_by == "clerk"
    assert actors(order, "paid") == [("staff", "clerk")]
    assert said == [f"Order {order.number}: settled; the order's status is “Paid”."]


def test_an_issue_of_a_paid_order_is_settled(staff_client: Client, paid: Order) -> None:
    paid.issues.create(reason="refund_failed")
    assert "Refund again" in read(staff_client, url("settle", Order, paid.pk))

    press(staff_client, url("settle", Order, paid.pk))

    assert (refreshed(paid).status, issues(paid)) == ("paid", [])
    assert paid.issues.get().settled_by == "clerk"


def test_an_order_without_its_goods_is_not_accepted_and_it_is_said_why(
    staff_client: Client, make_order: MakeOrder, mug: Product
) -> None:
    order = make_order("processing", items={mug: 1})
    Order.objects.update(held_for="paid_without_stock", amount_paid=1)
    order.issues.create(reason="paid_without_stock")
    order.items.update(stock_taken=0)
    Product.objects.update(stock=0)

    said = press(staff_client, url("settle", Order, order.pk))

    assert (refreshed(order).status, issues(order)) == ("processing", ["paid_without_stock"])
    assert said == [f"Order {order.number}: There is not enough of “Mug” left."]


def test_an_order_is_looked_up_at_stripe(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("pending")
    sandbox.hold_deliveries = True
    sandbox.pay(order.session_url)

    said = press(staff_client, url("sync", Order, order.pk))

    assert refreshed(order).status == "paid"
    assert actors(order, "paid") == [("staff", "clerk")]
    assert said == [f"Order {order.number}: up to date; its status is “Paid”."]


@pytest.mark.parametrize("verb", ["cancel", "sync"])
def test_what_stripe_does_not_answer_is_a_message_and_no_stack_trace(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox, verb: str
) -> None:
    order = make_order("pending")
    sandbox.faults.add("* /v1/checkout/sessions/*", kind="timeout_before", times=None)

    (said,) = press(staff_client, url(verb, Order, order.pk))

    assert said.startswith(f"Order {order.number}: The payment service can't be reached")
    assert refreshed(order).status == "pending"


@pytest.mark.parametrize("verb", ["refund", "cancel", "settle", "fulfill", "sync"])
def test_what_makes_no_sense_any_more_is_said_instead_of_asked(
    staff_client: Client, make_order: MakeOrder, verb: str
) -> None:
    order = make_order("canceled")
    Order.objects.update(session_id=None)

    answer = staff_client.get(url(verb, Order, order.pk), follow=True)

    assert answer.redirect_chain == [(url("change", Order, order.pk), 303)]
    assert "is not possible at the moment." in answer.content.decode()


def test_what_makes_no_sense_is_refused_by_the_verb_as_well(
    staff_client: Client, make_order: MakeOrder
) -> None:
    order = make_order("pending")

    said = post(staff_client, url("fulfill", Order, order.pk), {})

    assert said == [f"Order {order.number}: Only a paid order can be completed."]
    assert refreshed(order).status == "pending"


@pytest.mark.parametrize("verb", VERBS)
def test_only_a_post_from_the_page_itself_counts(
    paid: Order, staff_client_with: StaffClientWith, verb: str
) -> None:
    staff_client_with("view_order", f"{verb}_order")
    strange = Client(enforce_csrf_checks=True)
    strange.force_login(User.objects.latest("pk"))

    assert strange.post(url(verb, Order, paid.pk)).status_code == 403
    assert strange.put(url(verb, Order, paid.pk)).status_code == 403


# --- several ----------------------------------------------------------------------------------


def choose(staff_client: Client, verb: str, *orders: Order) -> str:
    """Tick orders in the list, choose an action, and return the address of the page that asks."""
    form = {"action": f"{verb}_selected", "_selected_action": [order.pk for order in orders]}
    answer = staff_client.post(url("changelist"), form)
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def test_several_are_fulfilled_and_the_others_are_left_out(
    staff_client: Client, make_order: MakeOrder
) -> None:
    orders = [make_order("paid"), make_order("paid"), make_order("pending")]

    address = choose(staff_client, "fulfill", *orders)
    page = read(staff_client, address)

    assert "Mark as completed: 2 orders" in page
    assert "1 selected order is skipped" in page
    assert orders[2].number not in page

    form = fields(page)
    only_those = f"?ids={orders[1].pk},{orders[0].pk}"
    assert f'action="{only_those}"' in page
    said = post(staff_client, url("fulfill_selected") + only_those, form)

    assert [refreshed(order).status for order in orders] == ["fulfilled", "fulfilled", "pending"]
    assert said == ["Mark as completed: done for 2 orders."]


def test_several_are_refunded_each_what_is_left_of_it(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    orders = [make_order("paid"), make_order("paid")]
    sandbox.refund(orders[0].session_id, 4000)
    address = choose(staff_client, "refund", *orders)

    said = press(staff_client, address, reason="Recalled", restock="on")

    assert {refreshed(order).status for order in orders} == {"refunded"}
    assert sorted(refund["amount"] for refund in sandbox.refunds) == [4000, 6000, 10000]
    assert said == ["Refund: done for 2 orders."]
    assert {item.stock_taken for order in orders for item in order.items.all()} == {0}
    assert orders[1].refunds.get().actor == "clerk"


def test_it_is_said_what_will_go_back_of_several_in_each_currency(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox, settings: Any
) -> None:
    orders = [make_order("paid"), make_order("paid")]
    sandbox.refund(orders[0].session_id, 4000)
    assert "In total, ₹160.00 will be refunded." in read(
        staff_client, choose(staff_client, "refund", *orders)
    )
    settings.STRIPE_CART_CURRENCY = "eur"
    orders.append(make_order("paid"))

    page = read(staff_client, choose(staff_client, "refund", *orders))

    assert "In total, €100.00 + ₹160.00 will be refunded." in page
    assert "will be refunded" not in read(staff_client, choose(staff_client, "refund", orders[0]))
    assert "will be refunded" not in read(staff_client, choose(staff_client, "fulfill", *orders))


def test_what_stripe_would_refuse_is_left_out_with_its_reason(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    orders = [make_order("paid"), make_order("pending"), make_order("pending")]
    sandbox.pay(orders[2].session_url, card=DISPUTED)
    sandbox.close_dispute(sandbox.disputes[0], won=True)
    sandbox.pay(orders[1].session_url, card=DISPUTED)

    page = read(staff_client, choose(staff_client, "refund", *orders))

    reason = f"Order {orders[1].number}: The payment is disputed, so Stripe refuses refunds."
    assert "Refund: 2 orders" in page
    assert "1 selected order is skipped" in page
    assert reason in page
    assert "In total, ₹200.00 will be refunded." in page
    post(staff_client, url("refund_selected") + f"?ids={orders[0].pk},{orders[2].pk}", fields(page))
    assert [refreshed(order).status for order in orders] == ["refunded", "paid", "refunded"]


def test_refunding_only_disputed_orders_shows_why_it_is_impossible(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("pending")
    sandbox.pay(order.session_url, card=DISPUTED)

    answer = staff_client.get(choose(staff_client, "refund", order))

    said = [str(message) for message in get_messages(answer.wsgi_request)]
    assert said[-1] == f"Order {order.number}: The payment is disputed, so Stripe refuses refunds."
    answer = staff_client.get(url("refund", Order, order.pk), follow=True)
    assert "The payment is disputed, so Stripe refuses refunds." in answer.content.decode()
    assert "/refund/" not in read(staff_client, url("change", Order, order.pk))


def test_a_form_for_several_that_is_sent_twice_refunds_each_once(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    orders = [make_order("paid"), make_order("paid")]
    address = choose(staff_client, "refund", *orders)
    form = fields(read(staff_client, address))

    assert post(staff_client, address, form) == post(staff_client, address, form)

    assert len(sandbox.refunds) == 2


def test_a_failed_order_does_not_stop_the_others(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    orders = [make_order("paid"), make_order("paid")]
    address = choose(staff_client, "refund", *orders)
    form = fields(read(staff_client, address))
    sandbox.refund(orders[1].session_id)

    said = post(staff_client, address, form)

    assert said == [
        "Refund: done for 1 order.",
        f"Order {orders[1].number}: There is nothing left to refund.",
    ]


def test_many_failures_are_counted_instead_of_listed(staff_client: Client, db: None) -> None:
    orders = [OrderFactory(total=1, status="paid") for _ in range(12)]
    address = choose(staff_client, "fulfill", *orders)
    form = fields(read(staff_client, address))
    Order.objects.update(status="failed")

    said = post(staff_client, address, form)

    assert len(said) == 12
    assert said[0] == "Mark as completed: done for 0 orders."
    assert said[-1] == "And 2 more."


@pytest.fixture
def pass_time() -> Iterator[Callable[[float], None]]:
    """A function that lets seconds pass."""
    passed = 0.0
    monotonic = time.monotonic

    def pass_time(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    with patch("time.monotonic", lambda: monotonic() + passed):
        yield pass_time


def test_orders_not_tried_because_stripe_is_slow_are_listed(
    staff_client: Client,
    make_order: MakeOrder,
    sandbox: Sandbox,
    pass_time: Callable[[float], None],
) -> None:
    orders = [make_order("pending"), make_order("pending")]
    address = choose(staff_client, "sync", *orders)

    def answer_slowly(*request: Any) -> Any:
        pass_time(20)
        return sandbox.handle(*request)

    with transport(SandboxClient(answer_slowly)):
        said = press(staff_client, address)

    assert said == [
        "Sync now: done for 1 order.",
        f"Order {orders[0].number}: Stripe is responding too slowly, so this was not attempted.",
    ]


@pytest.mark.database
def test_orders_not_tried_because_the_database_is_slow_are_listed(
    staff_client: Client, make_order: MakeOrder, pass_time: Callable[[float], None]
) -> None:
    orders = [make_order("pending"), make_order("pending")]
    address = choose(staff_client, "sync", *orders)

    def wait_for_order(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.replace("`", '"').startswith('UPDATE "stripe_cart_order"'):
            pass_time(20)
        return execute(sql, *rest)

    with connection.execute_wrapper(wait_for_order):
        said = press(staff_client, address)

    assert said == [
        "Sync now: done for 1 order.",
        f"Order {orders[0].number}: The shop is very busy at the moment. Please try again.",
    ]


def test_a_hundred_at_once_are_enough(staff_client: Client, db: None) -> None:
    Order.objects.bulk_create(Order(currency="inr", total=1, status="paid") for _ in range(101))
    form = {
        "action": "fulfill_selected",
        "_selected_action": [Order.objects.latest("pk").pk],
        "select_across": "1",
    }

    page = staff_client.post(url("changelist"), form, follow=True).content.decode()

    assert "Please choose at most 100 at once." in page
    assert not Order.objects.filter(status="fulfilled").exists()


@pytest.mark.parametrize("ids", ["", "x", "1,", "-1", "1" * 30, ",".join(["1"] * 101), "0", "٣"])
def test_an_address_without_valid_order_ids_is_not_found(
    staff_client: Client, paid: Order, ids: str
) -> None:
    address = url("refund_selected")

    assert staff_client.get(address, {"ids": ids}).status_code == 404
    assert staff_client.post(f"{address}?ids={ids}", {}).status_code == 404


def test_one_order_that_was_chosen_in_the_list_can_be_refunded_in_part(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("paid", items={make_product("Vase", price="80.00"): 1})

    said = press(staff_client, choose(staff_client, "refund", order), amount="12.50")

    assert refreshed(order).amount_refunded == 1250
    assert said == [f"Order {order.number}: ₹12.50 refunded."]


def test_the_rows_a_host_hides_are_out_of_reach(
    staff_client: Client, paid: Order, register_order_admin: RegisterOrderAdmin
) -> None:
    class Orders(OrderAdmin):
        def get_queryset(self, request: Any) -> Any:
            return Order.objects.none()

    register_order_admin(Orders)

    assert staff_client.get(url("refund", Order, paid.pk)).status_code == 404
    assert staff_client.get(url("change", Order, paid.pk)).status_code == 404
    assert staff_client.get(url("refund_selected"), {"ids": paid.pk}).status_code == 404
