"""Browsers that request a language, and the text of their pages."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

from django_stripe_cart.testing.browser import Browser

BrowserIn = Callable[[str], Browser]


def read(browser: Browser, address: str) -> str:
    answer = browser.client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())
