"""Webhook delivery: the queue, the sender and the HTTP request."""
