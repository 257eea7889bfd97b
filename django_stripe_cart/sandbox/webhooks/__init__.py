"""Webhook deliveries: the queue, one attempt, and the HTTP request."""
