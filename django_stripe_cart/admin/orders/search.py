"""Search for orders by e-mail, user, order number or Stripe id."""

from __future__ import annotations

import re
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from django_stripe_cart.models import Order, Refund, WebhookEvent

MAX_WORDS = 20  # databases limit the depth of a condition

NUMBER = re.compile(r"[0-9a-f]{4,8}")
REFERENCE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find_orders(orders: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Return the orders in ``orders`` that match every word of ``text``.

    A word can be a part of the e-mail address or of the user name. It can be the order's number or
    reference. It can be the Stripe id of the order's session, or of a payment, refund or event.
    With more than 20 words, no order is returned.
    """
    words = text.split()
    if len(words) > MAX_WORDS:
        return orders.none()
    for word in words:
        orders = orders.filter(_match_word(word))
    return orders


def _match_word(word: str) -> Q:
    """Return the condition for orders that match one word of the search."""
    kind = "" if "@" in word else word.partition("_")[0]
    if kind in ("cs", "pi"):  # ids are indexed, e-mails are not
        return Q(session_id=word) | Q(payment_intent_id=word)
    if kind in ("re", "pyr"):
        return Q(pk__in=Refund.objects.filter(stripe_id=word).values("order"))
    if kind == "evt":
        return Q(pk__in=WebhookEvent.objects.filter(event_id=word).values("order"))
    name = get_user_model().USERNAME_FIELD
    return (
        Q(email__icontains=word)
        | Q(**{f"user__{name}__icontains": word})
        | _match_reference(word.lower().removeprefix("#"))
    )


def _match_reference(word: str) -> Q:
    """Return the condition for orders with this reference or number.

    The reference must be complete. The number may be incomplete, but must have at least four
    digits.
    """
    if REFERENCE.fullmatch(word):
        return Q(reference=UUID(word))
    if NUMBER.fullmatch(word):
        return Q(reference__startswith=word)
    return Q(pk__in=())
