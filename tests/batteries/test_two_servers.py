"""Two gunicorn servers of two workers and two sync loops, all of one shop; one server is killed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox.webhooks.http import send
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.payment_counter import ORDER_PAID_RECEIVED
from tests.batteries import actions
from tests.batteries.clock import let_time_pass
from tests.batteries.http_client import Window
from tests.batteries.servers import Server, servers, sync_loops
from tests.batteries.shop import Shop

pytestmark = pytest.mark.battery

SHOPPERS, MUGS, AT_ONCE = 60, 25, 12
TRIES = 40
PATIENCE = 60  # seconds, on a machine that others use, too


@pytest.fixture
def two(shop: Shop) -> Iterator[list[Server]]:
    """Stripe rings at both of them, so that each event comes twice at the same moment."""
    with servers(2, shop.place) as started:
        shop.sandbox.reset()
        shop.sandbox.deliver_with(send)  # over HTTP, not into this process
        for server in started:
            door = f"{server.url}/stripe/webhook/"
            shop.sandbox.add_webhook_endpoint(door, secret=conf.webhook_secrets[0])
        yield started


@contextmanager
def postman(shop: Shop) -> Iterator[None]:
    """Delivers what has happened, again and again; who is not there is rung at later."""
    is_over = threading.Event()

    def deliver() -> None:
        while not is_over.wait(0.2):
            shop.sandbox.deliver()

    thread = threading.Thread(target=deliver)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def buy(shop: Shop, shopper: Browser, two: list[Server], number: int) -> str:
    """Want one mug, and pay for it if there is one: "paid", or "sorry"."""
    window = Window(shopper.client, [server.url for server in two], number % 2)
    mug = _the_mug(shop)
    for _try in range(TRIES):
        page = window.look("/shop/cart/")
        if "Mug" not in page:
            window.look("/")
            if not window.token:  # sold out: there is no button
                return "sorry"
            window.press("/shop/cart/item/", product=mug, quantity=1)  # may be sent twice
            page = window.look("/shop/cart/")
        if "out of stock" in page or "Mug" not in page:
            return "sorry"
        url = window.check_out()
        if shop.note_address(url):
            payment = shop.sandbox.pay(url)
            window.follow(payment.redirect_url or "")
            return payment.status
        time.sleep(0.1)  # refused for a moment, or sold out: the cart will say
    return "gave up"


def _the_mug(shop: Shop) -> int:
    (pk,) = shop.stock
    return int(pk)


def test_a_small_stock_sells_out_exactly_while_a_server_is_killed(
    shop: Shop, two: list[Server]
) -> None:
    shop.sell("Mug", stock=MUGS)
    shoppers = [shop.shopper() for _ in range(SHOPPERS)]

    with sync_loops(2, shop.place), postman(shop), ThreadPoolExecutor(AT_ONCE) as pool:
        going = [
            pool.submit(buy, shop, shopper, two, number) for number, shopper in enumerate(shoppers)
        ]
        _wait_until_paid(MUGS // 3, going)
        two[1].kill()
        _wait_until_paid(MUGS // 2, going)
        two[1].start_again()
        said = Counter(future.result() for future in going)
        two[1].wait()

    assert said == {"paid": MUGS, "sorry": SHOPPERS - MUGS}
    shop.sandbox.deliver()
    let_time_pass(shop.sandbox)
    assert actions.sync().status == 200
    assert shop.settled_violations() == []
    assert Product.objects.get().stock == 0
    orders = Order.objects.filter(status="paid")
    assert orders.count() == len(shop.handed_out) == MUGS
    for order in orders:
        kinds = Counter(order.events.values_list("kind", flat=True))
        assert (kinds["paid"], kinds[ORDER_PAID_RECEIVED]) == (1, 1)


def _wait_until_paid(number: int, going: list[Future[str]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while Order.objects.filter(status="paid").count() < number:
        for future in going:
            assert not future.done() or future.result()  # raises what it raised
        assert time.monotonic() < deadline
        time.sleep(0.05)
