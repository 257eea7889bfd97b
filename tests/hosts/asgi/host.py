from typing import Any

from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from tests.hosts import host as plain


class AsgiClient(Client):
    """The same calls, answered by Django's ASGI handler."""

    def __init__(self, **defaults: Any) -> None:
        super().__init__(**defaults)
        self.through = AsyncClient()

    def force_login(self, user: Any, backend: str | None = None) -> None:
        self.through.force_login(user, backend)

    def get(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return async_to_sync(self.through.get)(path, *args, **kwargs)

    def post(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return async_to_sync(self.through.post)(path, *args, **kwargs)


class Host(plain.Host):
    def client(self) -> Client:
        return AsgiClient()


host = Host()
