"""The API: one module for each of Stripe's resources."""
