"""What happens in the host that we listen to."""

from __future__ import annotations

import functools
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from django_stripe_cart.database import after_commit
from django_stripe_cart.shopper import SESSION_KEY
from django_stripe_cart.welcome import welcome


@receiver(user_logged_in, dispatch_uid="stripe_cart_welcome")
def welcome_a_guest(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """After the host's transaction, if it has one: Stripe is asked on the way."""
    token = getattr(request, "session", {}).get(SESSION_KEY)
    if token:
        after_commit(functools.partial(welcome, request, user, token))
