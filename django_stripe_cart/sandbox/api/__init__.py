"""What the merchant's server may ask: one module for each of Stripe's resources."""
