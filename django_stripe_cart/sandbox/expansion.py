"""The parameter `expand`: replace ids in a response with the objects that have these ids."""

from django_stripe_cart.sandbox.account import Account, remove_internal_data
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.pagination import build_list, list_items

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
    "radar.early_fraud_warning": {"charge", "payment_intent"},
    "review": {"charge", "payment_intent"},
    "balance_transaction": {"source"},
    "payment_method": {"customer"},
    "price": {"product"},
    "product": {"default_price", "tax_code"},
}  # fmt: skip


def expand(account: Account, obj: Object, paths: list[str]) -> Object:
    """Expand the ids at these paths, and return the object that the API sends.

    Expanding an id replaces it with the object that has this id. `obj` can also be a list of
    objects. A path is a field name, or several field names separated by dots. The sandbox's
    internal data is removed.
    """
    rendered = remove_internal_data(obj)
    if rendered.get("object") == "list":
        rendered["data"] = [remove_internal_data(item) for item in rendered["data"]]
    for path in paths:
        names = path.split(".")
        if len(names) > MAX_DEPTH + (names[0] == "data"):
            raise ApiError(
                f"You cannot expand more than {MAX_DEPTH} levels of a property.", param="expand"
            )
        _expand_path(account, obj, rendered, names, path)
    return rendered


def _expand_path(
    account: Account, stored: Object, rendered: Object, names: list[str], path: str
) -> None:
    """In `rendered`, replace the id at one path with the object that has this id.

    `rendered` is a copy of `stored`. `names` are the parts of the path. `path` is the whole path,
    for error messages.
    """
    name, rest = names[0], names[1:]
    if rendered.get("object") == "list" and name == "data":
        for item in rendered["data"]:
            if rest:
                _expand_path(account, account.store.get(item["id"]) or item, item, rest, path)
        return
    is_object = isinstance(rendered.get(name), dict)
    is_expandable = name in EXPANDABLE.get(rendered.get("object", ""), ())
    if not is_expandable and not (is_object and rest):
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    if not is_object:
        rendered[name] = _fetch_related(account, stored, name)
    inner = rendered[name]
    if rest and isinstance(inner, dict):
        _expand_path(account, account.store.get(inner.get("id", "")) or inner, inner, rest, path)


def _fetch_related(account: Account, stored: Object, name: str) -> Object | None:
    """Return the object or the list of objects that a field of a stored object refers to."""
    if name == "line_items":
        url = f"/v1/checkout/sessions/{stored['id']}/line_items"
        return list_items(stored["_"]["line_items"], url, {})
    if name == "refunds":
        refunds = account.store.find("refund", newest_first=True, charge=stored["id"])
        rendered = [remove_internal_data(refund) for refund in refunds[:10]]
        url = f"/v1/charges/{stored['id']}/refunds"
        return build_list(rendered, url, has_more=len(refunds) > 10)
    id = stored.get(name)
    found = account.store.get(id) if isinstance(id, str) else None
    return remove_internal_data(found) if found else id
