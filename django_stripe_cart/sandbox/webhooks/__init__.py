"""Webhook delivery: the queue, one attempt, and the HTTP request."""
