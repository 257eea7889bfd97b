"""The SDK's own annotations, read from its source, as a contract for what the sandbox returns."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

import stripe

Fields = dict[str, ast.expr]
SCALARS = {"int": int, "str": str, "bool": bool, "float": (int, float), "Decimal": str}


class Shape:
    """One class of the SDK: its fields, and the classes inside it."""

    def __init__(self, node: ast.ClassDef, outer: "Shape | None" = None) -> None:
        self.name, self.outer = node.name, outer
        self.fields: Fields = {}
        self.inner: dict[str, Shape] = {}
        for child in node.body:
            if isinstance(child, ast.ClassDef):
                self.inner[child.name] = Shape(child, self)
            elif isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
                self.fields[child.target.id] = child.annotation
        self.is_object = "OBJECT_NAME" in self.fields
        self.fields.pop("OBJECT_NAME", None)
        for private in [name for name in self.fields if name.startswith("_")]:
            del self.fields[private]

    def find(self, name: str) -> "Shape | None":
        return self.inner.get(name) or (self.outer.find(name) if self.outer else None)


@cache
def shapes() -> dict[str, Shape]:
    """Return the classes of the SDK by the name of their object, `payment_intent` for instance."""
    found: dict[str, Shape] = {}
    root = Path(stripe.__file__).parent
    for path in [*root.glob("_*.py"), *root.glob("checkout/_*.py"), *root.glob("radar/_*.py")]:
        source = path.read_text(encoding="utf-8")
        if "OBJECT_NAME: ClassVar" not in source:
            continue
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                shape = Shape(node)
                if shape.is_object and "object" in shape.fields:
                    found[_literals(shape.fields["object"])[0]] = shape
    return found


def breaches(obj: Any, path: str = "") -> list[str]:
    """Return where an object, or one inside it, is not what the SDK says it is."""
    if isinstance(obj, list):
        return [one for i, item in enumerate(obj) for one in breaches(item, f"{path}[{i}]")]
    if not isinstance(obj, dict):
        return []
    # An event's data has an object under this name, and not its noun.
    noun = obj["object"] if isinstance(obj.get("object"), str) else ""
    shape, path = shapes().get(noun), path or noun
    found = _check_fields(obj, shape, path) if shape else []
    for name, value in obj.items():
        found += breaches(value, f"{path}.{name}")
    return found


def _check_fields(obj: dict[str, Any], shape: Shape, path: str) -> list[str]:
    found = [
        f"{path}.{name} is no field of {shape.name}" for name in obj if name not in shape.fields
    ]
    for name, annotation in shape.fields.items():
        found += _check(obj.get(name), annotation, shape, f"{path}.{name}", name in obj)
    return found


def _check(value: Any, annotation: ast.expr, shape: Shape, path: str, is_there: bool) -> list[str]:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    kind, inner = _split(annotation)
    if kind == "Optional":
        return [] if value is None else _check(value, inner[0], shape, path, True)
    if value is None:
        return [f"{path} is {'null' if is_there else 'missing'}"]
    if kind in ("Literal", "Union"):
        return _check_choice(value, annotation, path)
    if kind == "ExpandableField":
        return [] if isinstance(value, str | dict) else [f"{path} is no id and no object"]
    if kind in ("List", "ListObject"):
        return _check_list(value, kind, inner[0], shape, path)
    return _check_name(value, kind, shape, path)


def _check_choice(value: Any, annotation: ast.expr, path: str) -> list[str]:
    allowed = _literals(annotation)
    if allowed and isinstance(value, str) and value not in allowed:
        return [f"{path} is {value!r}, which is none of {allowed[:8]}…"]
    return []


def _check_list(value: Any, kind: str, item: ast.expr, shape: Shape, path: str) -> list[str]:
    if kind == "ListObject":
        is_list = isinstance(value, dict) and value.get("object") == "list"
        names = {"object", "data", "has_more", "url"}
        return [] if is_list and names <= set(value) else [f"{path} is no list object"]
    if not isinstance(value, list):
        return [f"{path} is no list"]
    return [
        one
        for i, each in enumerate(value)
        for one in _check(each, item, shape, f"{path}[{i}]", True)
    ]


def _check_name(value: Any, name: str, shape: Shape, path: str) -> list[str]:
    if name in SCALARS:
        wanted = SCALARS[name]
        is_right = isinstance(value, wanted) and (name == "bool" or not isinstance(value, bool))
        return [] if is_right else [f"{path} is {value!r}, not {name}"]
    inner = shape.find(name)
    if inner is None or inner.is_object:
        return []
    return _check_fields(value, inner, path) if isinstance(value, dict) else [f"{path}: no object"]


def _split(annotation: ast.expr) -> tuple[str, list[ast.expr]]:
    """Return the outermost name of an annotation, and what is in its brackets."""
    if not isinstance(annotation, ast.Subscript):
        return ast.unparse(annotation), []
    inside = annotation.slice
    parts = list(inside.elts) if isinstance(inside, ast.Tuple) else [inside]
    return ast.unparse(annotation.value), parts


def _literals(annotation: ast.expr) -> list[str]:
    """Return every word that the annotation allows."""
    nodes = [node for node in ast.walk(annotation) if isinstance(node, ast.Subscript)]
    words = []
    for node in nodes:
        if ast.unparse(node.value) == "Literal":
            words += [one.value for one in ast.walk(node.slice) if isinstance(one, ast.Constant)]
    return words
