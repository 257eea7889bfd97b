"""The plain host project of the walk; the other hosts override what differs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.test import Client

from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.factories import CartItemFactory, make_product, make_user


class Host:
    admin_site = admin.site

    def make_user(self) -> Any:
        return make_user("shopper")

    def make_staff(self) -> Any:
        user = make_user("staff")
        user.is_staff = user.is_superuser = True
        user.save()
        return user

    def make_products(self) -> tuple[Any, Any]:
        """A mug at 499.00 and a lamp at 1,299.50, ten of each where they are counted."""
        return make_product("Mug", price="499.00"), make_product("Lamp", price="1299.50")

    def make_rows(self) -> None:
        """Rows by the factories, of this host's own models of products and users."""
        CartItemFactory.create()

    def stock(self, product: Any) -> int | None:
        """int, how many are left; None where this host does not count."""
        product.refresh_from_db()
        return int(product.stock)

    def client(self) -> Client:
        return Client()

    def connect_webhook(self, sandbox: Sandbox) -> None:
        """Connect the sandbox to the webhook URL of this host."""

    def check_specifics(self, client: Client, sandbox: Sandbox) -> None:
        """Check what is specific to this host, after the walk."""
