"""The rows: what the database refuses, which moves are legal, and what survives a deletion."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django_fsm import ConcurrentTransition, TransitionNotAllowed

from django_stripe_cart.exceptions import AmountNotRepresentable, ProductUnavailable
from django_stripe_cart.line_items import LineItem
from django_stripe_cart.models import (
    Cart,
    CartItem,
    EventCursor,
    Order,
    OrderEvent,
    OrderItem,
    Product,
    Refund,
    WebhookEvent,
    WebhookRefusal,
    get_product_model,
)
from django_stripe_cart.models.cart import CartKey
from django_stripe_cart.models.fields import StripeIdField
from django_stripe_cart.testing.factories import (
    CartFactory,
    CartItemFactory,
    OrderFactory,
    RefundFactory,
    make_product,
)

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.django_db, pytest.mark.database]

Status = Order.Status


def make_order(**fields: Any) -> Order:
    return OrderFactory(**{"total": 49900, **fields})


def refused(write: Callable[[], object], *, by: type[Exception] = IntegrityError) -> bool:
    """Whether the database itself refuses a write; the test goes on in a savepoint."""
    try:
        with transaction.atomic():
            write()
    except by:
        return True
    return False


# --- carts ----------------------------------------------------------------------------------


def test_a_user_has_one_cart(cart: Cart) -> None:
    assert refused(lambda: Cart.objects.create(user=cart.user))


def test_a_token_has_one_cart() -> None:
    CartFactory(token="one")

    assert refused(lambda: Cart.objects.create(token="one"))


def test_there_are_as_many_carts_as_users_and_tokens(cart: Cart) -> None:
    CartFactory()
    CartFactory(token="one")
    CartFactory(token="two")

    assert Cart.objects.count() == 4


def test_a_cart_belongs_to_a_user_or_to_a_token(user: User) -> None:
    assert refused(lambda: Cart.objects.create())
    assert refused(lambda: Cart.objects.create(user=user, token="one"))


def test_a_cart_has_one_line_for_each_product(cart: Cart, mug: Product) -> None:
    CartItemFactory(cart=cart, product=mug)

    assert refused(lambda: CartItem.objects.create(cart=cart, product=mug, quantity=2))


def test_two_carts_may_hold_the_same_product(cart: Cart, mug: Product) -> None:
    other = CartFactory(token="one")

    CartItemFactory(cart=cart, product=mug)
    CartItemFactory(cart=other, product=mug)

    assert CartItem.objects.filter(product=mug).count() == 2


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_cart_line_holds_at_least_one(cart: Cart, mug: Product, quantity: int) -> None:
    assert refused(
        lambda: CartItem.objects.create(cart=cart, product=mug, quantity=quantity),
        by=DatabaseError,
    )


# --- products -------------------------------------------------------------------------------


def test_a_price_is_never_negative() -> None:
    assert refused(lambda: make_product("Mug", price="-0.01"))


def test_stock_is_never_negative(mug: Product) -> None:
    assert refused(lambda: Product.objects.update(stock=-1), by=DatabaseError)
    assert refused(lambda: Product.objects.update(stock=models.F("stock") - 11), by=DatabaseError)


def test_stock_may_be_nothing_or_uncounted() -> None:
    make_product("Gone", stock=0)
    make_product("Download", stock=None)

    assert set(Product.objects.values_list("stock", flat=True)) == {0, None}


def test_two_products_never_share_a_slug(mug: Product) -> None:
    assert refused(lambda: make_product("Mug"))


# --- orders ---------------------------------------------------------------------------------


def test_a_cart_has_one_open_order(cart: Cart) -> None:
    make_order(open_cart=cart)

    assert refused(lambda: make_order(open_cart=cart))


def test_a_cart_may_have_any_number_of_orders_that_are_not_open(cart: Cart) -> None:
    make_order(cart=cart, open_cart=None)
    make_order(cart=cart)
    make_order(cart=cart, status=Status.PAID)

    assert cart.orders.count() == 3


@pytest.mark.parametrize("status", [status for status in Status if status != Status.PENDING])
def test_only_a_pending_order_is_open(cart: Cart, status: str) -> None:
    assert refused(lambda: make_order(open_cart=cart, status=status))


def test_an_update_around_the_state_machine_cannot_leave_an_order_open(cart: Cart) -> None:
    make_order(open_cart=cart)

    assert refused(lambda: Order.objects.update(status=Status.PAID))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reference", uuid.UUID(int=1)),
        ("session_id", "cs_test_1"),
        ("payment_intent_id", "pi_1"),
    ],
)
def test_no_two_orders_share_an_identity(name: str, value: object) -> None:
    make_order(**{name: value})

    assert refused(lambda: make_order(**{name: value}))


def test_any_number_of_orders_may_have_no_session_and_no_payment_yet() -> None:
    make_order()
    make_order(user=None)

    assert Order.objects.filter(session_id=None, payment_intent_id=None).count() == 2


@pytest.mark.parametrize("name", ["total", "amount_paid", "amount_refunded"])
def test_an_orders_amounts_are_never_negative(name: str) -> None:
    assert refused(lambda: make_order(**{name: -1}))


def test_an_order_of_nothing_is_an_order() -> None:
    assert make_order(total=0).total == 0


@pytest.mark.parametrize(
    "wrong", [{"unit_amount": -1}, {"quantity": 0}, {"quantity": 1, "stock_taken": 2}]
)
def test_an_order_line_counts_up_and_takes_no_more_than_was_ordered(wrong: dict[str, int]) -> None:
    line = {"order": make_order(), "name": "Mug", "unit_amount": 1, "quantity": 1, **wrong}

    assert refused(lambda: OrderItem.objects.create(**line))


# --- refunds and webhooks -------------------------------------------------------------------


@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_is_of_something(amount: int) -> None:
    order = make_order()

    assert refused(lambda: Refund.objects.create(order=order, amount=amount))


@pytest.mark.parametrize(("name", "value"), [("key", uuid.UUID(int=1)), ("stripe_id", "re_1")])
def test_no_two_refunds_share_an_identity(name: str, value: object) -> None:
    order = make_order()
    RefundFactory(order=order, amount=1, **{name: value})

    assert refused(lambda: Refund.objects.create(order=order, amount=1, **{name: value}))


def test_any_number_of_refunds_may_not_be_known_to_stripe_yet() -> None:
    order = make_order()

    RefundFactory(order=order, amount=1)
    RefundFactory(order=order, amount=1)

    assert order.refunds.filter(stripe_id=None).count() == 2


def test_an_event_is_remembered_once() -> None:
    WebhookEvent.objects.create(event_id="evt_1", type="charge.refunded")

    assert refused(lambda: WebhookEvent.objects.create(event_id="evt_1", type="refund.created"))


def test_each_secret_key_has_one_cursor() -> None:
    EventCursor.objects.create(api_key_digest="a" * 16, seen_until=NOW)
    EventCursor.objects.create(api_key_digest="b" * 16, seen_until=NOW)

    assert refused(lambda: EventCursor.objects.create(api_key_digest="a" * 16, seen_until=NOW))


def test_event_ids_are_case_sensitive() -> None:
    WebhookEvent.objects.create(event_id="evt_CsA", type="charge.refunded")

    WebhookEvent.objects.create(event_id="evt_csa", type="charge.refunded")

    assert WebhookEvent.objects.get(event_id="evt_CsA").event_id == "evt_CsA"
    assert not WebhookEvent.objects.filter(event_id="EVT_CSA").exists()


@pytest.mark.parametrize("name", ["session_id", "payment_intent_id"])
def test_the_stripe_ids_of_orders_are_case_sensitive(name: str) -> None:
    make_order(**{name: "id_CsA"})

    other = make_order(**{name: "id_csa"})

    assert Order.objects.get(**{name: "id_csa"}) == other


def test_refund_ids_are_case_sensitive() -> None:
    order = make_order()
    RefundFactory(order=order, amount=1, stripe_id="re_CsA")

    other = RefundFactory(order=order, amount=1, stripe_id="re_csa")

    assert Refund.objects.get(stripe_id="re_csa") == other


def test_every_id_of_stripes_is_compared_byte_by_byte() -> None:
    theirs = {"session_id", "payment_intent_id", "stripe_id", "stripe_event_id", "event_id"}
    columns = [
        field
        for model in apps.get_app_config("stripe_cart").get_models()
        for field in model._meta.fields
        if field.name in {*theirs, "object_id"}
    ]

    assert {field.name for field in columns} == {*theirs, "object_id"}
    assert all(isinstance(field, StripeIdField) for field in columns)


@pytest.mark.not_on("mysql")  # there it has a collation
def test_a_stripe_id_has_no_collation_on_other_databases() -> None:
    assert not StripeIdField().db_parameters(connection).get("collation")


# --- what survives --------------------------------------------------------------------------


def test_orders_outlive_their_user_and_the_users_cart(user: User, cart: Cart) -> None:
    order = make_order(cart=cart)

    user.delete()

    order = Order.objects.get(pk=order.pk)
    assert (order.user, order.cart, order.open_cart) == (None, None, None)
    assert order.is_pending
    assert not Cart.objects.exists()


def test_deleting_a_user_locks_the_cart_before_the_orders(user: User, cart: Cart) -> None:
    make_order(cart=cart)

    with CaptureQueriesContext(connection) as statements:
        user.delete()

    writes = [sql for one in statements if not (sql := one["sql"]).startswith("SELECT")]
    first = next(sql for sql in writes if "stripe_cart_" in sql)
    assert re.match(r"UPDATE .stripe_cart_cart. SET .version. =", first)


def test_a_deleted_cart_takes_its_lines_and_leaves_its_orders(cart: Cart, mug: Product) -> None:
    CartItemFactory(cart=cart, product=mug)
    order = make_order(cart=cart, open_cart=cart)

    cart.delete()

    assert not CartItem.objects.exists()
    assert Order.objects.get(pk=order.pk).cart is None


def test_an_order_line_remembers_a_product_that_is_gone(cart: Cart, mug: Product) -> None:
    CartItemFactory(cart=cart, product=mug)
    line = OrderItem.objects.create(
        order=make_order(), product=mug, sku="mug", name="Mug", unit_amount=49900, quantity=2
    )

    mug.delete()

    line = OrderItem.objects.get(pk=line.pk)
    assert (line.product, line.sku, line.name, line.total) == (None, "mug", "Mug", 99800)
    assert not CartItem.objects.exists()


def test_an_order_with_a_refund_is_never_deleted() -> None:
    order = make_order()
    RefundFactory(order=order, amount=1)

    with pytest.raises(ProtectedError):
        order.delete()


def test_an_event_of_stripes_outlives_its_order() -> None:
    order = make_order()
    event = WebhookEvent.objects.create(event_id="evt_1", type="charge.refunded", order=order)

    order.delete()

    assert WebhookEvent.objects.get(pk=event.pk).order is None


def test_nothing_that_is_deleted_takes_an_order_with_it() -> None:
    foreign_keys = [field for field in Order._meta.fields if field.is_relation]

    assert {field.name for field in foreign_keys} == {"user", "cart", "open_cart"}
    assert all(field.remote_field.on_delete is models.SET_NULL for field in foreign_keys)


# --- the state and its legal moves ----------------------------------------------------------

# Written out from the drawing of an order's life in the docs.
MOVES = {
    "mark_processing": ("pending expired canceled failed refunded", "processing"),
    "mark_paid": ("pending processing expired canceled failed refunded", "paid"),
    "mark_failed": ("processing", "failed"),
    "mark_expired": ("pending", "expired"),
    "mark_canceled": ("pending", "canceled"),
    "mark_fulfilled": ("paid refunded", "fulfilled"),
    "mark_refunded": ("processing paid fulfilled", "refunded"),
}
NOW = timezone.now()


def make_move(order: Order, name: str) -> None:
    move = getattr(order, name)
    move() if name == "mark_processing" else move(at=NOW)


def test_the_legal_moves_are_those_of_the_design() -> None:
    moves = {
        (move.name, move.source, move.target)
        for move in Order._meta.get_field("status").get_all_transitions(Order)
    }

    assert moves == {
        (name, source, target)
        for name, (sources, target) in MOVES.items()
        for source in sources.split()
    }


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("name", MOVES)
def test_a_transition_allows_only_its_source_states(name: str, status: str) -> None:
    order = Order(status=status)
    sources, target = MOVES[name]

    if status in sources.split():
        make_move(order, name)
        assert order.status == target
    else:
        with pytest.raises(TransitionNotAllowed):
            make_move(order, name)
        assert order.status == status


def test_a_move_saves_nothing(cart: Cart) -> None:
    order = make_order(open_cart=cart)

    order.mark_paid(at=NOW)

    assert Order.objects.get(pk=order.pk).is_pending


@pytest.mark.parametrize("name", ["mark_processing", "mark_paid", "mark_expired", "mark_canceled"])
def test_a_pending_order_frees_its_slot_when_it_moves(cart: Cart, name: str) -> None:
    order = make_order(open_cart=cart)

    make_move(order, name)
    order.save()

    assert not Order.objects.open().exists()


def test_only_the_states_that_end_an_order_close_it() -> None:
    closing = {"mark_failed", "mark_expired", "mark_canceled", "mark_refunded"}

    for name, (sources, _target) in MOVES.items():
        order = Order(status=sources.split()[0], closed_at=NOW - timedelta(days=1))
        make_move(order, name)

        assert order.closed_at == (NOW if name in closing else None), name


def test_an_order_keeps_the_day_on_which_it_was_first_paid_and_fulfilled() -> None:
    order = Order(status=Status.PENDING)

    for moment in (NOW, NOW + timedelta(days=30)):
        order.mark_paid(at=moment)
        order.mark_fulfilled(at=moment)
        order.mark_refunded(at=moment)

    assert (order.paid_at, order.fulfilled_at) == (NOW, NOW)
    assert order.closed_at == NOW + timedelta(days=30)


def test_a_status_cannot_be_assigned() -> None:
    order = make_order()

    with pytest.raises(AttributeError):
        order.status = Status.PAID


def test_an_order_can_be_read_again_and_stays_protected(cart: Cart) -> None:
    order = make_order(open_cart=cart)
    Order.objects.update(status=Status.PAID, open_cart=None, amount_paid=49900)

    order.refresh_from_db()

    assert (order.status, order.amount_paid, order.open_cart) == (Status.PAID, 49900, None)
    with pytest.raises(AttributeError):
        order.status = Status.PENDING


def test_refreshing_an_order_keeps_other_orders_protected() -> None:
    order, other = make_order(), make_order()
    seen = []

    def look(execute: Any, *args: Any) -> Any:
        with pytest.raises(AttributeError):
            other.status = Status.PAID
        seen.append(Order._meta.get_field("status").protected)
        return execute(*args)

    with connection.execute_wrapper(look):
        order.refresh_from_db()

    assert seen
    assert all(seen)


def test_an_order_is_read_again_as_it_is_at_one_moment(django_assert_num_queries: Any) -> None:
    order = make_order()

    with django_assert_num_queries(1):
        order.refresh_from_db()


def test_an_order_that_is_gone_stays_protected_and_as_it_was() -> None:
    order, other = make_order(), make_order()
    order.mark_paid(at=NOW)
    Order.objects.filter(pk=order.pk).delete()

    with pytest.raises(Order.DoesNotExist):
        order.refresh_from_db()

    assert order.status == Status.PAID
    for each in (order, other):
        with pytest.raises(AttributeError):
            each.status = Status.FULFILLED


@pytest.mark.parametrize(
    "rows", [Order.objects.defer("status"), Order.objects.only("total")], ids=["defer", "only"]
)
def test_a_deferred_status_is_read_when_it_is_needed_and_protected(rows: Any) -> None:
    order = rows.get(pk=make_order(status=Status.PAID).pk)

    assert order.status == Status.PAID
    with pytest.raises(AttributeError):
        order.status = Status.PENDING


def test_what_was_deferred_stays_deferred_when_an_order_is_read_again() -> None:
    order = Order.objects.defer("session_params").get(pk=make_order().pk)
    Order.objects.update(status=Status.PAID, total=1)

    order.refresh_from_db()

    assert (order.status, order.total) == (Status.PAID, 1)
    assert order.get_deferred_fields() == {"session_params"}


def test_what_was_deferred_is_read_when_it_is_needed() -> None:
    order = Order.objects.defer("session_params", "email").get(
        pk=make_order(session_params={"mode": "payment"}).pk
    )
    order.mark_paid(at=NOW)

    assert order.session_params == {"mode": "payment"}
    assert order.status == Status.PAID


def test_one_field_can_be_read_again_without_losing_a_move() -> None:
    order = make_order()
    Order.objects.update(total=1)
    order.mark_paid(at=NOW)

    order.refresh_from_db(fields=["total"])
    order.refresh_from_db(None, ["currency"])
    order.refresh_from_db(fields=[])

    assert (order.status, order.total) == (Status.PAID, 1)


def test_only_the_status_can_be_read_again() -> None:
    order = make_order()
    Order.objects.update(status=Status.PAID, total=1)

    order.refresh_from_db(fields=(name for name in ["status"]))

    assert (order.status, order.total) == (Status.PAID, 49900)


def test_an_order_can_be_read_again_from_rows_of_a_callers_choice() -> None:
    order = make_order()

    with pytest.raises(Order.DoesNotExist):
        order.refresh_from_db(from_queryset=Order.objects.filter(status=Status.PAID))

    Order.objects.update(status=Status.PAID)
    order.refresh_from_db(from_queryset=Order.objects.filter(status=Status.PAID))
    assert order.status == Status.PAID


def test_a_stale_order_cannot_be_saved() -> None:
    order = make_order()
    stale = Order.objects.get(pk=order.pk)
    order.mark_paid(at=NOW)
    order.save()

    stale.mark_expired(at=NOW)
    with pytest.raises(ConcurrentTransition), transaction.atomic():
        stale.save()

    assert Order.objects.get(pk=order.pk).status == Status.PAID


def test_a_stale_order_cannot_be_saved_even_if_it_did_not_move() -> None:
    order = make_order()
    stale = Order.objects.get(pk=order.pk)
    order.mark_paid(at=NOW)
    order.save()

    stale.email = "new@example.com"
    with pytest.raises(ConcurrentTransition), transaction.atomic():
        stale.save(update_fields=["email"])


def test_an_order_can_be_saved_after_it_was_read_again() -> None:
    order = make_order()
    Order.objects.update(status=Status.PAID)

    order.refresh_from_db()
    order.mark_fulfilled(at=NOW)
    order.save()

    assert Order.objects.get(pk=order.pk).status == Status.FULFILLED


def test_an_order_can_be_moved_and_saved_more_than_once() -> None:
    order = make_order()

    for name in ("mark_paid", "mark_refunded", "mark_fulfilled"):
        make_move(order, name)
        order.save()

    assert Order.objects.get(pk=order.pk).status == Status.FULFILLED


# --- what can be asked ----------------------------------------------------------------------


def test_an_order_is_called_by_the_first_digits_of_its_reference() -> None:
    order = Order(reference=uuid.UUID("0a1b2c3d-0000-4000-8000-000000000000"))

    assert str(order) == order.number == "0A1B2C3D"
    assert order.get_absolute_url() == f"/shop/orders/{order.reference}/"


@pytest.mark.parametrize(
    ("fields", "is_payable"),
    [
        ({}, True),
        ({"status": Status.PROCESSING}, False),
        ({"session_url": ""}, False),
        ({"cancel_requested_at": NOW}, False),
        ({"session_expires_at": None}, False),
        ({"session_expires_at": NOW - timedelta(seconds=1)}, False),
    ],
)
def test_an_order_is_payable_while_it_is_pending_and_has_not_expired(
    fields: dict[str, Any], is_payable: bool
) -> None:
    session = {"session_url": "https://…", "session_expires_at": NOW + timedelta(hours=1)}

    assert Order(**{**session, **fields}).is_payable is is_payable


def test_pending_and_processing_orders_are_unsettled() -> None:
    unsettled = [status for status in Status if Order(status=status).is_unsettled]

    assert unsettled == [Status.PENDING, Status.PROCESSING]


def test_a_user_owns_only_their_own_orders(user: User) -> None:
    mine = make_order(user=user)
    make_order()
    make_order()

    assert list(Order.objects.owned_by(user)) == [mine]
    assert not Order.objects.owned_by(AnonymousUser()).exists()


def test_the_newest_order_comes_first() -> None:
    moments = [NOW, NOW - timedelta(days=1), NOW]
    first, second, third = [make_order(placed_at=moment) for moment in moments]

    assert list(Order.objects.newest_first()) == [third, first, second]


def test_cart_lines_are_found_by_user_or_by_token(cart: Cart, mug: Product) -> None:
    guest = CartFactory(token="one")
    mine = CartItemFactory(cart=cart, product=mug)
    theirs = CartItemFactory(cart=guest, product=mug)

    assert list(CartItem.objects.in_cart(CartKey(user_id=cart.user_id))) == [mine]
    assert list(CartItem.objects.in_cart(CartKey(token="one"))) == [theirs]
    assert list(CartItem.objects.in_cart(guest.key)) == [theirs]


def test_a_cart_line_knows_what_the_carts_own_open_order_holds(cart: Cart, mug: Product) -> None:
    CartItemFactory(cart=cart, product=mug, quantity=3)
    line = {"product": mug, "name": "Mug", "unit_amount": 1, "quantity": 3}
    closed = make_order(cart=cart, status=Status.EXPIRED)
    OrderItem.objects.create(order=closed, stock_taken=1, **line)

    assert CartItem.objects.with_products().get().held is None

    OrderItem.objects.create(order=make_order(open_cart=cart), stock_taken=2, **line)
    assert CartItem.objects.with_products().get().held == 2


def test_a_refund_that_failed_or_was_canceled_counts_no_more() -> None:
    order = make_order()
    for status in Refund.Status:
        RefundFactory(order=order, amount=1, status=status)

    standing = set(order.refunds.active().values_list("status", flat=True))

    assert standing == {"unknown", "pending", "requires_action", "succeeded"}


def test_a_product_says_what_it_sells(mug: Product) -> None:
    assert mug.as_line_item() == LineItem("Mug", 49900, "inr", sku="mug")


@pytest.mark.parametrize("price", [499, "499", "499.00"])
def test_a_product_that_was_just_made_has_the_price_that_it_was_given(price: Any) -> None:
    assert Product(name="Mug", price=price).as_line_item().unit_amount == 49900


def test_a_price_computed_in_floats_is_refused_instead_of_rounded() -> None:
    with pytest.raises(AmountNotRepresentable):
        Product(name="Mug", price=0.1 + 0.2).as_line_item()


def test_a_product_with_a_picture_says_where_it_is(mug: Product) -> None:
    mug.image.name = "products/mug.png"

    assert mug.as_line_item().image == "/media/products/mug.png"


def test_a_product_that_is_not_for_sale_says_so(mug: Product) -> None:
    mug.is_active = False

    with pytest.raises(ProductUnavailable):
        mug.as_line_item()


def test_a_price_that_the_currency_can_not_express_is_an_error(mug: Product) -> None:
    mug.price = Decimal("1.005")

    with pytest.raises(AmountNotRepresentable):
        mug.as_line_item()


def test_products_that_are_for_sale_can_be_listed(mug: Product) -> None:
    make_product("Retired", is_active=False)

    assert list(Product.objects.active()) == [mug]


def test_the_total_of_an_order_line_is_for_all_pieces() -> None:
    line = OrderItem(sku="mug", name="Mug", unit_amount=49900, quantity=2)

    assert line.total == 99800


def test_every_row_can_be_named(cart: Cart, mug: Product) -> None:
    order = make_order(reference=uuid.UUID(int=0xAB << 120))

    assert str(mug) == "Mug"
    assert str(cart) == f"Cart {cart.pk}"
    assert str(CartItem(cart=cart, product=mug, quantity=2)) == f"2x {mug.pk}"
    assert str(OrderItem(name="Mug", quantity=2)) == "2x Mug"
    assert str(Refund(order=order, amount=500)) == "AB000000 -500"
    assert str(OrderEvent(order=order, kind="paid")) == "AB000000: paid"
    assert str(WebhookEvent(event_id="evt_1", type="refund.failed")) == "refund.failed evt_1"
    assert str(EventCursor(api_key_digest="ab12", seen_until=NOW)) == f"ab12 until {NOW}"
    assert str(WebhookRefusal(refused_at=NOW, reason="It is old.")) == f"{NOW}: It is old."


# --- migrations -----------------------------------------------------------------------------


def test_the_migrations_are_complete() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_our_own_product_is_sold_unless_the_host_says_otherwise() -> None:
    assert get_product_model() is Product


BUILT_ON_OURS = """
    from django_stripe_cart.models import AbstractProduct


    class Poster(AbstractProduct):
        pass
