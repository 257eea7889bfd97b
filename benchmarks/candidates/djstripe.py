"""dj-stripe: it mirrors Stripe's objects; the host's receiver marks the minimal shop's order."""

from __future__ import annotations

import json
from typing import Any

from django.urls import include, path

from benchmarks import stub
from benchmarks.candidates.minimal import make_products  # noqa: F401

APPS = ["benchmarks.minimal", "djstripe"]
SETTINGS = {
    "STRIPE_LIVE_MODE": False,
    "STRIPE_TEST_SECRET_KEY": stub.KEY,
    "DJSTRIPE_FOREIGN_KEY_TO_FIELD": "id",
}
ENDPOINT = "7b7a7a4e-0b5c-4a3e-9d9f-6f1c2f9c1f00"
PATHS = {"webhook": f"/stripe/webhook/{ENDPOINT}/"}


def __getattr__(name: str) -> Any:
    if name != "urlpatterns":
        raise AttributeError(name)
    return [path("stripe/", include("djstripe.urls", namespace="djstripe"))]


def connect() -> None:
    """Have Stripe played by the stub, and orders marked by a receiver."""
    import stripe
    from djstripe.event_handlers import djstripe_receiver
    from djstripe.models import WebhookEndpoint

    from benchmarks.minimal.models import CartItem, Order

    stripe.default_http_client = _Client()
    WebhookEndpoint.objects.create(
        djstripe_uuid=ENDPOINT,
        id="we_1",
        livemode=False,
        secret=stub.SECRET,
        url=f"http://testserver{PATHS['webhook']}",
        enabled_events=["*"],
    )

    @djstripe_receiver("checkout.session.completed")
    def pay(event: Any, **kwargs: Any) -> None:
        reference = event.data["object"]["client_reference_id"]
        order = Order.objects.get(reference=reference)
        if order.status != "paid":
            order.status = "paid"
            order.save()
            CartItem.objects.filter(cart__user=order.user_id).delete()

    global _receiver
    _receiver = pay  # signals hold on to it weakly


_receiver: Any = None


class _Client:
    """Answers with the payment intent that dj-stripe asks for, and with the session."""

    name = "stub"

    def request_with_retries(self, method: str, url: str, headers: Any, *rest: Any, **more: Any):
        stub.asked.append(url)
        return json.dumps(_object(url)), 200, {"Request-Id": "req_1"}


def _object(url: str) -> dict[str, Any]:
    identifier = url.partition("?")[0].rpartition("/")[2]
    for session in stub.sessions:
        if session["id"] == identifier:
            return session
    if "account" in url:
        return {"id": "acct_1", "object": "account", "type": "standard", "country": "US"}
    return {
        "id": identifier,
        "object": "payment_intent",
        "amount": 5970,
        "currency": "usd",
        "status": "succeeded",
        "livemode": False,
        "created": 1767225600,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "payment_method_types": ["card"],
        "metadata": {},
    }


def make_session(visitor: Any, products: list[Any]) -> None:
    """What a checkout would have left behind; dj-stripe has none."""
    from benchmarks.minimal.models import Cart, CartItem, Order, OrderItem

    cart = Cart.objects.create(user=visitor.user)
    CartItem.objects.bulk_create(CartItem(cart=cart, product=p, quantity=1) for p in products)
    order = Order.objects.create(user=visitor.user, total="59.70")
    OrderItem.objects.bulk_create(
        OrderItem(order=order, name=p.name, price=p.price, quantity=1) for p in products
    )
    stub.create_session(f"client_reference_id={order.reference}")
