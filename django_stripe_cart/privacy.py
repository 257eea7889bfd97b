"""Export and removal of a person's data.

``person`` is a user, or a str with an e-mail address or a user name. A str selects all users with
this address or name, and all orders that guests placed with this address.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.database import in_transaction, lock_all
from django_stripe_cart.exceptions import OrderUnsettled
from django_stripe_cart.models import Cart, CartItem, Order, OrderEvent, Refund
from django_stripe_cart.models.order_queryset import OrderQuerySet
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order, note

__all__ = ["anonymize_person", "export_person", "orders_of", "orders_with_same_email"]

ORDER_FIELDS = (
    "number",
    "status",
    "currency",
    "total",
    "amount_paid",
    "amount_refunded",
    "amount_shipping",
    "held_for",
    "email",
    "language",
    "receipt_url",
    "session_id",
    "payment_intent_id",
    "placed_at",
    "paid_at",
    "fulfilled_at",
    "cancel_requested_at",
    "closed_at",
)
REFUND_FIELDS = ("created", "amount", "status", "reason", "source", "stripe_id")
# The text and the address of an e-mail are not stored.
EMAIL_FIELDS = ("kind", "created", "sent_at")
EVENT_FIELDS = ("created", "kind", "from_status", "to_status", "source", "message", "about")
ISSUE_FIELDS = ("reason", "about", "opened", "settled", "note")
DISPUTE_FIELDS = ("stripe_id", "status", "reason", "amount", "due_by", "opened", "closed")


def orders_of(person: Any) -> OrderQuerySet[Order]:
    """Return the orders that belong to ``person``.

    Orders of other users with the same e-mail address are not returned, because a shopper can enter
    any address.
    """
    if not isinstance(person, str):
        return Order.objects.owned_by(person)
    placed_by_guest = _with_email(Order.objects.filter(user=None), person)
    return Order.objects.filter(Q(user__in=_find_users(person)) | Q(pk__in=placed_by_guest))


def orders_with_same_email(person: Any) -> OrderQuerySet[Order]:
    """Return the orders that other users placed with the person's e-mail address.

    Staff should review them.
    """
    email = person if isinstance(person, str) else getattr(person, _email_field(), "")
    others = Order.objects.filter(pk__in=_with_email(Order.objects.exclude(user=None), email))
    return others.exclude(pk__in=orders_of(person).values("pk"))


def carts_of(person: Any) -> list[Cart]:
    """Return the carts of ``person``, including those from which the person ordered as a guest."""
    users = _find_users(person) if isinstance(person, str) else [person]
    guest_carts = orders_of(person).placed_by_guests().values("cart")
    carts = Cart.objects.filter(Q(user__in=users) | Q(pk__in=guest_carts, user=None))
    return list(carts.order_by("pk"))


def has_data_about(text: str) -> bool:
    """Return whether a user or an order has ``text`` as user name or e-mail address."""
    found = orders_of(text).exists() or orders_with_same_email(text).exists()
    return found or bool(_find_users(text))


def export_person(person: Any) -> dict[str, Any]:
    """Return the stored data of the person as a dict for ``json.dumps``.

    Amounts are ints in the smallest currency unit. Names of staff are left out.
    """
    rows = ("items", "refunds__items__order_item", "events", "emails", "issues", "disputes")
    orders = orders_of(person).prefetch_related(*rows).order_by("pk")
    return {
        "carts": [_export_cart(cart) for cart in carts_of(person)],
        "orders": [_export_order(order) for order in orders],
    }


def anonymize_person(person: Any, *, by: Cause = BY_STAFF) -> list[Order]:
    """Remove personal data from a person's orders, delete the person's carts and return the orders.

    The orders keep their amounts for bookkeeping. User accounts and data at Stripe are not deleted.
    Pending orders are canceled first, which sends ``order_canceled``. ``by`` (a ``Cause``) is
    written to the timelines.

    Raises ``OrderUnsettled`` if a payment is still processing, or ``PaymentError`` if a pending
    order can't be canceled at Stripe. In both cases, no data is removed.
    """
    carts = [cart.pk for cart in carts_of(person)]
    orders = [_cancel_if_pending(order, by=by) for order in orders_of(person).order_by("pk")]
    orders = [_anonymize(order, by=by) for order in orders]
    _delete_carts(carts)
    return orders


def _email_field() -> str:
    """Return the name of the user model's e-mail field."""
    return str(get_user_model().get_email_field_name())


