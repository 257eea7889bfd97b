"""What may happen to an order at Stripe, as stories: what people do, act by act."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django_stripe_cart.cart import add_item
from django_stripe_cart.models import Cart, CartItem, Order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.testing import factories
from django_stripe_cart.webhooks.processing import TYPES

DECLINED = "4000000000000002"
ASKS_3DS = "4000002500003155"


class Scene:
    """A shopper with a cart in this shop, and with a page of Stripe's open."""

    def __init__(self, sandbox: Sandbox, cart: Cart) -> None:
        self.sandbox, self.cart = sandbox, cart
        self.addresses: list[str] = []

    @property
    def address(self) -> str:
        """The page that was opened last."""
        return self.addresses[-1]

    @property
    def events(self) -> list[Object]:
        """What Stripe has told of so far, as far as we asked to hear of it."""
        return [event for event in self.sandbox.events if event["type"] in TYPES]

    @property
    def orders(self) -> list[Order]:
        return list(Order.objects.filter(cart=self.cart).order_by("pk"))

    def play(self, acts: Iterable[Act]) -> None:
        for act in acts:
            act(self)


Act = Callable[[Scene], object]


@dataclass(frozen=True)
class Story:
    name: str
    acts: tuple[Act, ...]

    def __str__(self) -> str:
        return self.name


def check_out(scene: Scene) -> None:
    scene.addresses.append(factories.check_out(scene.cart).session_url)


def want_one_more(scene: Scene) -> None:
    item = CartItem.objects.filter(cart=scene.cart).select_related("product").earliest("pk")
    add_item(scene.cart, item.product)


def pay(scene: Scene) -> None:
    scene.sandbox.pay(scene.address)


def pay_at_the_first_page(scene: Scene) -> None:
    scene.sandbox.pay(scene.addresses[0])


def be_declined(scene: Scene) -> None:
    scene.sandbox.pay(scene.address, card=DECLINED)


def be_asked_by_the_bank(scene: Scene) -> None:
    scene.sandbox.pay(scene.address, card=ASKS_3DS)


def confirm(scene: Scene) -> None:
    scene.sandbox.confirm_3ds(scene.address)


def pay_by_bank_debit(scene: Scene) -> None:
    scene.sandbox.pay_by_bank_debit(scene.address)


def see_it_arrive(scene: Scene) -> None:
    scene.sandbox.settle(scene.address)


def see_it_bounce(scene: Scene) -> None:
    scene.sandbox.settle(scene.address, ok=False)


def let_it_expire(scene: Scene) -> None:
    scene.sandbox.expire(scene.address)


def refund(scene: Scene) -> None:
    """In the Dashboard, behind the shop's back."""
    scene.sandbox.refund(scene.address)


def dispute(scene: Scene) -> None:
    scene.sandbox.open_dispute(scene.address)


def lose_the_dispute(scene: Scene) -> None:
    scene.sandbox.close_dispute(scene.sandbox.disputes[-1], won=False)


STORIES = (
    Story("card", (check_out, pay)),
    Story("declined, then paid", (check_out, be_declined, pay)),
    Story("3D Secure", (check_out, be_asked_by_the_bank, confirm)),
    Story("delayed, then paid", (check_out, pay_by_bank_debit, see_it_arrive)),
    Story("delayed, then failed", (check_out, pay_by_bank_debit, see_it_bounce)),
    Story("expired", (check_out, let_it_expire)),
    Story("refund", (check_out, pay, refund)),
    Story("dispute", (check_out, pay, dispute, lose_the_dispute)),
    Story("two tabs", (check_out, want_one_more, check_out, pay_at_the_first_page, pay)),
)
