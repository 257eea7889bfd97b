"""What a person does in the shop, in the words that they would use."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from django_stripe_cart.money import format_money

PAYING = re.compile(r"/c/pay/")

SETTLED = "() => !window.asking && !document.querySelector('[aria-busy=true]')"


def wait_until_idle(page: Page) -> None:
    """Wait until the page has loaded, and shows the answer to all that it has asked."""
    page.wait_for_load_state()
    page.wait_for_function(SETTLED)


class Shopper:
    def __init__(self, page: Page) -> None:
        self.page = page

    def sign_in(self, name: str, password: str) -> None:
        self.page.goto("/accounts/login/")
        expect(self.page.get_by_label("Name")).to_be_focused()
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Good things")).to_be_visible()

    # --- the storefront

    def product(self, name: str) -> Locator:
        return self.page.locator("article", has=self.page.get_by_role("heading", name=name))

    def price(self, name: str, quantity: int = 1) -> str:
        price = self.product(name).locator("output").get_attribute("data-stripe-cart-unit-amount")
        return format_money(int(price or 0) * quantity, "inr")

    def add(self, name: str, quantity: int = 1) -> None:
        product = self.product(name)
        product.get_by_role("spinbutton", name=f"Quantity of {name}").fill(str(quantity))
        product.get_by_role("button", name="Add to cart").click()
        expect(self.message(f"“{name}” is in your cart.")).to_be_visible()

    def message(self, words: str) -> Locator:
        return self.page.locator(".toast", has_text=words).first

    @property
    def cart_link(self) -> Locator:
        return self.page.get_by_role("banner").get_by_role("link", name=re.compile("cart", re.I))

    # --- the cart

    @property
    def cart(self) -> Locator:
        return self.page.get_by_role("dialog", name="Your cart")

    def open_cart(self) -> None:
        with self.page.expect_response("**/shop/cart/"):
            self.cart_link.click()
        expect(self.cart).to_be_visible()
        wait_until_idle(self.page)

    def line(self, name: str) -> Locator:
        return self.cart.locator("li", has_text=name)

    def quantity(self, name: str) -> Locator:
        return self.cart.get_by_role("spinbutton", name=f"Quantity of {name}")

    def check_out(self) -> str:
        """Press Checkout, and return the address of the payment page."""
        self.cart.get_by_role("button", name="Checkout").click()
        self.page.wait_for_url(PAYING)
        return self.page.url.partition("#")[0]

    # --- at Stripe

    def pay(self, card: str = "4242424242424242") -> None:
        email = self.page.get_by_label("E-mail")
        if email.is_editable():  # the shop knew none
            email.fill("asha@example.com")
        self.page.get_by_label("Card number").fill(card)
        self.page.get_by_label("Expiry").fill("12 / 34")
        self.page.get_by_label("Security code").fill("123")
        self.page.get_by_label("Name", exact=True).fill("Asha Rao")
        self.page.get_by_role("button", name=re.compile("^Pay ")).click()

    def return_without_payment(self) -> None:
        """Go back without paying: the shop shows the cart, which is closed then."""
        self.page.get_by_role("link", name=re.compile("^Back to")).click()
        expect(self.cart).to_contain_text("No payment was made.")
        self.close(self.cart)

    def close(self, modal: Locator) -> None:
        modal.locator("[data-bs-dismiss]").click()
        expect(modal).to_be_hidden()

    # --- the orders

    @property
    def orders(self) -> Locator:
        return self.page.get_by_role("dialog", name="My orders")

    def open_orders(self) -> None:
        self.page.get_by_role("banner").get_by_role("link", name="My orders").click()
        expect(self.orders.locator("[data-stripe-cart-fragment=orders]")).to_be_visible()
