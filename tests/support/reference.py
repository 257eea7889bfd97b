"""A shop so small that it is plainly right: what the real one is compared with, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field

CLOSED_UNPAID = ("expired", "canceled", "failed")

Lines = dict[int, int]  # quantity by product


@dataclass
class Bought:
    """An order: what Stripe knows of it, and what the shop has drawn from that so far."""

    shopper: str
    lines: Lines
    prices: Lines  # unit amounts
    address: str
    pk: int  # of the real order
    session: str = "open"  # or complete, or expired
    money: str = ""  # or asked (for 3D Secure), processing, paid, failed
    refunded: int = 0
    was_refunded_whole: bool = False
    is_cancel_requested: bool = False
    is_fulfilled: bool = False
    is_taken_out_of_cart: bool = False
    is_back_on_the_shelf: bool = False
    seen: str = "pending"  # the shop's state, after the last step

    @property
    def total(self) -> int:
        return sum(quantity * self.prices[pk] for pk, quantity in self.lines.items())

    @property
    def left(self) -> int:
        """What Stripe would still give back."""
        return self.total - self.refunded if self.money == "paid" else 0

    @property
    def is_pending(self) -> bool:
        return self.seen == "pending"

    @property
    def end(self) -> str:
        """The state of an order about which everything is known."""
        if self.session == "open":
            return "pending"
        if self.session == "expired":
            return "canceled" if self.is_cancel_requested else "expired"
        if self.money != "paid":
            return self.money
        if self.refunded == self.total:
            return "refunded"
        return "fulfilled" if self.is_fulfilled else "paid"

    @property
    def possible(self) -> set[str]:
        """The states of an order about which anything may be known, and nothing invented."""
        states = {"pending", self.end}
        if self.session == "complete":
            states.add("processing")
        if self.money == "paid":
            states.add("fulfilled" if self.is_fulfilled else "paid")
        if self.was_refunded_whole:
            states.add("refunded")
        return states

    def refund(self, amount: int) -> None:
        self.refunded += amount
        self.was_refunded_whole |= self.refunded == self.total


@dataclass
class Ledger:
    """The shelf, the prices, the carts and the orders, as they must be."""

    shelf: Lines
    prices: Lines
    carts: dict[str, Lines]
    orders: list[Bought] = field(default_factory=list)

    def put(self, shopper: str, pk: int, quantity: int) -> None:
        """Have so many in the cart, if there are so many."""
        if quantity <= self._available(shopper, pk):
            self.carts[shopper][pk] = quantity

    def waiting(self, shopper: str) -> Bought | None:
        """The shopper's one pending order."""
        waiting = [one for one in self.orders if one.shopper == shopper and one.is_pending]
        assert len(waiting) <= 1
        return waiting[0] if waiting else None

    def page(self, shopper: str) -> tuple[tuple[int, int, int], ...]:
        """What the shopper sees before checkout."""
        cart = self.carts[shopper]
        return tuple(sorted((pk, number, self.prices[pk]) for pk, number in cart.items()))

    def can_be_bought(self, shopper: str) -> bool:
        cart = self.carts[shopper]
        return bool(cart) and all(self._available(shopper, pk) >= cart[pk] for pk in cart)

    def check_out(self, shopper: str) -> bool:
        """Do what comes before a new order, and return whether there is to be one."""
        old = self.waiting(shopper)
        if old is not None:
            is_unchanged = old.lines == self.carts[shopper] and all(
                self.prices[pk] == price for pk, price in old.prices.items()
            )
            if not is_unchanged:
                self.cancel(old)
            if old.session != "expired":
                return False
            self.learn(old, old.end)
        return True

    def place(self, shopper: str, *, address: str, pk: int) -> Bought:
        """Write the new order down, and take its goods off the shelf."""
        lines = dict(self.carts[shopper])
        for product, quantity in lines.items():
            self.shelf[product] -= quantity
        prices = {product: self.prices[product] for product in lines}
        new = Bought(shopper, lines, prices, address, pk)
        self.orders.append(new)
        return new

    def cancel(self, order: Bought) -> None:
        if order.is_pending:
            order.is_cancel_requested = True
            if order.session == "open":
                order.session = "expired"

    def learn(self, order: Bought, state: str) -> None:
        """The shop has heard more of an order: lines leave the cart, or goods return, once."""
        order.seen = state
        if not order.is_pending and order.session == "complete" and not order.is_taken_out_of_cart:
            order.is_taken_out_of_cart = True
            cart = self.carts[order.shopper]
            for pk, quantity in order.lines.items():
                cart[pk] = cart.get(pk, 0) - quantity
                if cart[pk] <= 0:
                    del cart[pk]
        if state in CLOSED_UNPAID:
            self.give_back(order)

    def give_back(self, order: Bought) -> None:
        if not order.is_back_on_the_shelf:
            order.is_back_on_the_shelf = True
            for pk, quantity in order.lines.items():
                self.shelf[pk] += quantity

    def _available(self, shopper: str, pk: int) -> int:
        waiting = self.waiting(shopper)
        return self.shelf[pk] + (waiting.lines.get(pk, 0) if waiting else 0)
