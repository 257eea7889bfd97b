"""Cleaning of abandoned carts, orders and finished webhooks."""

from __future__ import annotations

import functools
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_stripe_cart import cleaning
from django_stripe_cart.cart import changes as carts
from django_stripe_cart.models import Cart, CartItem, Order, Product, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.web.shopper import SESSION_KEY
from tests.support.other_process import acting_after_read
from tests.test_guests import in_threads, tab_of

pytestmark = pytest.mark.database


def clean(**options: Any) -> list[str]:
    output = StringIO()
    call_command("stripe_cart_clean", stdout=output, **options)
    return output.getvalue().splitlines()


def age_carts(days: int) -> None:
    Cart.objects.update(modified=timezone.now() - timedelta(days=days))


def make_webhook(days: int, *, finished: bool = True) -> WebhookEvent:
    moment = timezone.now() - timedelta(days=days)
    row = WebhookEvent.objects.create(event_id=f"evt_{days}_{finished}", type="charge.refunded")
    done = moment if finished else None
    WebhookEvent.objects.filter(pk=row.pk).update(received_at=moment, processed_at=done)
    return row


def test_an_old_guests_cart_goes_with_all_that_is_in_it(guest: Browser, mug: Product) -> None:
    guest.add(mug)
    age_carts(31)

    assert clean()[0] == "1 guest carts deleted"

    assert not Cart.objects.exists()
    assert not CartItem.objects.exists()


def test_younger_carts_and_those_of_users_stay(
    guest: Browser, browser: Browser, mug: Product
) -> None:
    browser.add(mug)
    age_carts(1000)
    guest.add(mug)
    Cart.objects.filter(user=None).update(modified=timezone.now() - timedelta(days=29))

    assert clean()[0] == "0 guest carts deleted"

    assert Cart.objects.count() == 2
    assert clean(days=28)[0] == "1 guest carts deleted"


def test_a_cart_with_an_open_order_stays_until_that_is_closed(
    guest: Browser, sandbox: Sandbox, mug: Product
) -> None:
    guest.add(mug)
    guest.check_out()
    age_carts(31)

    assert clean()[0] == "0 guest carts deleted"

    sandbox.pay(guest.order.session_url)
    assert clean()[0] == "1 guest carts deleted"


def test_the_order_stays_and_is_still_found_at_its_address(
    guest: Browser, sandbox: Sandbox, mug: Product
) -> None:
    guest.add(mug)
    guest.check_out()
    sandbox.pay(guest.order.session_url)
    age_carts(31)

    clean()

    order = Order.objects.get()
    assert (order.status, order.cart) == ("paid", None)
    assert Browser().client.get(order.get_absolute_url()).status_code == 200


def test_a_dry_run_only_counts(guest: Browser, mug: Product) -> None:
    guest.add(mug)
    age_carts(31)
    make_webhook(100)

    assert clean(dry_run=True) == [
        "1 guest carts would be deleted",
        "1 processed webhook events would be deleted",
    ]

    assert Cart.objects.count() == WebhookEvent.objects.count() == 1


def test_webhooks_are_kept_as_long_as_at_stripe_and_unfinished_ones_always(db: None) -> None:
    kept = [make_webhook(30), make_webhook(100, finished=False)]
    make_webhook(32)

    assert clean(days=1)[1] == "1 processed webhook events deleted"

    assert set(WebhookEvent.objects.all()) == set(kept)


def test_more_days_keep_webhooks_longer(db: None) -> None:
    make_webhook(50)

    assert clean(days=60)[1] == "0 processed webhook events deleted"
    assert clean(days=40)[1] == "1 processed webhook events deleted"


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_an_odd_age_is_refused(db: None, days: int) -> None:
    with pytest.raises(CommandError):
        clean(days=days)


def test_any_number_is_deleted_in_batches(
    db: None, mug: Product, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(cleaning, "BATCH_SIZE", 40)
    Cart.objects.bulk_create(Cart(token=f"guest {number}") for number in range(100))
    rows = Cart.objects.all()
    CartItem.objects.bulk_create(CartItem(cart=cart, product=mug, quantity=1) for cart in rows)
    age_carts(31)

    with django_assert_max_num_queries(60):
        assert clean()[0] == "100 guest carts deleted"


def test_a_cart_used_before_its_batch_is_deleted_is_kept(guest: Browser, mug: Product) -> None:
    guest.add(mug)
    age_carts(31)
    before = timezone.now() - timedelta(days=30)

    with acting_after_read(Cart, lambda: guest.add(mug)):
        assert cleaning.clean_guest_carts(before=before) == 0

    assert CartItem.objects.get().quantity == 2


@pytest.mark.usefixtures("transactional_db")
def test_an_item_added_during_cleaning_is_not_lost(guest: Browser, mug: Product) -> None:
    guest.add(mug)
    token = guest.client.session[SESSION_KEY]
    for _time in range(5):
        age_carts(31)
        CartItem.objects.update(quantity=1)
        tab = tab_of(guest)

        answer, _cleaned, _again = in_threads(
            functools.partial(tab.post, "/shop/cart/add/", {"product": mug.pk, "quantity": 1}),
            clean,
            clean,
        )

        assert answer.status_code == 303
        cart = carts.get_guest_cart(token)
        assert cart.items.get().quantity in (1, 2)  # cleaned before, or not at all
