from typing import Any

from asgiref.sync import async_to_sync
from django.core.signals import request_started
from django.test import AsyncClient, Client
from django.test.client import AsyncClientHandler

from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.sandbox import post_webhook
from tests.hosts import host as plain


class AsgiClient(Client):
    """The same calls, answered by Django's ASGI handler."""

    def __init__(self, **defaults: Any) -> None:
        super().__init__(**defaults)
        self.async_client = AsyncClient(**defaults)

    def force_login(self, user: Any, backend: str | None = None) -> None:
        self.async_client.force_login(user, backend)

    def get(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return async_to_sync(self.async_client.get)(path, *args, **kwargs)

    def post(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return async_to_sync(self.async_client.post)(path, *args, **kwargs)


class Host(plain.Host):
    def __init__(self) -> None:
        self.handlers: set[type] = set()
        request_started.connect(self.note_handler)

    def note_handler(self, sender: type, **kwargs: Any) -> None:
        self.handlers.add(sender)

    def client(self) -> Client:
        return AsgiClient()

    def connect_webhook(self, sandbox: Sandbox) -> None:
        sandbox.deliver_with(
            lambda url, body, headers: post_webhook(body, headers, client_class=AsgiClient)
        )

    def check_specifics(self, client: Client, sandbox: Sandbox) -> None:
        """Nothing has come in through WSGI."""
        assert self.handlers == {AsyncClientHandler}


host = Host()
