"""What happens in the host that we listen to."""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from django_stripe_cart.database import after_commit, lock_where
from django_stripe_cart.models import Cart


# No rule of the model's: only here can anything come first in the transaction that Django opens.
@receiver(pre_delete, sender=settings.AUTH_USER_MODEL, dispatch_uid="stripe_cart_lock_cart")
def lock_cart_first(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Django begins with the lines and the orders of who leaves; we lock the cart before them."""
    with suppress(Cart.DoesNotExist):
        lock_where(Cart, {"user": instance.pk})


@receiver(user_logged_in, dispatch_uid="stripe_cart_merge_guest")
def merge_guest_on_login(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """After the host's transaction, if it has one: Stripe is asked on the way."""
    # Not at the top: a start would have all the verbs loaded.
    from django_stripe_cart.web.guest_login import merge_guest_into_user
    from django_stripe_cart.web.shopper import SESSION_KEY

    token = getattr(request, "session", {}).get(SESSION_KEY)
    if token:
        after_commit(functools.partial(merge_guest_into_user, request, user, token))
