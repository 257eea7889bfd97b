"""Load of sixteen concurrent processes on the views: nothing is oversold or done twice."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from threading import Event, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from django_stripe_cart.models import Cart, CartItem, Order, Product
from django_stripe_cart.testing.payment_counter import ORDER_PAID_RECEIVED
from tests.batteries.actions import (
    Outcome,
    add,
    check_out,
    deliver_webhook,
    open_cart,
    refund,
    return_from_stripe,
)
from tests.batteries.processes import WorkerPool, worker_pool
from tests.batteries.shop import Shop
from tests.batteries.worker_process import browser_of

PROCESSES = 16
THREADS = 4  # of each process; PostgreSQL allows a hundred connections

# Error messages that some of the two hundred requests may get
POSSIBLE_ERRORS = (
    "You already have an unpaid order.",
    "The payment service can't be reached at the moment. Please try again.",
)


@pytest.fixture
def pool(shop: Shop) -> Iterator[WorkerPool]:
    with worker_pool(PROCESSES, shop.services) as workers:
        yield workers


# --- actions of the processes -------------------------------------------------------------------


def deliver_or_return(
    turn: int, user_pk: int, reference: str, body: bytes, headers: dict[str, str]
) -> Outcome:
    return deliver_webhook(body, headers) if turn % 2 else return_from_stripe(user_pk, reference)


def change_cart_and_check_out(user_pk: int, product_pks: list[int], seed: int) -> list[Outcome]:
    """Twice add random products to the cart and check out."""
    chance = random.Random(seed)
    browser = browser_of(user_pk)
    answers = []
    for _visit in range(2):
        for pk in chance.sample(product_pks, chance.randint(2, 5)):
            answers.append(add(user_pk, pk))
        answers.append(check_out(user_pk, browser.open_cart()))
    return answers


def check_out_in_threads(shoppers: list[tuple[int, str]]) -> list[Outcome]:
    """Check out the carts of these users, four at a time, each with a connection of its own."""

    def check_out_and_disconnect(shopper: tuple[int, str]) -> Outcome:
        try:
            return check_out(*shopper)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(check_out_and_disconnect, shoppers))


@contextmanager
def row_held(product: Product, seconds: float) -> Iterator[None]:
    """Another transaction holds the product's row for this time, as an import of prices does."""
    is_held = Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Product.objects.filter(pk=product.pk).update(name=product.name)
                is_held.set()
                time.sleep(seconds)
        finally:
            connection.close()

    holder = Thread(target=hold)
    holder.start()
    assert is_held.wait(timeout=10)
    yield
    holder.join()


