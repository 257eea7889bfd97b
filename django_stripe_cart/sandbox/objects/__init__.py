"""Functions that build Stripe's objects, one module for each kind."""
