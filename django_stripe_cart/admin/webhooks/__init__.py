"""The admin of webhook events."""
