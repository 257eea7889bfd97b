"""URLs and text of the admin pages."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from django_stripe_cart.models import Order


def url(page: str, model: Any = Order, *args: Any) -> str:
    return reverse(f"admin:stripe_cart_{model._meta.model_name}_{page}", args=args)


def read(staff_client: Client, address: str, **query: Any) -> str:
    response = staff_client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


def fields(page: str) -> dict[str, str]:
    """The data that a browser submits for an unchanged form."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", page):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind = attributes.get("type")
        if "name" in attributes and kind not in ("checkbox", "submit"):
            found[attributes["name"]] = unescape(attributes.get("value", ""))
    return found


def press(staff_client: Client, address: str, **changes: Any) -> list[str]:
    """Submit the form of a confirmation page, and return the messages."""
    form = fields(read(staff_client, address)) | changes
    return post(staff_client, address, form)


def post(staff_client: Client, address: str, form: dict[str, Any]) -> list[str]:
    staff_client.cookies.pop("messages", None)  # shown already
    answer = staff_client.post(address, form)
    assert answer.status_code == 303, answer.content.decode()
    return [str(message) for message in get_messages(answer.wsgi_request)]
