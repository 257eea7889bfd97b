"""Sixteen processes at once, through the views: nothing oversold, nothing done twice."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from django_stripe_cart.models import Cart, CartItem, Order, Product
from django_stripe_cart.testing.payment_counter import ORDER_PAID_RECEIVED
from tests.batteries.actions import Answer, add, come_back, open_cart, press_checkout, refund, ring
from tests.batteries.processes import Crew, crew
from tests.batteries.shop import Shop
from tests.batteries.worker_process import browser_of

pytestmark = pytest.mark.battery

PROCESSES = 16

# What one of two hundred clicks may read instead.
SAID = (
    "You already have an unpaid order.",
    "The payment service can't be reached at the moment. Please try again.",
)


@pytest.fixture
def sixteen(shop: Shop) -> Iterator[Crew]:
    with crew(PROCESSES, shop.place) as workers:
        yield workers


# --- what the processes do ----------------------------------------------------------------------


def ring_or_come_back(
    turn: int, user_pk: int, reference: str, body: bytes, headers: dict[str, str]
) -> Answer:
    return ring(body, headers) if turn % 2 else come_back(user_pk, reference)


def shop_at_random(user_pk: int, product_pks: list[int], seed: int) -> list[Answer]:
    """Fill the cart in any order, check out, change the cart, and check out once more."""
    chance = random.Random(seed)
    browser = browser_of(user_pk)
    answers = []
    for _visit in range(2):
        for pk in chance.sample(product_pks, chance.randint(2, 5)):
            answers.append(add(user_pk, pk))
        answers.append(press_checkout(user_pk, browser.open_cart()))
    return answers


class Audit:
    """Reads the books again and again, while sixteen others write in them."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.times = shop, 0

    def __call__(self) -> None:
        began = time.monotonic()
        assert self.shop.violations() == []
        self.times += 1
        # Stripe is played in this process, too, and must not be kept from answering.
        time.sleep(max(0.2, 2 * (time.monotonic() - began)))


@pytest.fixture
def audit(shop: Shop) -> Iterator[Audit]:
    audit = Audit(shop)
    yield audit
    assert audit.times > 1


# --- and what must come of it -------------------------------------------------------------------


def fill_carts(number: int, product: Product) -> list[User]:
    users = User.objects.bulk_create(User(username=f"shopper {n}") for n in range(number))
    users = list(User.objects.order_by("pk"))
    Cart.objects.bulk_create(Cart(user=user) for user in users)
    CartItem.objects.bulk_create(
        CartItem(cart=cart, product=product, quantity=1) for cart in Cart.objects.all()
    )
    return users


def test_400_concurrent_checkouts_sell_a_stock_of_150(
    shop: Shop, sixteen: Crew, audit: Audit
) -> None:
    mug = shop.sell("Mug", stock=150)
    users = fill_carts(400, mug)
    pages = sixteen.at_once(open_cart, [(user.pk,) for user in users])

    answers = sixteen.at_once(
        press_checkout,
        [(user.pk, page) for user, page in zip(users, pages, strict=True)],
        meanwhile=audit,
    )

    served = [answer for answer in answers if shop.note_address(answer.url)]
    assert {answer.status for answer in answers} == {303}
    assert (len(served), len(shop.handed_out)) == (150, 150)
    assert Order.objects.filter(status="pending").count() == Order.objects.count() == 150
    assert Product.objects.get().stock == 0
    sorry = Counter(answer.sentences for answer in answers if answer not in served)
    assert sorry.keys() <= {
        ("“Mug” is out of stock.",),
        ("There is not enough of “Mug” left.",),
    }
    assert sum(sorry.values()) == 250
    assert len(shop.sandbox.sessions) == 150
    own = dict(Order.objects.values_list("user", "session_url"))
    for user, answer in zip(users, answers, strict=True):
        assert answer not in served or answer.url == own[user.pk]
    assert shop.violations() == []


def test_200_clicks_of_one_shopper_are_one_order_and_one_session(
    shop: Shop, sixteen: Crew, audit: Audit
) -> None:
    mug = shop.sell("Mug", stock=10)
    (user,) = fill_carts(1, mug)
    pages = sixteen.at_once(open_cart, [(user.pk,)] * PROCESSES)

    answers = sixteen.at_once(press_checkout, [(user.pk, pages[0])] * 200, meanwhile=audit)

    order = Order.objects.get()
    assert {answer.status for answer in answers} == {303}
    lost = [answer for answer in answers if answer.url != order.session_url]
    assert {answer.sentences for answer in lost} <= {(sentence,) for sentence in SAID}
    assert [session["id"] for session in shop.sandbox.sessions] == [order.session_id]
    assert Product.objects.get().stock == 9
    assert shop.violations() == []


def test_200_webhooks_and_return_pages_mark_the_order_paid_once(
    shop: Shop, sixteen: Crew, audit: Audit
) -> None:
    mug = shop.sell("Mug", stock=10)
    shopper = shop.shopper()
    shopper.add(mug)
    shop.note_address(shopper.check_out().url)
    shop.pay(shopper.order.session_url)
    body, headers = shop.letter("checkout.session.completed")
    reference = str(shopper.order.reference)
    sixteen.at_once(open_cart, [(shopper.user.pk,)] * PROCESSES)

    answers = sixteen.at_once(
        ring_or_come_back,
        [(turn // PROCESSES, shopper.user.pk, reference, body, headers) for turn in range(200)],
        meanwhile=audit,
    )

    order = Order.objects.get()
    assert Counter(answer.status for answer in answers).keys() == {200, 303}
    assert order.status == "paid"
    kinds = Counter(order.events.values_list("kind", flat=True))
    assert (kinds["paid"], kinds[ORDER_PAID_RECEIVED]) == (1, 1)
    assert shop.charged() == order.amount_paid == 10000
    assert CartItem.objects.count() == 0
    shop.sandbox.deliver()
    assert shop.settled_violations() == []


def test_60_concurrent_refunds_of_30_on_200_refund_180(
    shop: Shop, sixteen: Crew, audit: Audit
) -> None:
    mug = shop.sell("Mug", price="200.00", stock=10)
    shopper = shop.shopper()
    shopper.add(mug)
    shop.note_address(shopper.check_out().url)
    shop.pay(shopper.order.session_url)
    shop.sandbox.deliver()

    answers = sixteen.at_once(refund, [(shopper.order.pk, 3000)] * 60, meanwhile=audit)

    assert Counter(answer.sentences for answer in answers) == {
        (): 6,
        ("You can refund at most ₹20.00.",): 54,
    }
    assert shop.refunded() == shopper.order.amount_refunded == 18000
    assert len(shop.sandbox.refunds) == shopper.order.refunds.count() == 6
    shop.sandbox.deliver()
    assert shop.settled_violations() == []


def test_concurrent_checkouts_of_mixed_carts_do_not_deadlock(
    shop: Shop, sixteen: Crew, audit: Audit
) -> None:
    products = [shop.sell(f"Product {number}", stock=40) for number in range(5)]
    users = [shop.shopper().user for _ in range(48)]
    pks = [product.pk for product in products]
    sixteen.at_once(open_cart, [(user.pk,) for user in users])

    visits = sixteen.at_once(
        shop_at_random,
        [(user.pk, pks, seed) for seed, user in enumerate(users)],
        meanwhile=audit,
    )

    answers = [answer for visit in visits for answer in visit]
    assert {answer.status for answer in answers} == {303}
    assert sum(shop.note_address(answer.url) for answer in answers) > 0
    assert shop.violations() == []