def _find_users(text: str) -> list[Any]:
    """Return the users with ``text`` as user name or e-mail address."""
    model = get_user_model()
    lookups = {
        model.USERNAME_FIELD: model.USERNAME_FIELD,
        _email_field(): _email_field() + "__iexact",
    }
    names = {field.name for field in model._meta.get_fields()}
    conditions = (Q((lookup, text)) for name, lookup in lookups.items() if name in names)
    users = model._default_manager.filter(reduce(or_, conditions)) if text else ()
    return [
        user
        for user in users
        if user.get_username() == text or is_same_email(getattr(user, _email_field(), ""), text)
    ]


def _with_email(orders: OrderQuerySet[Order], email: str) -> list[int]:
    """Return the primary keys of the ``orders`` with this e-mail address."""
    found = orders.filter(email__iexact=email).values_list("pk", "email") if email else ()
    return [pk for pk, other in found if is_same_email(other, email)]


def is_same_email(one: str | None, other: str) -> bool:
    """Return whether two e-mail addresses are the same, apart from upper and lower case.

    A database may also take é for e, so that the data of greta@example.net would be found for
    gréta@example.net (CVE-2019-19844, docs.djangoproject.com/en/stable/releases/3.0.1).
    """
    return _normalize(one or "") == _normalize(other)


def _normalize(text: str) -> str:
    """Return ``text`` in the form in which Unicode compares identifiers without case."""
    return unicodedata.normalize("NFKC", text).casefold()


def _export_cart(cart: Cart) -> dict[str, Any]:
    """Return the stored data of a cart and its items."""
    items = CartItem.objects.filter(cart=cart).select_related("product")
    return {
        **_read_fields(cart, "created", "modified"),
        "items": [{"product": str(item.product), "quantity": item.quantity} for item in items],
    }


def _export_order(order: Order) -> dict[str, Any]:
    """Return the stored data of an order and of the rows about it, such as its refunds."""
    items = order.items.all()
    return {
        "reference": str(order.reference),
        **_read_fields(order, *ORDER_FIELDS),
        "asked_of_stripe": order.session_params,
        "items": [_read_fields(item, "sku", "name", "unit_amount", "quantity") for item in items],
        "refunds": [_export_refund(refund) for refund in order.refunds.all()],
        "disputes": [_read_fields(dispute, *DISPUTE_FIELDS) for dispute in order.disputes.all()],
        "issues": [_read_fields(issue, *ISSUE_FIELDS) for issue in order.issues.all()],
        "timeline": [_read_fields(event, *EVENT_FIELDS) for event in order.events.all()],
        "emails": [_read_fields(email, *EMAIL_FIELDS) for email in order.emails.all()],
    }


def _export_refund(refund: Refund) -> dict[str, Any]:
    """Return the stored data of a refund and of its items."""
    items = refund.items.all()
    return {
        **_read_fields(refund, *REFUND_FIELDS),
        "items": [{"name": item.order_item.name, "quantity": item.quantity} for item in items],
    }


def _read_fields(row: models.Model, *names: str) -> dict[str, Any]:
    """Return a dict of attribute names to their values, with datetimes as ISO 8601 text."""
    values = {name: getattr(row, name) for name in names}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _cancel_if_pending(order: Order, *, by: Cause) -> Order:
    """Cancel ``order`` if it is pending, and return it.

    Raises ``OrderUnsettled`` if the order may still be paid.
    """
    order = cancel_order(order, by=by) if order.is_pending else order
    _raise_if_unsettled(order)
    return order


def _raise_if_unsettled(order: Order) -> None:
    """Raise ``OrderUnsettled`` if the payment of ``order`` may still succeed or fail."""
    if order.is_unsettled:
        values = {"number": order.number}
        raise OrderUnsettled(_("The payment for order %(number)s is not complete yet.") % values)


@in_transaction
def _anonymize(order: Order, *, by: Cause) -> Order:
    """Remove personal data from the order. Raises ``OrderUnsettled`` if it may still be paid."""
    order = lock_order(order)
    _raise_if_unsettled(order)
    order.user = order.cart = None
    order.by_guest = False  # so that it no longer opens by its URL
    order.email = order.receipt_url = order.session_url = ""
    order.session_params = {}  # a host's session options may contain personal data
    order.anonymized_at = timezone.now()
    order.save()
    order.refunds.update(reason="")
    order.events.update(actor="", message="")
    order.webhook_events.exclude(acknowledged_by="").update(acknowledged_by=OrderEvent.Source.STAFF)
    order.issues.exclude(settled_by="").update(settled_by=OrderEvent.Source.STAFF, note="")
    note(order, kind="anonymized", by=Cause(by.source))
    return order


@in_transaction
def _delete_carts(pks: Iterable[int]) -> None:
    """Lock the carts with these primary keys, and delete those without an open order."""
    carts = lock_all(Cart, pks)
    Cart.objects.filter(pk__in=carts, open_order=None).delete()
