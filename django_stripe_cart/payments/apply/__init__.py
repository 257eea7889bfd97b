"""Functions that apply data from Stripe to a locked order."""
