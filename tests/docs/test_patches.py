"""Tests patch our code, or name its private parts, only where the maintainers' page says why."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.docs.pages import ROOT, read

PACKAGE = "django_stripe_cart"
PATCHES = re.compile(r"\.(setattr|delattr|patch|patch\.object)$")
ROW = re.compile(r"^\| `(tests/\S+)` \| (.+?) \| .+ \|$", re.M)

# Private to Django, gettext or pytest.
OF_OTHERS = {
    *("_meta", "_default_manager", "_base_manager", "_raw_delete"),
    *("_registry", "_messages", "_non_atomic_requests"),
    *("_catalog", "_session"),
}


def test_each_patch_of_our_code_is_listed_with_its_reason() -> None:
    listed = {path: set(re.findall("`(.+?)`", names)) for path, names in ROW.findall(section())}
    found = defaultdict(set)
    for path in (ROOT / "tests").rglob("*.py"):
        for name in patched_or_private(ast.parse(path.read_text("utf-8"))):
            found[path.relative_to(ROOT).as_posix()].add(name)

    assert found == listed


def test_a_patch_and_a_private_name_are_found() -> None:
    tree = ast.parse(
        """
        from django.db import connection
        from django_stripe_cart import cleaning
        from django_stripe_cart.checkout.flow import _begin
        monkeypatch.setattr(connection, "vendor", "mysql")
        monkeypatch.setattr(cleaning, "BATCH_SIZE", 1)
        monkeypatch.delattr("django_stripe_cart.stock.take")
        cleaning._delete_carts([])
        with mock.patch.object(module, "retry"): self._own = Order._meta
        """.replace(" " * 8, "")
    )

    names = ["BATCH_SIZE", "_begin", "_delete_carts", "retry", "take"]
    assert sorted(patched_or_private(tree)) == names


def section() -> str:
    return read("docs/testing.md").partition("## Tests that patch")[2].partition("\n## ")[0]


def patched_or_private(tree: ast.Module) -> Iterator[str]:
    """Yield the names in a module of tests that are ours, and are patched or private."""
    of_others = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            of_others.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if not (node.module or "").startswith(PACKAGE):
                of_others.update(alias.asname or alias.name for alias in node.names)
            yield from (alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls"):
            yield from [node.attr] if is_private(node.attr) else []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and PATCHES.search(ast.unparse(node.func)):
            target, *rest = node.args
            if isinstance(target, ast.Constant):
                path, _dot, name = str(target.value).rpartition(".")
                yield from [name] if path.startswith(PACKAGE) else []
            # A name that is not imported may be a module of ours.
            elif ast.unparse(target).partition(".")[0] not in of_others:
                yield ast.unparse(rest[0]).strip("'")


def is_private(name: str) -> bool:
    return re.match("_[a-z]", name) is not None and name not in OF_OTHERS
