"""Receivers of Django's signals about the deletion and the login of a user."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from django_stripe_cart.database import after_commit, lock_where
from django_stripe_cart.models import Cart


# Only a receiver of pre_delete runs before Django deletes the rows that refer to the user.
@receiver(pre_delete, sender=settings.AUTH_USER_MODEL, dispatch_uid="stripe_cart_lock_cart")
def lock_cart_first(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Lock the user's cart before Django deletes the cart's items and updates the user's orders.

    All other code locks the cart first, too; a different order of locks could cause a deadlock.
    """
    with suppress(Cart.DoesNotExist):
        lock_where(Cart, {"user": instance.pk})


@receiver(user_logged_in, dispatch_uid="stripe_cart_merge_guest")
def merge_guest_on_login(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """Merge the guest's cart into the user's cart after the open transaction is committed.

    The merge sends requests to Stripe, which must not be sent in a transaction.
    """
    # Imported here, so that a server starts faster.
    from django_stripe_cart.web.guest_login import merge_guest_into_user
    from django_stripe_cart.web.shopper import SESSION_KEY

    token = getattr(request, "session", {}).get(SESSION_KEY)
    if token:
        after_commit(lambda: merge_guest_into_user(request, user, token))
