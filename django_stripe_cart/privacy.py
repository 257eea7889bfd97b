"""Export and removal of a person's data.

``person`` is a user, or a str with an e-mail address or a user name. A str stands for the users
with this address or name, and for the orders that guests placed with this address.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.database import in_transaction, lock_all
from django_stripe_cart.exceptions import OrderUnsettled
from django_stripe_cart.models import (
    Cart,
    CartItem,
    Order,
    OrderEmail,
    OrderEvent,
    OrderItem,
    Refund,
)
from django_stripe_cart.models.order_queryset import OrderQuerySet
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order, note

__all__ = ["anonymize_person", "export_person", "orders_of", "orders_with_same_email"]

Values = dict[str, Any]

# The message is a Stripe id, by which the same payment is not reported twice.
KINDS_WITH_KEPT_MESSAGE = ("unknown_money",)

FIELDS = (
    "number",
    "status",
    "currency",
    "total",
    "amount_paid",
    "amount_refunded",
    "email",
    "language",
    "receipt_url",
    "session_id",
    "payment_intent_id",
)
TIMESTAMPS = ("placed_at", "paid_at", "fulfilled_at", "cancel_requested_at", "closed_at")


def orders_of(person: Any) -> OrderQuerySet[Order]:
    """Return the orders that are certainly the person's.

    An order of another user is not, even with the same e-mail address: anyone can type one.
    """
    if not isinstance(person, str):
        return Order.objects.owned_by(person)
    theirs = Q(user__in=_find_users(person))
    if person:
        theirs |= Q(user=None, email__iexact=person)
    return Order.objects.filter(theirs)


def orders_with_same_email(person: Any) -> OrderQuerySet[Order]:
    """Return orders of other users with the person's e-mail address, to be reviewed by staff."""
    email = person if isinstance(person, str) else getattr(person, _email_field(), "")
    others = Order.objects.filter(email__iexact=email, user__isnull=False)
    return others.exclude(pk__in=orders_of(person).values("pk")) if email else others.none()


def carts_of(person: Any) -> list[Cart]:
    """Return the carts of the person's users, and those of their orders as a guest."""
    users = _find_users(person) if isinstance(person, str) else [person]
    guest_carts = orders_of(person).placed_by_guests().values("cart")
    carts = Cart.objects.filter(Q(user__in=users) | Q(pk__in=guest_carts, user=None))
    return list(carts.order_by("pk"))


def has_data_about(text: str) -> bool:
    """Whether ``text`` is the name or e-mail address of a user, or the address of an order."""
    found = orders_of(text).exists() or orders_with_same_email(text).exists()
    return found or bool(_find_users(text))


def export_person(person: Any) -> Values:
    """Return the stored data of the person, ready for ``json.dumps``.

    Amounts are ints in the currency's smallest unit. Names of staff are left out.
    """
    rows = ("items", "refunds", "events", "emails")
    orders = orders_of(person).prefetch_related(*rows).order_by("pk")
    return {
        "carts": [_export_cart(cart) for cart in carts_of(person)],
        "orders": [_export_order(order) for order in orders],
    }


def anonymize_person(person: Any, *, by: Cause = BY_STAFF) -> list[Order]:
    """Remove the person from their orders, delete their carts and return the orders.

    Amounts stay, for bookkeeping. Users are not deleted, nor is data at Stripe. Pending orders are
    canceled first. Raises ``OrderUnsettled`` if a payment is still processing, or ``PaymentError``
    if a pending order can't be closed at Stripe; nothing is removed then. Sends ``order_canceled``
    for each order that is canceled. ``by`` is a ``Cause``, noted on the timeline.
    """
    carts = [cart.pk for cart in carts_of(person)]
    orders = [_cancel_pending(order, by=by) for order in orders_of(person).order_by("pk")]
    orders = [_anonymize(order, by=by) for order in orders]
    _delete_carts(carts)
    return orders


def _email_field() -> str:
    return str(get_user_model().get_email_field_name())


def _find_users(text: str) -> list[Any]:
    model = get_user_model()
    lookups = {
        model.USERNAME_FIELD: model.USERNAME_FIELD,
        _email_field(): _email_field() + "__iexact",
    }
    names = {field.name for field in model._meta.get_fields()}
    conditions = (Q((lookup, text)) for name, lookup in lookups.items() if name in names)
    return list(model._default_manager.filter(reduce(or_, conditions))) if text else []


def _export_cart(cart: Cart) -> Values:
    items = CartItem.objects.filter(cart=cart).select_related("product")
    return {
        "created": cart.created.isoformat(),
        "modified": cart.modified.isoformat(),
        "items": [{"product": str(item.product), "quantity": item.quantity} for item in items],
    }


def _export_order(order: Order) -> Values:
    return {
        "reference": str(order.reference),
        **{name: getattr(order, name) for name in FIELDS},
        **{name: _as_text(getattr(order, name)) for name in TIMESTAMPS},
        "asked_of_stripe": order.session_params,
        "items": [_export_item(item) for item in order.items.all()],
        "refunds": [_export_refund(refund) for refund in order.refunds.all()],
        "timeline": [_export_event(event) for event in order.events.all()],
        "emails": [_export_email(email) for email in order.emails.all()],
    }


def _export_item(item: OrderItem) -> Values:
    names = ("sku", "name", "unit_amount", "quantity")
    return {name: getattr(item, name) for name in names}


def _export_refund(refund: Refund) -> Values:
    names = ("amount", "status", "reason", "source", "stripe_id")
    values = {name: getattr(refund, name) for name in names}
    return {"created": refund.created.isoformat(), **values}


def _export_event(event: OrderEvent) -> Values:
    names = ("kind", "from_status", "to_status", "source", "message")
    values = {name: getattr(event, name) for name in names}
    return {"created": event.created.isoformat(), **values}


def _export_email(email: OrderEmail) -> Values:
    """Return kind and times: neither the text nor the address is stored."""
    sent = _as_text(email.sent_at)
    return {"kind": email.kind, "created": email.created.isoformat(), "sent_at": sent}


def _as_text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _cancel_pending(order: Order, *, by: Cause) -> Order:
    """Cancel a pending order. Raises ``OrderUnsettled`` while a payment is processing."""
    order = cancel_order(order, by=by) if order.is_pending else order
    _check_settled(order)
    return order


def _check_settled(order: Order) -> None:
    if order.is_unsettled:
        values = {"number": order.number}
        raise OrderUnsettled(_("The payment for order %(number)s is not complete yet.") % values)


@in_transaction
def _anonymize(order: Order, *, by: Cause) -> Order:
    order = lock_order(order)
    _check_settled(order)
    order.user = order.cart = None
    order.by_guest = False  # so that it no longer opens by its URL
    order.email = order.receipt_url = order.session_url = ""
    order.session_params = {}  # a host's session options may contain personal data
    order.anonymized_at = timezone.now()
    order.save()
    order.refunds.update(reason="")
    order.events.update(actor="")
    order.events.exclude(kind__in=KINDS_WITH_KEPT_MESSAGE).update(message="")
    note(order, kind="anonymized", by=Cause(by.source))
    return order


@in_transaction
def _delete_carts(pks: Iterable[int]) -> None:
    carts = lock_all(Cart, pks)
    Cart.objects.filter(pk__in=carts, open_order=None).delete()
