"""Builders for Stripe's objects, one module for each."""
