"""What a guest's tabs do: they share one session, and so one cart, until one of them signs in."""

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
from tests.batteries.actions import Answer, read

PASSWORD = "demo"


def tab(cookie: str) -> Browser:
    browser = Browser()
    browser.client = Client(raise_request_exception=False)
    browser.client.cookies["sessionid"] = cookie
    return browser


def sign_in(cookie: str, name: str) -> Answer:
    """By the host's own page, in its own transaction."""
    form = {"username": name, "password": PASSWORD, "next": "/"}
    answer = tab(cookie).client.post("/accounts/login/?next=/", form)
    return Answer(answer.status_code, getattr(answer, "url", ""))


def bring(token: str, user_pk: int) -> Answer:
    """What a sign-in does for the cart, without the host's page around it."""
    brought = merge_guest(token, User.objects.get(pk=user_pk))
    return Answer(url=str(brought.quantity))


def bring_rest(token: str, user_pk: int) -> Answer:
    brought = merge_without_stripe(token, User.objects.get(pk=user_pk))
    return Answer(url=str(brought.quantity))


def add(cookie: str, product_pk: int) -> Answer:
    return read(tab(cookie).add(Product(pk=product_pk)))


def press_checkout(cookie: str, seen: str) -> Answer:
    return read(tab(cookie).check_out(page=seen))


def clean() -> Answer:
    output = StringIO()
    call_command("stripe_cart_clean", stdout=output)
    return Answer(sentences=(output.getvalue(),))


def age_carts() -> None:
    Cart.objects.update(modified=timezone.now() - timedelta(days=31))
