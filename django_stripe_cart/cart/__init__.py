"""Carts: their contents, and the functions that change them."""

from django_stripe_cart.cart.changes import (
    add_item,
    drop_empty_cart,
    get_guest_cart,
    get_user_cart,
    remove_item,
    set_quantity,
)

__all__ = [
    "add_item",
    "drop_empty_cart",
    "get_guest_cart",
    "get_user_cart",
    "remove_item",
    "set_quantity",
]
