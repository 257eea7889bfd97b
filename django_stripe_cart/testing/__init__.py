"""What a host needs to test its shop, with Stripe in a box and no network.

``fixtures``    pytest: ``pytest_plugins = ["django_stripe_cart.testing.fixtures"]``
``cases``       unittest: ``StripeCartMixin``, the same for a ``TestCase``
``factories``   ``make_product``, ``make_cart``, ``make_order(status=…)``
``shopping``    ``Browser``: a shopper who sees pages and presses buttons
``events``      ``signed_event``: a webhook as Stripe would send it
``invariants``  what must hold at every moment, and once everything has settled
``recording``   ``record_paid``: counts how often ``order_paid`` was really delivered
``stories``     what may happen to an order at Stripe, act by act
``prover``      your own receivers against every order, duplicate and crash of Stripe's webhooks

Nothing here imports pytest but ``fixtures``.
"""
