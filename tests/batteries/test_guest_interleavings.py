"""All interleavings of a guest's sign-in with another action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from django_stripe_cart.models import Cart, CartItem, Order, Product
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.web.shopper import SESSION_KEY
from tests.batteries import actions, guest_actions
from tests.batteries.actions import Action
from tests.batteries.interleaving import Interleaving, interleave
from tests.batteries.shop import Shop
from tests.support.clock import advance_time

MAX_POINTS = 200


@pytest.fixture(autouse=True)
def _guests_are_allowed(settings: Any) -> None:
    settings.STRIPE_CART_ALLOW_GUESTS = True


@dataclass
class GuestScenario:
    """A guest with two mugs in the cart, and a user with one mug, as whom the guest signs in."""

    shop: Shop
    guest: Browser
    user: User
    mug: Product
    lamp: Product
    token: str = ""

    @classmethod
    def create(cls, shop: Shop) -> GuestScenario:
        shop.reset()
        mug, lamp = shop.add_product("Mug", stock=10), shop.add_product("Lamp", stock=10)
        user = User.objects.create_user("demo", password=guest_actions.PASSWORD)
        Browser(user).add(mug)
        scenario = cls(shop, Browser(), user, mug, lamp)
        scenario.guest.add(mug, 2)
        scenario.token = scenario.guest.client.session[SESSION_KEY]
        return scenario

    @property
    def cookie(self) -> str:
        return self.guest.client.cookies["sessionid"].value

    @property
    def order(self) -> Order:
        return Order.objects.latest("pk")

    def start_checkout(self) -> None:
        """Check out with the two mugs."""
        self.shop.record_payment_url(self.guest.check_out().url)

    def merge(self) -> Action:
        return guest_actions.merge, (self.token, self.user.pk)

    def sign_in(self) -> Action:
        return guest_actions.sign_in, (self.cookie, "demo")

    def merged_items(self) -> dict[str, int]:
        """Merge what is left in the guest's cart, and return the items of the user's cart."""
        guest_actions.merge_remaining(self.token, self.user.pk)
        items = CartItem.objects.filter(cart__user=self.user)
        return dict(items.values_list("product__name", "quantity"))


Actions = tuple[Action, Action]


@dataclass(frozen=True)
class Pair:
    prepare: Callable[[GuestScenario], Actions]
    check: Callable[[GuestScenario, Interleaving], None]


# --- the pairs of actions -------------------------------------------------------------------------


def merge_and_merge(scenario: GuestScenario) -> Actions:
    return scenario.merge(), scenario.merge()


def merge_and_merge_with_an_open_order(scenario: GuestScenario) -> Actions:
    scenario.start_checkout()
    return scenario.merge(), scenario.merge()


def sign_in_and_sign_in(scenario: GuestScenario) -> Actions:
    """Sign in in two tabs, on the host's page with its own transaction."""
    scenario.start_checkout()
    return scenario.sign_in(), scenario.sign_in()


def merge_and_add(scenario: GuestScenario) -> Actions:
    return scenario.merge(), (guest_actions.add, (scenario.cookie, scenario.lamp.pk))


def add_and_merge(scenario: GuestScenario) -> Actions:
    return (guest_actions.add, (scenario.cookie, scenario.lamp.pk)), scenario.merge()


def merge_and_add_as_user(scenario: GuestScenario) -> Actions:
    """Add to the user's cart on another device."""
    return scenario.merge(), (actions.add, (scenario.user.pk, scenario.mug.pk))


def checkout_and_merge(scenario: GuestScenario) -> Actions:
    page = scenario.guest.open_cart()
    return (guest_actions.check_out, (scenario.cookie, page)), scenario.merge()


def merge_and_checkout(scenario: GuestScenario) -> Actions:
    page = scenario.guest.open_cart()
    return scenario.merge(), (guest_actions.check_out, (scenario.cookie, page))


def merge_and_pay(scenario: GuestScenario) -> Actions:
    scenario.start_checkout()
    return scenario.merge(), (scenario.shop.sandbox.pay, (scenario.order.session_url,))


def merge_and_webhook(scenario: GuestScenario) -> Actions:
    scenario.start_checkout()
    scenario.shop.pay(scenario.order.session_url)
    event = scenario.shop.signed_event("checkout.session.completed")
    return scenario.merge(), (actions.deliver_webhook, event)


def webhook_and_merge(scenario: GuestScenario) -> Actions:
    first, second = merge_and_webhook(scenario)
    return second, first


def clean_and_add(scenario: GuestScenario) -> Actions:
    guest_actions.age_carts()
    return (guest_actions.clean, ()), (guest_actions.add, (scenario.cookie, scenario.lamp.pk))


def add_and_clean(scenario: GuestScenario) -> Actions:
    first, second = clean_and_add(scenario)
    return second, first


def clean_and_merge(scenario: GuestScenario) -> Actions:
    guest_actions.age_carts()
    return (guest_actions.clean, ()), scenario.merge()


def merge_and_clean(scenario: GuestScenario) -> Actions:
    first, second = clean_and_merge(scenario)
    return second, first


def checkout_and_clean(scenario: GuestScenario) -> Actions:
    first, _second = checkout_and_merge(scenario)
    guest_actions.age_carts()
    return first, (guest_actions.clean, ())


# --- the checks -----------------------------------------------------------------------------------


