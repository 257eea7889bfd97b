"""Tools for testing a shop in the test process, with a stand-in for Stripe and no network.

``fixtures``         pytest: ``pytest_plugins = ["django_stripe_cart.testing.fixtures"]``
``testcases``        unittest: ``StripeCartMixin`` gives a ``TestCase`` the tools of ``fixtures``
``factories``        ``make_product``, ``make_cart``, ``make_order(status=…)``; with factory_boy:
                     ``ProductFactory``, ``UserFactory``, ``CartFactory``, ``CartItemFactory``,
                     ``OrderFactory``, ``OrderItemFactory``, ``RefundFactory``
``browser``          ``Browser``: a shopper's browser, which uses the shop's pages and forms
``events``           ``signed_event``: a signed webhook, as Stripe sends it
``sandbox``          ``stripe_sandbox``: a sandbox in this process, connected to this site's webhook
``invariants``       ``violations``: compare the shop's database with Stripe
``refund_log``       ``RefundLog``: log refunds that no running ``refund_order`` call asked for
``payment_counter``  ``start_counting``: count how often ``order_paid`` was received
``scenarios``        ``SCENARIOS``: sequences of events at Stripe for an order
``prover``           ``prove``: run your receivers with webhooks reordered, repeated and interrupted

Only ``fixtures`` imports pytest, and only the factories with factory_boy import that package. To
install both packages: ``pip install "django-stripe-cart[testing]"``.
"""
