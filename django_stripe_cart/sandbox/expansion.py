"""`expand[]`: ids in an answer replaced by what they stand for."""

from django_stripe_cart.sandbox.account import Account, public
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.lists import list_object, page_of

MAX_DEPTH = 4
EXPANDABLE = {
    "checkout.session": {
        "customer", "invoice", "line_items", "payment_intent", "payment_link", "setup_intent",
        "subscription",
    },
    "payment_intent": {
        "application", "customer", "latest_charge", "on_behalf_of", "payment_method", "review",
    },
    "charge": {
        "application", "application_fee", "balance_transaction", "customer",
        "failure_balance_transaction", "on_behalf_of", "payment_intent", "refunds", "review",
        "source_transfer", "transfer",
    },
    "refund": {
        "balance_transaction", "charge", "customer", "failure_balance_transaction",
        "payment_intent", "payment_method", "source_transfer_reversal", "transfer_reversal",
    },
    "dispute": {"charge", "payment_intent"},
    "balance_transaction": {"source"},
    "payment_method": {"customer"},
    "price": {"product"},
    "product": {"default_price", "tax_code"},
}  # fmt: skip


def expand(account: Account, obj: Object, paths: list[str]) -> Object:
    """Return an object, or a list of them, ready to be sent: expanded, and without our notes."""
    shown = public(obj)
    if shown.get("object") == "list":
        shown["data"] = [public(item) for item in shown["data"]]
    for path in paths:
        names = path.split(".")
        if len(names) > MAX_DEPTH + (names[0] == "data"):
            raise ApiError(
                f"You cannot expand more than {MAX_DEPTH} levels of a property.", param="expand"
            )
        _expand(account, obj, shown, names, path)
    return shown


def _expand(account: Account, kept: Object, shown: Object, names: list[str], path: str) -> None:
    """Follow one path down; `kept` is the object as stored, `shown` the copy that is sent."""
    name, rest = names[0], names[1:]
    if shown.get("object") == "list" and name == "data":
        for item in shown["data"]:
            if rest:
                _expand(account, account.store.get(item["id"]) or item, item, rest, path)
        return
    if name in shown and isinstance(shown[name], dict):
        if not rest and name not in EXPANDABLE.get(shown.get("object", ""), ()):
            raise _cannot_expand(path)
    elif name not in EXPANDABLE.get(shown.get("object", ""), ()):
        raise _cannot_expand(path)
    else:
        shown[name] = _fetch(account, kept, name)
    inner = shown[name]
    if rest and isinstance(inner, dict):
        _expand(account, account.store.get(inner.get("id", "")) or inner, inner, rest, path)


def _fetch(account: Account, kept: Object, name: str) -> Object | None:
    if name == "line_items":
        url = f"/v1/checkout/sessions/{kept['id']}/line_items"
        return page_of(kept["_"]["line_items"], url, {})
    if name == "refunds":
        refunds = account.store.find("refund", newest_first=True, charge=kept["id"])
        shown = [public(refund) for refund in refunds[:10]]
        url = f"/v1/charges/{kept['id']}/refunds"
        return list_object(shown, url, has_more=len(refunds) > 10)
    id = kept.get(name)
    found = account.store.get(id) if isinstance(id, str) else None
    return public(found) if found else id


def _cannot_expand(path: str) -> ApiError:
    return ApiError(f"This property cannot be expanded ({path}).", param="expand")
