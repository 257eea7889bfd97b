"""A linter for overridden templates: do they keep the attributes that our script needs?

Our template and the host's override are flattened to text, without rendering: blocks are filled
in, and ``{% extends %}`` and ``{% include %}`` with a constant name are followed. Then the
``data-stripe-cart-*`` attributes, the form fields and the CSRF tokens of both are compared.

Comparing the override's own file alone would be simpler, but would miss most of them: the usual
override extends our template and replaces a block. Django has no public API to walk a template's
nodes, so this relies on node attributes; where they don't say enough, nothing is reported.
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

from django_stripe_cart.templatetags.stripe_cart_internal import CART_FIELDS, cart_fields, shop_url

GAP = "\x00"  # stands for text that is known only while rendering
CSRF_FIELD = " csrfmiddlewaretoken "

# The script fails without these. A design may drop all other attributes.
ATTRIBUTE = re.compile(
    r"\bdata-stripe-cart-(?:failure|form|fragment|live|messages|modal|slot|src|toast)\b"
    r"""(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?"""
)
FIELD = re.compile(r"""\bname\s*=\s*["']?(?:fingerprint|product|quantity)\b""")
FORM = re.compile(r"<form\b[^>]*(?:stripe_cart:|data-stripe-cart-form).*?</form", re.I | re.S)

Blocks = Mapping[str, Sequence[BlockNode]]


class DynamicTemplate(Exception):
    """The name of an extended or included template is computed while rendering."""


def find_missing_hooks(engine: Engine, name: str, our_source: str) -> list[str]:
    """Return the hooks that ``our_source`` has and the template found by ``engine`` lacks.

    Raises ``DynamicTemplate`` if that template can't be flattened.
    """
    ours = _Flattener(engine, follow=False).flatten(Template(our_source, engine=engine))
    theirs = _Flattener(engine, follow=True).flatten(*engine.find_template(name))
    missing = sorted(_find_hooks(ours) - _find_hooks(theirs))
    if any("csrfmiddlewaretoken" not in form for form in FORM.findall(theirs)):
        missing.append("{% csrf_token %}")
    return missing


def _find_hooks(text: str) -> set[str]:
    return {_normalize(found) for found in [*ATTRIBUTE.findall(text), *FIELD.findall(text)]}


def _normalize(attribute: str) -> str:
    """Write an attribute as ``name="value"``, or as ``name`` if its value has a gap."""
    name, _, value = (part.strip(" \t\n\"'") for part in attribute.partition("="))
    return f'{name}="{value}"' if value and GAP not in value else name


class _Flattener:
    """Flattens a template to text. Without ``follow``, extends and includes are ignored."""

    def __init__(self, engine: Engine, *, follow: bool) -> None:
        self.engine = engine
        self.follow = follow
        self.including: list[str] = []  # names of the enclosing includes

    def flatten(self, template: Template, origin: Origin | None = None) -> str:
        return self._template(template, {}, [origin] if origin else [])

    def _template(self, template: Template, blocks: Blocks, skip: list[Origin]) -> str:
        extends = next((node for node in template.nodelist if isinstance(node, ExtendsNode)), None)
        if extends is None or not self.follow:
            return self._nodes(template.nodelist, blocks)
        own = {name: [*blocks.get(name, ()), block] for name, block in extends.blocks.items()}
        # A template may extend one of its own name: skip those already used.
        parent, origin = self.engine.find_template(_constant(extends.parent_name), skip=skip)
        return self._template(parent, {**blocks, **own}, [*skip, origin])

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
            return _expand_tag(node)
        if isinstance(node, BlockNode):
            return self._block([*blocks.get(node.name, ()), node], blocks)
        if isinstance(node, IncludeNode):
            return self._include(node) if self.follow else GAP
        inside = [getattr(node, name, None) or NodeList() for name in node.child_nodelists]
        return GAP.join(["", *(self._nodes(nodes, blocks) for nodes in inside), ""]) or GAP

    def _block(self, chain: Sequence[BlockNode], blocks: Blocks) -> str:
        """Return the text of the first block, and of the next one if it uses block.super."""
        first, *rest = dict.fromkeys(chain)
        text = self._nodes(first.nodelist, blocks)
        return text + self._block(rest, blocks) if rest and _calls_super(first) else text

    def _include(self, node: IncludeNode) -> str:
        name = _constant(node.template)
        if name in self.including:
            return GAP
        self.including.append(name)
        text = self.flatten(*self.engine.find_template(name))
        self.including.pop()
        return text


def _expand_tag(node: SimpleNode) -> str:
    """Return the known part of the output of our own tags."""
    if node.func is cart_fields:
        return CART_FIELDS
    if node.func is shop_url:
        (name,) = [*node.args, *node.kwargs.values()]
        return f"{GAP}stripe_cart:{name.var}{GAP}"
    return GAP


def _calls_super(block: BlockNode) -> bool:
    variables: list[Any] = block.nodelist.get_nodes_by_type(VariableNode)
    return any(str(node.filter_expression.var) == "block.super" for node in variables)


def _constant(expression: Any) -> str:
    """Return the name in ``{% include "name" %}``. Raises ``DynamicTemplate`` for a variable."""
    if not isinstance(expression.var, str) or expression.filters:
        raise DynamicTemplate
    return expression.var
