"""The limits that the shop was given, beside what was counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Found = Mapping[str, Mapping[str, Any]]

# operation: statements at most
STATEMENTS = {
    "add to cart, new line": 5,
    "add to cart, same line": 5,
    "cart, 1 lines": 4,
    "cart, 50 lines": 4,
    "webhook duplicate": 2,
    "My Orders, 1,000 past orders": 5,
    "My Orders, 100,000 past orders": 5,
}
# operation, instructions at most so many times those of whom
INSTRUCTIONS = (
    ("storefront, 12 of 60 products", 1.3, "minimal"),
    ("storefront, 12 of 60 products", 1.3, "same_page"),
    ("storefront, 12 of 60 products", 0.5, "django_oscar"),
    ("add to cart, new line", 1.5, "minimal"),
    ("add to cart, new line", 1, "django_cart"),
    ("add to cart, same line", 1.5, "minimal"),
    ("add to cart, same line", 1, "django_cart"),
    ("cart, 10 lines", 1.3, "minimal"),
    ("cart, 10 lines", 1.3, "same_page"),
    ("begin checkout, 3 lines", 2, "minimal"),
    ("begin checkout, 50 lines", 2, "minimal"),
    ("webhook paid, 3 lines", 2, "minimal"),
    ("webhook paid, 3 lines", 0.5, "djstripe"),
    ("webhook duplicate", 1, "minimal"),
    ("My Orders, 10 past orders", 1.3, "minimal"),
    ("My Orders, 10 past orders", 1.3, "same_page"),
    ("order page, 3 lines", 1.3, "same_page"),
)
# the same of ours with ``STRIPE_CART_EMAILS = False``: nobody else's webhook writes a letter
WITHOUT_EMAILS = (
    ("webhook paid, 3 lines", 2, "minimal"),
    ("webhook paid, 3 lines", 0.5, "djstripe"),
)
# what a further line adds: from, to, how many lines, at most that of whom
LINES = (
    ("cart, 10 lines", "cart, 50 lines", 40, "minimal"),
    ("cart, 10 lines", "cart, 50 lines", 40, "same_page"),
    ("begin checkout, 3 lines", "begin checkout, 50 lines", 47, "django_payments"),
)
# among many, at most so many times the same among few
CROWDS = (
    ("storefront, 12 of 100,000 products", 1.1, "storefront, 12 of 1,000 products"),
    ("My Orders, 100,000 past orders", 1.1, "My Orders, 1,000 past orders"),
    ("webhook paid, among 1,000,000 orders", 1.1, "webhook paid, among 1,000 orders"),
)
PAGES = (
    "storefront, 12 of 60 products",
    "cart, 10 lines",
    "cart, 50 lines",
    "My Orders, 10 past orders",
    "order page, 3 lines",
)


def table(found: Found) -> Iterator[str]:
    yield "| operation | limit | seen | kept |"
    yield "| --- | --- | ---: | --- |"
    ours = found["ours"]
    for name, most in STATEMENTS.items():
        yield _row(name, f"{most} statements", ours[name].statements, most)
    for rows, who, note in (
        (INSTRUCTIONS, "ours", ""),
        (WITHOUT_EMAILS, "ours_without_emails", ", without e-mails"),
    ):
        for name, most, whose in rows:
            ratio = found[who][name].instructions / found[whose][name].instructions
            yield _row(f"{name}{note}", f"{most} times the instructions of {whose}", ratio, most)
    for few, many, lines, whose in LINES:
        added = [found[w][many].instructions - found[w][few].instructions for w in ("ours", whose)]
        seen, most = (each / lines / 1e6 for each in added)
        yield _row(f"{many}, each further one", f"{most:.2f} M, as {whose}", seen, most, " M")
    for many, most, few in CROWDS:
        ratio = ours[many].instructions / ours[few].instructions
        yield _row(many, f"{most} times that among few", ratio, most)
    for name in PAGES:
        pages = (found[whose][name] for whose in ("ours", "minimal"))
        seen, most = (page.instructions / page.bytes for page in pages)
        yield _row(name, f"for each byte {most:,.0f}, as minimal", seen, most)


def _row(name: str, limit: str, seen: float, most: float, unit: str = "") -> str:
    figure = f"{seen:,.0f}" if seen >= 100 or isinstance(seen, int) else f"{seen:.2f}"
    return f"| {name} | {limit} | {figure}{unit} | {'yes' if seen <= most else 'no'} |"
