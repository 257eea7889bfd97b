"""The shapes of Stripe's objects, each built in one place."""
