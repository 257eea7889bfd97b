"""A linter for template overrides that lack attributes which the shop's script needs.

The linter converts the shop's template and the project's override to text, without rendering. It
fills in blocks, and follows ``{% extends %}`` and ``{% include %}`` if the template's name is a
constant. Then it compares the ``data-stripe-cart-*`` attributes, the form fields and the CSRF
tokens of both texts.

It is not enough to read the override's own file: most overrides extend the shop's template and
replace a block. Django has no public API for the nodes of a template, so the linter relies on
attributes of the nodes. It does not report a template whose nodes it can't read.
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
    """Raised if the name of an extended or included template is known only while rendering."""


def find_missing_hooks(engine: Engine, name: str, our_source: str) -> list[str]:
    """Return the hooks in ``our_source`` that the engine's template ``name`` does not have.

    Hooks are the attributes and form fields that the script needs, and the CSRF token. Raises
    ``DynamicTemplate`` if the template can't be converted to text.
    """
    ours = _Flattener(engine, follow=False).flatten(Template(our_source, engine=engine))
    theirs = _Flattener(engine, follow=True).flatten(*engine.find_template(name))
    missing = sorted(_find_hooks(ours) - _find_hooks(theirs))
    if any("csrfmiddlewaretoken" not in form for form in FORM.findall(theirs)):
        missing.append("{% csrf_token %}")
    return missing


def _find_hooks(text: str) -> set[str]:
    """Return the attributes and form fields in ``text`` that the script needs."""
    return {_normalize(found) for found in [*ATTRIBUTE.findall(text), *FIELD.findall(text)]}


def _normalize(attribute: str) -> str:
    """Return an attribute as ``name="value"``, or only its name if the value is not known."""
    name, _, value = (part.strip(" \t\n\"'") for part in attribute.partition("="))
    return f'{name}="{value}"' if value and GAP not in value else name


class _Flattener:
    """Converts templates to text.

    With ``follow``, it also reads extended and included templates.
    """

    def __init__(self, engine: Engine, *, follow: bool) -> None:
        self.engine = engine
        self.follow = follow
        self.including: list[str] = []  # names of the enclosing includes

    def flatten(self, template: Template, origin: Origin | None = None) -> str:
        """Return the text of a template, which was loaded from ``origin``."""
        return self._flatten_template(template, {}, [origin] if origin else [])

    def _flatten_template(self, template: Template, blocks: Blocks, skip: list[Origin]) -> str:
        """Return the text of a template whose blocks are overridden by ``blocks``.

        ``skip`` has the origins of the templates that extend this template.
        """
        extends = next((node for node in template.nodelist if isinstance(node, ExtendsNode)), None)
        if extends is None or not self.follow:
            return self._flatten_nodes(template.nodelist, blocks)
        own = {name: [*blocks.get(name, ()), block] for name, block in extends.blocks.items()}
        # A template may extend one of its own name: skip those already used.
        parent, origin = self.engine.find_template(_read_constant(extends.parent_name), skip=skip)
        return self._flatten_template(parent, {**blocks, **own}, [*skip, origin])

    def _flatten_nodes(self, nodes: Iterable[Node], blocks: Blocks) -> str:
        """Return the text of several nodes."""
        return "".join(self._flatten_node(node, blocks) for node in nodes)

    def _flatten_node(self, node: Node, blocks: Blocks) -> str:
        """Return the text of one node, with ``GAP`` for what is known only while rendering."""
        if isinstance(node, TextNode):
            return node.s
        if isinstance(node, CsrfTokenNode):
            return CSRF_FIELD
        if isinstance(node, URLNode):
            return f"{GAP}{node.view_name.var}{GAP}"
        if isinstance(node, SimpleNode):
            return _expand_tag(node)
        if isinstance(node, BlockNode):
            return self._flatten_block([*blocks.get(node.name, ()), node], blocks)
        if isinstance(node, IncludeNode):
            return self._flatten_include(node) if self.follow else GAP
        inside = [getattr(node, name, None) or NodeList() for name in node.child_nodelists]
        return GAP.join(["", *(self._flatten_nodes(nodes, blocks) for nodes in inside), ""]) or GAP

    def _flatten_block(self, chain: Sequence[BlockNode], blocks: Blocks) -> str:
        """Return the text of the first block in ``chain``.

        ``chain`` has a block, followed by the blocks that it overrides. If the first block uses
        ``block.super``, the text of the next block is appended.
        """
        first, *rest = dict.fromkeys(chain)
        text = self._flatten_nodes(first.nodelist, blocks)
        return text + self._flatten_block(rest, blocks) if rest and _calls_super(first) else text

    def _flatten_include(self, node: IncludeNode) -> str:
        """Return the text of an included template, or ``GAP`` if the template includes itself."""
        name = _read_constant(node.template)
        if name in self.including:
            return GAP
        self.including.append(name)
        text = self.flatten(*self.engine.find_template(name))
        self.including.pop()
        return text


def _expand_tag(node: SimpleNode) -> str:
    """Return the output of ``{% cart_fields %}`` or ``{% shop_url %}``.

    For other tags, return ``GAP``, which stands for text that is known only while rendering.
    """
    if node.func is cart_fields:
        return CART_FIELDS
    if node.func is shop_url:
        (name,) = [*node.args, *node.kwargs.values()]
        return f"{GAP}stripe_cart:{name.var}{GAP}"
    return GAP


def _calls_super(block: BlockNode) -> bool:
    """Return whether the block contains ``{{ block.super }}``."""
    variables: list[Any] = block.nodelist.get_nodes_by_type(VariableNode)
    return any(str(node.filter_expression.var) == "block.super" for node in variables)


def _read_constant(expression: Any) -> str:
    """Return the text of a constant in a template tag.

    Raises ``DynamicTemplate`` if the expression is not a constant.
    """
    if not isinstance(expression.var, str) or expression.filters:
        raise DynamicTemplate
    return expression.var
