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
from django_stripe_cart.sandbox.webhooks.http import post
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.payment_counter import ORDER_PAID_RECEIVED
from tests.batteries import actions
from tests.batteries.http_client import ShopClient
from tests.batteries.servers import Server, running_servers, running_sync_loops
from tests.batteries.shop import Shop
from tests.support.clock import advance_time

SHOPPERS, MUGS, THREADS = 60, 25, 12
MAX_ATTEMPTS = 40
TIMEOUT = 60  # seconds, on a busy machine


@pytest.fixture
def servers(shop: Shop) -> Iterator[list[Server]]:
    """Two servers, each with a webhook endpoint, so that each event is delivered twice at once."""
    with running_servers(2, shop.services) as started:
        shop.sandbox.reset()
        shop.sandbox.deliver_with(post)  # over HTTP, not within this process
        for server in started:
            url = f"{server.url}/stripe/webhook/"
            shop.sandbox.add_webhook_endpoint(url, secret=conf.webhook_secrets[0])
        yield started


@contextmanager
def webhook_delivery(shop: Shop) -> Iterator[None]:
    """Deliver webhooks repeatedly; those that a killed server missed are delivered later."""
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


def buy(shop: Shop, shopper: Browser, servers: list[Server], number: int) -> str:
    """Try to buy one mug, and return "paid" or "out of stock"."""
    client = ShopClient(shopper.client, [server.url for server in servers], number % 2)
    mug = _the_mug(shop)
    for _attempt in range(MAX_ATTEMPTS):
        page = client.get("/shop/cart/")
        if "Mug" not in page:
            client.get("/")
            if not client.token:  # sold out: the page has no button
                return "out of stock"
            client.post("/shop/cart/item/", product=mug, quantity=1)  # may be posted twice
            page = client.get("/shop/cart/")
        if "out of stock" in page or "Mug" not in page:
            return "out of stock"
        url = client.check_out()
        if shop.record_payment_url(url):
            payment = shop.sandbox.pay(url)
            client.follow(payment.redirect_url or "")
            return payment.status
        time.sleep(0.1)  # refused for a moment, or sold out: the cart shows which
    return "gave up"


def _the_mug(shop: Shop) -> int:
    (pk,) = shop.stock
    return int(pk)


def test_a_small_stock_sells_out_exactly_while_a_server_is_killed(
    shop: Shop, servers: list[Server]
) -> None:
    shop.add_product("Mug", stock=MUGS)
    shoppers = [shop.create_shopper() for _ in range(SHOPPERS)]

    with (
        running_sync_loops(2, shop.services),
        webhook_delivery(shop),
        ThreadPoolExecutor(THREADS) as pool,
    ):
        purchases = [
            pool.submit(buy, shop, shopper, servers, number)
            for number, shopper in enumerate(shoppers)
        ]
        _wait_until_paid(MUGS // 3, purchases)
        servers[1].kill()
        _wait_until_paid(MUGS // 2, purchases)
        servers[1].restart()
        results = Counter(future.result() for future in purchases)
        servers[1].wait_until_ready()

    assert results == {"paid": MUGS, "out of stock": SHOPPERS - MUGS}
    shop.sandbox.deliver()
    advance_time(shop.sandbox)
    assert actions.sync().status == 200
    assert shop.settled_violations() == []
    assert Product.objects.get().stock == 0
    orders = Order.objects.filter(status="paid")
    assert orders.count() == len(shop.payment_urls) == MUGS
    for order in orders:
        kinds = Counter(order.events.values_list("kind", flat=True))
        assert (kinds["paid"], kinds[ORDER_PAID_RECEIVED]) == (1, 1)


def _wait_until_paid(number: int, purchases: list[Future[str]]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while Order.objects.filter(status="paid").count() < number:
        for future in purchases:
            assert not future.done() or future.result()  # raises the exception of the purchase
        assert time.monotonic() < deadline
        time.sleep(0.05)
