"""A minimal reference model of the shop, for comparison after each step."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

CLOSED_UNPAID = ("expired", "canceled", "failed")

Lines = dict[int, int]  # quantity by product


@dataclass
class ExpectedOrder:
    """An order: its state at Stripe, and its last known state in the shop."""

    shopper: str
    lines: Lines
    prices: Lines  # unit amounts
    payment_url: str
    pk: int  # of the real order
    session: str = "open"  # or complete, or expired
    payment: str = ""  # or requires_action (3D Secure), processing, paid, failed
    amount_refunded: int = 0
    was_refunded_fully: bool = False
    is_cancel_requested: bool = False
    is_fulfilled: bool = False
    is_removed_from_cart: bool = False
    is_restocked: bool = False
    refunded_items: dict[UUID, tuple[Lines, bool]] = field(default_factory=dict)  # and restock
    returned: Lines = field(default_factory=dict)
    known_status: str = "pending"  # in the shop, after the last step

    @property
    def total(self) -> int:
        return sum(quantity * self.prices[pk] for pk, quantity in self.lines.items())

    @property
    def refundable(self) -> int:
        """The amount that can still be refunded at Stripe."""
        return self.total - self.amount_refunded if self.payment == "paid" else 0

    @property
    def is_pending(self) -> bool:
        return self.known_status == "pending"

    @property
    def final_status(self) -> str:
        """The state of the order once everything is synced."""
        if self.session == "open":
            return "pending"
        if self.session == "expired":
            return "canceled" if self.is_cancel_requested else "expired"
        if self.payment != "paid":
            return self.payment
        if self.amount_refunded == self.total:
            return "refunded"
        return "fulfilled" if self.is_fulfilled else "paid"

    @property
    def possible_statuses(self) -> set[str]:
        """The states that the order may have before everything is synced."""
        states = {"pending", self.final_status}
        if self.session == "complete":
            states.add("processing")
        if self.payment == "paid":
            states.add("fulfilled" if self.is_fulfilled else "paid")
        if self.was_refunded_fully:
            states.add("refunded")
        return states

    def rest(self, active: Collection[UUID]) -> Lines:
        """Return the quantities that are not in one of the active refunds, by product."""
        counted = [lines for key, (lines, _restock) in self.refunded_items.items() if key in active]
        rest = {pk: n - sum(one.get(pk, 0) for one in counted) for pk, n in self.lines.items()}
        return {pk: n for pk, n in rest.items() if n > 0}

    def refund(self, amount: int) -> None:
        self.amount_refunded += amount
        self.was_refunded_fully |= self.amount_refunded == self.total


@dataclass
class ReferenceShop:
    """The expected stock, prices, carts and orders."""

    stock: Lines
    prices: Lines
    carts: dict[str, Lines]
    orders: list[ExpectedOrder] = field(default_factory=list)

    def set_quantity(self, shopper: str, pk: int, quantity: int) -> None:
        """Set the quantity in the cart, if it is available."""
        if quantity <= self._available(shopper, pk):
            self.carts[shopper][pk] = quantity

    def pending_order(self, shopper: str) -> ExpectedOrder | None:
        """Return the shopper's only pending order."""
        pending = [one for one in self.orders if one.shopper == shopper and one.is_pending]
        assert len(pending) <= 1
        return pending[0] if pending else None

    def page(self, shopper: str) -> tuple[tuple[int, int, int], ...]:
        """Return the lines and prices of the cart page."""
        cart = self.carts[shopper]
        return tuple(sorted((pk, number, self.prices[pk]) for pk, number in cart.items()))

    def can_check_out(self, shopper: str) -> bool:
        cart = self.carts[shopper]
        return bool(cart) and all(self._available(shopper, pk) >= cart[pk] for pk in cart)

    def check_out(self, shopper: str) -> bool:
        """Close or keep the pending order, and return whether a new one is placed."""
        old = self.pending_order(shopper)
        if old is not None:
            is_unchanged = old.lines == self.carts[shopper] and all(
                self.prices[pk] == price for pk, price in old.prices.items()
            )
            if not is_unchanged:
                self.cancel(old)
            if old.session != "expired":
                return False
            self.record_status(old, old.final_status)
        return True

    def place_order(self, shopper: str, *, payment_url: str, pk: int) -> ExpectedOrder:
        """Record the new order, and take its stock."""
        lines = dict(self.carts[shopper])
        for product, quantity in lines.items():
            self.stock[product] -= quantity
        prices = {product: self.prices[product] for product in lines}
        new = ExpectedOrder(shopper, lines, prices, payment_url, pk)
        self.orders.append(new)
        return new

    def cancel(self, order: ExpectedOrder) -> None:
        if order.is_pending:
            order.is_cancel_requested = True
            if order.session == "open":
                order.session = "expired"

    def record_status(self, order: ExpectedOrder, state: str) -> None:
        """Record a new state in the shop: clear the cart or give back the stock, once."""
        order.known_status = state
        if not order.is_pending and order.session == "complete" and not order.is_removed_from_cart:
            order.is_removed_from_cart = True
            cart = self.carts[order.shopper]
            for pk, quantity in order.lines.items():
                cart[pk] = cart.get(pk, 0) - quantity
                if cart[pk] <= 0:
                    del cart[pk]
        if state in CLOSED_UNPAID:
            self.restock(order)

    def restock(self, order: ExpectedOrder) -> None:
        if not order.is_restocked:
            order.is_restocked = True
            for pk, quantity in order.lines.items():
                self.stock[pk] += quantity

    def return_items(self, order: ExpectedOrder, active: Collection[UUID]) -> None:
        """Give back what the active refunds chose, and what has not come back before."""
        for pk, ordered in order.lines.items():
            chosen = sum(
                lines.get(pk, 0)
                for key, (lines, restock) in order.refunded_items.items()
                if restock and key in active
            )
            more = min(chosen, ordered) - order.returned.get(pk, 0)
            if more > 0:
                order.returned[pk] = order.returned.get(pk, 0) + more
                self.stock[pk] += more

    def _available(self, shopper: str, pk: int) -> int:
        pending = self.pending_order(shopper)
        return self.stock[pk] + (pending.lines.get(pk, 0) if pending else 0)