def has_all_mugs(scenario: GuestScenario, interleaving: Interleaving) -> None:
    assert scenario.merged_items() == {"Mug": 3}
    assert {interleaving.first.url, interleaving.second.url} == {"2", "0"}


def has_all_mugs_and_the_order(scenario: GuestScenario, interleaving: Interleaving) -> None:
    assert scenario.merged_items() == {"Mug": 3}
    assert (scenario.order.status, scenario.order.user) == ("canceled", scenario.user)
    assert scenario.order.events.filter(kind="adopted").count() == 1


def has_all_mugs_and_the_lamp(scenario: GuestScenario, interleaving: Interleaving) -> None:
    assert scenario.merged_items() == {"Mug": 3, "Lamp": 1}


def has_four_mugs(scenario: GuestScenario, interleaving: Interleaving) -> None:
    assert scenario.merged_items() == {"Mug": 4}


def has_one_order_or_none(scenario: GuestScenario, interleaving: Interleaving) -> None:
    """The checkout leads to the open order's payment page, or to an error message."""
    checkout = interleaving.second if interleaving.first.status == 200 else interleaving.first
    assert checkout.status == 303
    open_orders = Order.objects.filter(status="pending")
    for order in open_orders:  # the checkout came last
        assert checkout.url == order.session_url or checkout.messages
        actions.cancel(order.pk)
    assert scenario.merged_items() == {"Mug": 3}


def is_paid_or_merged(scenario: GuestScenario, interleaving: Interleaving) -> None:
    was_paid = getattr(interleaving.second, "status", "") == "paid"
    assert scenario.merged_items() == ({"Mug": 1} if was_paid else {"Mug": 3})
    assert scenario.order.status == ("paid" if was_paid else "canceled")
    assert scenario.order.user == scenario.user


def is_paid(scenario: GuestScenario, interleaving: Interleaving) -> None:
    assert scenario.merged_items() == {"Mug": 1}
    assert (scenario.order.status, scenario.order.user) == ("paid", scenario.user)


def has_the_lamp(scenario: GuestScenario, interleaving: Interleaving) -> None:
    """The mugs are there if the lamp was added before the month-old cart was cleaned."""
    assert scenario.merged_items() in ({"Mug": 3, "Lamp": 1}, {"Mug": 1, "Lamp": 1})


def is_cleaned_or_merged(scenario: GuestScenario, interleaving: Interleaving) -> None:
    assert scenario.merged_items() in ({"Mug": 3}, {"Mug": 1})
    assert Cart.objects.get().user == scenario.user


def is_ordered_or_cleaned(scenario: GuestScenario, interleaving: Interleaving) -> None:
    assert interleaving.first.status == 303
    if Order.objects.exists():
        assert interleaving.first.url == scenario.order.session_url
        assert Cart.objects.filter(token=scenario.token).exists()
    else:
        assert interleaving.first.messages


PAIRS = [
    Pair(merge_and_merge, has_all_mugs),
    Pair(merge_and_merge_with_an_open_order, has_all_mugs_and_the_order),
    Pair(sign_in_and_sign_in, has_all_mugs_and_the_order),
    Pair(merge_and_add, has_all_mugs_and_the_lamp),
    Pair(add_and_merge, has_all_mugs_and_the_lamp),
    Pair(merge_and_add_as_user, has_four_mugs),
    Pair(checkout_and_merge, has_one_order_or_none),
    Pair(merge_and_checkout, has_one_order_or_none),
    Pair(merge_and_pay, is_paid_or_merged),
    Pair(merge_and_webhook, is_paid),
    Pair(webhook_and_merge, is_paid),
    Pair(clean_and_add, has_the_lamp),
    Pair(add_and_clean, has_the_lamp),
    Pair(clean_and_merge, is_cleaned_or_merged),
    Pair(merge_and_clean, is_cleaned_or_merged),
    Pair(checkout_and_clean, is_ordered_or_cleaned),
]


def run(shop: Shop, pair: Pair, *, point: int) -> tuple[GuestScenario, Interleaving]:
    scenario = GuestScenario.create(shop)
    first, second = pair.prepare(scenario)
    interleaving = interleave(
        shop.sandbox,
        first,
        second,
        at=lambda number, name: number == point,
        users=(scenario.user.pk, scenario.user.pk),
    )
    for answer in (interleaving.first, interleaving.second):
        if isinstance(answer, Exception):
            raise answer
        assert getattr(answer, "status", 0) != 500, answer
        shop.record_payment_url(getattr(answer, "url", ""))
    return scenario, interleaving


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.prepare.__name__)
def test_no_interleaving_loses_a_guests_items(
    shop: Shop, pair: Pair, request: pytest.FixtureRequest
) -> None:
    if connection.vendor == "sqlite" and pair.prepare is sign_in_and_sign_in:
        return  # SQLite refuses the writes of Django's sign-in, which reads first

    for point in range(MAX_POINTS):
        scenario, interleaving = run(shop, pair, point=point)
        if not interleaving.has_met:  # the first action has no more tracepoints
            break
        name = interleaving.points[point]

        assert shop.violations() == [], name
        shop.sandbox.deliver()
        pair.check(scenario, interleaving)

        advance_time(shop.sandbox, timedelta(hours=2))
        assert actions.sync().status == 200, name
        assert shop.settled_violations() == [], name
    request.node.user_properties.append(("tracepoints", point))
    assert 2 < point < MAX_POINTS - 1
