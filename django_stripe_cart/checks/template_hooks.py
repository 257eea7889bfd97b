"""What of a template our script holds on to, and whether a host's override still has it.

A template is laid out flat: its text, that of the blocks which fill it and of what it includes.
What only shows while it is rendered leaves a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.template import Engine, Node, NodeList, Origin, Template
from django.template.base import TextNode, VariableNode
from django.template.defaulttags import CsrfTokenNode, URLNode
from django.template.library import SimpleNode
from django.template.loader_tags import BlockNode, ExtendsNode, IncludeNode

from django_stripe_cart.templatetags.stripe_cart import CART_FIELDS, cart_fields, shop_url

GAP = "\x00"
CSRF_FIELD = " csrfmiddlewaretoken "

# Without these our script fails or falls silent. All others are graces that a design may drop.
ATTRIBUTE = re.compile(
    r"\bdata-stripe-cart-(?:failure|form|fragment|live|messages|modal|slot|src|toast)\b"
    r"""(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?"""
)
FIELD = re.compile(r"""\bname\s*=\s*["']?(?:fingerprint|product|quantity)\b""")
FORM = re.compile(r"<form\b[^>]*(?:stripe_cart:|data-stripe-cart-form).*?</form", re.I | re.S)

Blocks = Mapping[str, Sequence[BlockNode]]


class Unknowable(Exception):
    """What the template consists of is decided while it is rendered."""


def lost_hooks(engine: Engine, name: str, our_source: str) -> list[str]:
    """Return what our own template ``name`` has, and the one that ``engine`` finds has not."""
    ours = _Flat(engine, follow=False).lay_out(Template(our_source, engine=engine))
    theirs = _Flat(engine, follow=True).lay_out(*engine.find_template(name))
    lost = sorted(_hooks(ours) - _hooks(theirs))
    if any("csrfmiddlewaretoken" not in form for form in FORM.findall(theirs)):
        lost.append("{% csrf_token %}")
    return lost


def _hooks(text: str) -> set[str]:
    return {_plain(found) for found in [*ATTRIBUTE.findall(text), *FIELD.findall(text)]}


def _plain(attribute: str) -> str:
    """The attribute as it is usually written; a value with a gap is no part of it."""
    name, _, value = (part.strip(" \t\n\"'") for part in attribute.partition("="))
    return f'{name}="{value}"' if value and GAP not in value else name


class _Flat:
    """The text of a template. Without ``follow``, only what stands in itself."""

    def __init__(self, engine: Engine, *, follow: bool) -> None:
        self.engine = engine
        self.follow = follow
        self.open: list[str] = []  # includes that we are in

    def lay_out(self, template: Template, origin: Origin | None = None) -> str:
        return self._template(template, {}, [origin] if origin else [])

    def _template(self, template: Template, blocks: Blocks, passed: list[Origin]) -> str:
        extends = next((node for node in template.nodelist if isinstance(node, ExtendsNode)), None)
        if extends is None or not self.follow:
            return self._nodes(template.nodelist, blocks)
        own = {name: [*blocks.get(name, ()), block] for name, block in extends.blocks.items()}
        # A template may extend one of its own name: the next that the loaders find.
        parent, origin = self.engine.find_template(_constant(extends.parent_name), skip=passed)
        return self._template(parent, {**blocks, **own}, [*passed, origin])

    def _nodes(self, nodes: Iterable[Node], blocks: Blocks) -> str:
        return "".join(self._node(node, blocks) for node in nodes)

    def _node(self, node: Node, blocks: Blocks) -> str:
        if isinstance(node, TextNode):
            return node.s
        if isinstance(node, CsrfTokenNode):
            return CSRF_FIELD
        if isinstance(node, URLNode):
            return f"{GAP}{node.view_name.var}{GAP}"
        if isinstance(node, SimpleNode):
            return _tag(node)
        if isinstance(node, BlockNode):
            return self._block([*blocks.get(node.name, ()), node], blocks)
        if isinstance(node, IncludeNode):
            return self._include(node) if self.follow else GAP
        inside = [getattr(node, name, None) or NodeList() for name in node.child_nodelists]
        return GAP.join(["", *(self._nodes(nodes, blocks) for nodes in inside), ""]) or GAP

    def _block(self, chain: Sequence[BlockNode], blocks: Blocks) -> str:
        """The first of the chain, and the next where the first asks for it."""
        first, *rest = dict.fromkeys(chain)
        text = self._nodes(first.nodelist, blocks)
        return text + self._block(rest, blocks) if rest and _asks_for_super(first) else text

    def _include(self, node: IncludeNode) -> str:
        name = _constant(node.template)
        if name in self.open:
            return GAP
        self.open.append(name)
        text = self.lay_out(*self.engine.find_template(name))
        self.open.pop()
        return text


def _tag(node: SimpleNode) -> str:
    """What a tag of ours stands for, as far as it is known before."""
    if node.func is cart_fields:
        return CART_FIELDS
    if node.func is shop_url:
        (name,) = [*node.args, *node.kwargs.values()]
        return f"{GAP}stripe_cart:{name.var}{GAP}"
    return GAP


def _asks_for_super(block: BlockNode) -> bool:
    variables: list[Any] = block.nodelist.get_nodes_by_type(VariableNode)
    return any(str(node.filter_expression.var) == "block.super" for node in variables)


def _constant(expression: Any) -> str:
    """The name in ``{% include "name" %}``; one that is worked out later is not known."""
    if not isinstance(expression.var, str) or expression.filters:
        raise Unknowable
    return expression.var
