"""Products, cart, orders and refunds for any Django site, paid through Stripe Checkout."""

__version__ = "0.1.0"
