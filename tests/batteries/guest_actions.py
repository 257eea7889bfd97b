"""Actions of a guest in several tabs that share one session, and so one cart."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from django_stripe_cart.guests import merge_guest, merge_without_stripe
from django_stripe_cart.models import Cart, Product
from django_stripe_cart.testing.browser import Browser
from tests.batteries.actions import Outcome, outcome_of

PASSWORD = "demo"


def tab_of(cookie: str) -> Browser:
    browser = Browser()
    browser.client = Client(raise_request_exception=False)
    browser.client.cookies["sessionid"] = cookie
    return browser


def sign_in(cookie: str, name: str) -> Outcome:
    """Sign in on the host's own page, in its own transaction."""
    form = {"username": name, "password": PASSWORD, "next": "/"}
    answer = tab_of(cookie).client.post("/accounts/login/?next=/", form)
    return Outcome(answer.status_code, getattr(answer, "url", ""))


def merge(token: str, user_pk: int) -> Outcome:
    """Merge the cart as a sign-in does, without the host's page around it."""
    merged = merge_guest(token, User.objects.get(pk=user_pk))
    return Outcome(url=str(merged.quantity))


def merge_remaining(token: str, user_pk: int) -> Outcome:
    merged = merge_without_stripe(token, User.objects.get(pk=user_pk))
    return Outcome(url=str(merged.quantity))


def add(cookie: str, product_pk: int) -> Outcome:
    return outcome_of(tab_of(cookie).add(Product(pk=product_pk)))


def check_out(cookie: str, page: str) -> Outcome:
    return outcome_of(tab_of(cookie).check_out(page=page))


def clean() -> Outcome:
    output = StringIO()
    call_command("stripe_cart_clean", stdout=output)
    return Outcome(messages=(output.getvalue(),))


def age_carts() -> None:
    Cart.objects.update(modified=timezone.now() - timedelta(days=31))