class Audit:
    """A check of the invariants, repeated while the sixteen processes write."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.runs = shop, 0

    def __call__(self) -> None:
        started = time.monotonic()
        assert self.shop.violations() == []
        self.runs += 1
        # The sandbox runs in this process, too, and needs time to answer.
        time.sleep(max(0.2, 2 * (time.monotonic() - started)))


@pytest.fixture
def audit(shop: Shop) -> Iterator[Audit]:
    audit = Audit(shop)
    yield audit
    assert audit.runs > 1


# --- tests --------------------------------------------------------------------------------------


def fill_carts(number: int, product: Product) -> list[User]:
    users = User.objects.bulk_create(User(username=f"shopper {n}") for n in range(number))
    users = list(User.objects.order_by("pk"))
    Cart.objects.bulk_create(Cart(user=user) for user in users)
    CartItem.objects.bulk_create(
        CartItem(cart=cart, product=product, quantity=1) for cart in Cart.objects.all()
    )
    return users


def test_400_concurrent_checkouts_sell_a_stock_of_150(
    shop: Shop, pool: WorkerPool, audit: Audit
) -> None:
    mug = shop.add_product("Mug", stock=150)
    users = fill_carts(400, mug)
    pages = pool.run_concurrently(open_cart, [(user.pk,) for user in users])

    answers = pool.run_concurrently(
        check_out,
        [(user.pk, page) for user, page in zip(users, pages, strict=True)],
        while_running=audit,
    )

    served = [answer for answer in answers if shop.record_payment_url(answer.url)]
    assert {answer.status for answer in answers} == {303}
    assert (len(served), len(shop.payment_urls)) == (150, 150)
    assert Order.objects.filter(status="pending").count() == Order.objects.count() == 150
    assert Product.objects.get().stock == 0
    errors = Counter(answer.messages for answer in answers if answer not in served)
    assert errors.keys() <= {
        ("“Mug” is out of stock.",),
        ("There is not enough of “Mug” left.",),
    }
    assert sum(errors.values()) == 250
    assert len(shop.sandbox.sessions) == 150
    own = dict(Order.objects.values_list("user", "session_url"))
    for user, answer in zip(users, answers, strict=True):
        assert answer not in served or answer.url == own[user.pk]
    assert shop.violations() == []


@pytest.mark.not_on("sqlite")  # a transaction there holds the whole database
def test_300_shoppers_of_a_product_whose_row_is_held_for_14_seconds(
    shop: Shop, pool: WorkerPool
) -> None:
    mug = shop.add_product("Mug", stock=300)
    users = fill_carts(300, mug)
    pages = pool.run_concurrently(open_cart, [(user.pk,) for user in users])
    shoppers = [(user.pk, page) for user, page in zip(users, pages, strict=True)]
    shares = [(shoppers[number::PROCESSES],) for number in range(PROCESSES)]

    with row_held(mug, 14):
        answers = list(chain(*pool.run_concurrently(check_out_in_threads, shares)))

    got_page = [answer for answer in answers if shop.record_payment_url(answer.url)]
    errors = {answer.messages for answer in answers if answer not in got_page}
    assert errors <= {("The shop is very busy at the moment. Please try again.",)}
    again = pool.run_concurrently(check_out, shoppers)
    assert all(shop.record_payment_url(answer.url) for answer in again)
    assert Order.objects.filter(status="pending").count() == Order.objects.count() == 300
    assert len(shop.sandbox.sessions) == 300
    assert shop.violations() == []


def test_200_clicks_of_one_shopper_are_one_order_and_one_session(
    shop: Shop, pool: WorkerPool, audit: Audit
) -> None:
    mug = shop.add_product("Mug", stock=10)
    (user,) = fill_carts(1, mug)
    pages = pool.run_concurrently(open_cart, [(user.pk,)] * PROCESSES)

    answers = pool.run_concurrently(check_out, [(user.pk, pages[0])] * 200, while_running=audit)

    order = Order.objects.get()
    assert {answer.status for answer in answers} == {303}
    refused = [answer for answer in answers if answer.url != order.session_url]
    assert {answer.messages for answer in refused} <= {(sentence,) for sentence in POSSIBLE_ERRORS}
    assert [session["id"] for session in shop.sandbox.sessions] == [order.session_id]
    assert Product.objects.get().stock == 9
    assert shop.violations() == []


def test_200_webhooks_and_return_pages_mark_the_order_paid_once(
    shop: Shop, pool: WorkerPool, audit: Audit
) -> None:
    mug = shop.add_product("Mug", stock=10)
    shopper = shop.create_shopper()
    shopper.add(mug)
    shop.record_payment_url(shopper.check_out().url)
    shop.pay(shopper.order.session_url)
    body, headers = shop.signed_event("checkout.session.completed")
    reference = str(shopper.order.reference)
    pool.run_concurrently(open_cart, [(shopper.user.pk,)] * PROCESSES)

    answers = pool.run_concurrently(
        deliver_or_return,
        [(turn // PROCESSES, shopper.user.pk, reference, body, headers) for turn in range(200)],
        while_running=audit,
    )

    order = Order.objects.get()
    assert Counter(answer.status for answer in answers).keys() == {200, 303}
    assert order.status == "paid"
    kinds = Counter(order.events.values_list("kind", flat=True))
    assert (kinds["paid"], kinds[ORDER_PAID_RECEIVED]) == (1, 1)
    assert shop.amount_charged() == order.amount_paid == 10000
    assert CartItem.objects.count() == 0
    shop.sandbox.deliver()
    assert shop.settled_violations() == []


def test_60_concurrent_refunds_of_30_refund_no_more_than_200(
    shop: Shop, pool: WorkerPool, audit: Audit
) -> None:
    mug = shop.add_product("Mug", price="200.00", stock=10)
    shopper = shop.create_shopper()
    shopper.add(mug)
    shop.record_payment_url(shopper.check_out().url)
    shop.pay(shopper.order.session_url)
    shop.sandbox.deliver()

    answers = pool.run_concurrently(refund, [(shopper.order.pk, 3000)] * 60, while_running=audit)

    too_much = ("You can refund at most ₹20.00.",)
    refused = [answer.messages for answer in answers if answer.messages]
    done = len(answers) - len(refused)
    # While the outcome of one is unknown, no other is sent.
    assert all(one == too_much or "It is not known yet" in one[0] for one in refused)
    assert 1 <= done <= 6
    rest = [refund(shopper.order.pk, 3000).messages for _time in range(7 - done)]
    assert rest == [()] * (6 - done) + [too_much]
    assert shop.amount_refunded() == shopper.order.amount_refunded == 18000
    assert len(shop.sandbox.refunds) == shopper.order.refunds.count() == 6
    shop.sandbox.deliver()
    assert shop.settled_violations() == []


def test_concurrent_checkouts_of_mixed_carts_do_not_deadlock(
    shop: Shop, pool: WorkerPool, audit: Audit
) -> None:
    products = [shop.add_product(f"Product {number}", stock=40) for number in range(5)]
    users = [shop.create_shopper().user for _ in range(48)]
    pks = [product.pk for product in products]
    pool.run_concurrently(open_cart, [(user.pk,) for user in users])

    visits = pool.run_concurrently(
        change_cart_and_check_out,
        [(user.pk, pks, seed) for seed, user in enumerate(users)],
        while_running=audit,
    )

    answers = [answer for visit in visits for answer in visit]
    assert {answer.status for answer in answers} == {303}
    assert sum(shop.record_payment_url(answer.url) for answer in answers) > 0
    assert shop.violations() == []