"""
# The stock is a column of the parent's table.
A_CHILD = """
    from django.db import models
    from django_stripe_cart.models import AbstractProduct


    class Thing(AbstractProduct):
        pass


    class Poster(Thing):
        size = models.CharField(max_length=10)
"""
ITS_OWN = """
    from django.db import models
    from django_stripe_cart.line_items import LineItem


    class Poster(models.Model):
        stock_field = "copies"

        code = models.CharField(max_length=20, primary_key=True)
        copies = models.PositiveIntegerField()

        def as_line_item(self):
            return LineItem(name=self.code, unit_amount=900, currency="usd", sku=self.code)
"""
UNCOUNTED = ITS_OWN.replace('stock_field = "copies"', "stock_field = None")


@pytest.mark.parametrize(
    ("model", "fields", "field", "left"),
    [
        (BUILT_ON_OURS, {"name": "A", "slug": "a", "price": 9, "stock": 5}, "stock", 3),
        (A_CHILD, {"name": "A", "slug": "a", "price": 9, "stock": 5}, "stock", 3),
        (ITS_OWN, {"code": "A", "copies": 5}, "copies", 3),
        (UNCOUNTED, {"code": "A", "copies": 5}, "copies", 5),
    ],
    ids=["built on ours", "child", "its own", "uncounted"],
)
def test_a_host_can_sell_a_model_of_its_own(
    tmp_path: Path, model: str, fields: dict[str, Any], field: str, left: int
) -> None:
    # The app's label comes after ours in the alphabet: only a dependency has it migrated before.
    (tmp_path / "warehouse" / "migrations").mkdir(parents=True)
    (tmp_path / "warehouse" / "migrations" / "__init__.py").touch()
    (tmp_path / "warehouse" / "models.py").write_text(dedent(model))
    (tmp_path / "host.py").write_text(
        dedent(f"""
            SECRET_KEY = "host"
            INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes",
                              "django_stripe_cart", "warehouse"]
            DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3",
                                       "NAME": {str(tmp_path / "db.sqlite3")!r}}}}}
            DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
            SILENCED_SYSTEM_CHECKS = [f"stripe_cart.W00{{n}}" for n in range(1, 8)]
            STRIPE_CART_PRODUCT_MODEL = "warehouse.Poster"
            ROOT_URLCONF = "host"
            urlpatterns = []
        """)
    )
    script = dedent(f"""
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        call_command("makemigrations", "warehouse", verbosity=0)
        call_command("migrate", verbosity=0)
        call_command("makemigrations", "--check", "--dry-run", verbosity=0)
        tables = connection.introspection.table_names()
        assert "warehouse_poster" in tables and "stripe_cart_order" in tables, tables
        assert "stripe_cart_product" not in tables, tables

        from django_stripe_cart.cart import add_item, get_guest_cart
        from django_stripe_cart.checkout import cancel_order, place_order
        from warehouse.models import Poster

        poster = Poster.objects.create(**{fields!r})
        cart = get_guest_cart("one")
        add_item(cart, poster, 2)
        order = place_order(cart)
        assert (order.total, order.items.get().product) == (1800, poster), order.total
        left = Poster.objects.get().{field}
        order = cancel_order(order)
        print(order.status, left, Poster.objects.get().{field})
    """)

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "host",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, f"canceled {left} 5\n"), done.stderr


def test_a_state_is_named_in_the_language_of_the_reader() -> None:
    order = Order(status="paid")

    assert order.get_status_display() == "Paid"
    with translation.override("de"):
        assert order.get_status_display() == "Bezahlt"
    # Written by a later version that this one has come back from.
    assert Order(status="parked").get_status_display() == "parked"
