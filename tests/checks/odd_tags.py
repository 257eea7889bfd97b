"""A template tag whose child nodes are not nodes."""

from __future__ import annotations

from typing import Any

from django.template import Library, Node

register = Library()


class OddNode(Node):
    child_nodelists = ("pairs",)
    pairs = [("name", "value")]

    def render(self, context: Any) -> str:
        return ""


@register.tag
def odd(parser: Any, token: Any) -> OddNode:
    return OddNode()
