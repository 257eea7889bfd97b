"""Functions that build Stripe's objects, in one module for each kind of object."""
