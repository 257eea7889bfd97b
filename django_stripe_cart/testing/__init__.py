"""Tools for testing a shop in the test process, with a stand-in for Stripe and no network.

``fixtures``         pytest: ``pytest_plugins = ["django_stripe_cart.testing.fixtures"]``
``testcases``        unittest: ``StripeCartMixin``, the same for a ``TestCase``
``factories``        ``make_product``, ``make_cart``, ``make_order(status=…)``; by factory_boy:
                     ``ProductFactory``, ``UserFactory``, ``CartFactory``, ``CartItemFactory``,
                     ``OrderFactory``, ``OrderItemFactory``, ``RefundFactory``
``browser``          ``Browser``: a shopper's browser, which uses the shop's pages and forms
``events``           ``signed_event``: a signed webhook, as Stripe sends it
``sandbox``          ``stripe_sandbox``: a sandbox in this process, connected to this site's webhook
``invariants``       ``violations``: compare the shop's database with Stripe
``refund_log``       ``RefundLog``: notice refunds that were sent without being asked for
``payment_counter``  ``start_counting``: count how often ``order_paid`` was received
``scenarios``        ``SCENARIOS``: sequences of events at Stripe for an order
``prover``           ``prove``: run your receivers with webhooks reordered, repeated and interrupted

Only ``fixtures`` imports pytest, and only the factories import factory_boy. The extra ``testing``
installs both: ``pip install "django-stripe-cart[testing]"``.
"""
