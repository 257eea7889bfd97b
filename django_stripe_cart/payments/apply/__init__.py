"""Apply what Stripe returned to a locked order."""
