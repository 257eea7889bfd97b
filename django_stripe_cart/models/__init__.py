"""Models of products, carts, orders, refunds, e-mails and events."""

from django_stripe_cart.models.cart import Cart, CartItem
from django_stripe_cart.models.dispute import Dispute
from django_stripe_cart.models.event_cursor import EventCursor
from django_stripe_cart.models.order import Order
from django_stripe_cart.models.order_email import OrderEmail
from django_stripe_cart.models.order_event import OrderEvent
from django_stripe_cart.models.order_issue import OrderIssue
from django_stripe_cart.models.order_item import OrderItem
from django_stripe_cart.models.product import AbstractProduct, Product, get_product_model
from django_stripe_cart.models.refund import Refund
from django_stripe_cart.models.refund_item import RefundItem
from django_stripe_cart.models.webhook_event import WebhookEvent
from django_stripe_cart.models.webhook_refusal import WebhookRefusal

__all__ = [
    "AbstractProduct",
    "Cart",
    "CartItem",
    "Dispute",
    "EventCursor",
    "Order",
    "OrderEmail",
    "OrderEvent",
    "OrderIssue",
    "OrderItem",
    "Product",
    "Refund",
    "RefundItem",
    "WebhookEvent",
    "WebhookRefusal",
    "get_product_model",
]
