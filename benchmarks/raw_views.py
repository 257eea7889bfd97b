"""Each view as small as it can be by hand: SQL through the cursor, and one template engine."""

import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from benchmarks import stub

CART = """
    SELECT p.id, p.name, p.price, i.quantity, p.price * i.quantity
    FROM minimal_cartitem i JOIN minimal_cart c ON c.id = i.cart_id
    JOIN minimal_product p ON p.id = i.product_id WHERE c.user_id = %s ORDER BY i.id
"""


def sql(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else cursor.lastrowid


def rows(names, found):
    return [dict(zip(names.split(), row, strict=True)) for row in found]


def storefront(request):
    held = sql(
        "SELECT SUM(quantity) FROM minimal_cartitem i JOIN minimal_cart c ON c.id = i.cart_id"
        " WHERE c.user_id = %s",
        request.user.pk,
    )
    found = sql(
        "SELECT id, name, description, price FROM minimal_product WHERE is_active"
        " ORDER BY name LIMIT 12"
    )
    products = rows("pk name description price", found)
    return render(request, "minimal/storefront.html", {"products": products, "held": held[0][0]})


def add(request):
    product, user = int(request.POST["product"]), request.user.pk
    cart = sql("SELECT id FROM minimal_cart WHERE user_id = %s", user)
    pk = cart[0][0] if cart else sql("INSERT INTO minimal_cart (user_id) VALUES (%s)", user)
    item = sql(
        "SELECT id FROM minimal_cartitem WHERE cart_id = %s AND product_id = %s", pk, product
    )
    if item:
        sql("UPDATE minimal_cartitem SET quantity = quantity + 1 WHERE id = %s", item[0][0])
    else:
        insert = "INSERT INTO minimal_cartitem (cart_id, product_id, quantity) VALUES (%s, %s, 1)"
        sql(insert, pk, product)
    return HttpResponseRedirect("/cart/")


def cart(request):
    items = [
        {"product": {"pk": pk, "name": name, "price": price}, "quantity": quantity, "total": total}
        for pk, name, price, quantity, total in sql(CART, request.user.pk)
    ]
    total = sum(item["total"] for item in items)
    return render(request, "minimal/cart.html", {"items": items, "total": total})


def checkout(request):
    items = sql(CART, request.user.pk)
    reference = uuid.uuid4()
    order = sql(
        "INSERT INTO minimal_order (reference, user_id, status, total, session_id, placed_at)"
        " VALUES (%s, %s, 'pending', %s, '', %s)",
        reference.hex, request.user.pk, sum(item[4] for item in items), datetime.now(UTC),
    )  # fmt: skip
    values = [value for _pk, name, price, n, _ in items for value in (order, name, price, n)]
    insert = "INSERT INTO minimal_orderitem (order_id, name, price, quantity) VALUES "
    sql(insert + ", ".join(["(%s, %s, %s, %s)"] * len(items)), *values)
    fields = {"mode": "payment", "client_reference_id": str(reference)}
    for number, (_pk, name, price, quantity, _total) in enumerate(items):
        line = f"line_items[{number}]"
        fields[f"{line}[quantity]"] = quantity
        fields[f"{line}[price_data][currency]"] = "usd"
        fields[f"{line}[price_data][unit_amount]"] = int(price * 100)
        fields[f"{line}[price_data][product_data][name]"] = name
    session = json.loads(stub.create_session(urlencode(fields)))
    sql("UPDATE minimal_order SET session_id = %s WHERE id = %s", session["id"], order)
    return HttpResponseRedirect(session["url"])


def webhook(request):
    said = dict(part.split("=") for part in request.headers["Stripe-Signature"].split(","))
    signed = said["t"].encode() + b"." + request.body
    if not hmac.compare_digest(
        hmac.new(stub.SECRET.encode(), signed, hashlib.sha256).hexdigest(), said["v1"]
    ):
        return HttpResponse(status=400)
    session = json.loads(request.body)["data"]["object"]
    reference = uuid.UUID(session["client_reference_id"]).hex
    sql("UPDATE minimal_order SET status = 'paid' WHERE reference = %s", reference)
    sql(
        "DELETE FROM minimal_cartitem WHERE cart_id = (SELECT c.id FROM minimal_cart c"
        " JOIN minimal_order o ON o.user_id = c.user_id WHERE o.reference = %s)",
        reference,
    )
    return HttpResponse()


def orders(request):
    found = sql(
        "SELECT id, reference, placed_at, status, total FROM minimal_order WHERE user_id = %s"
        " ORDER BY placed_at DESC LIMIT 11",
        request.user.pk,
    )
    page = rows("pk reference placed_at status total", found[:10])
    return _show_orders(request, "orders", page, page=page)


def order(request, reference):
    found = sql(
        "SELECT id, reference, placed_at, status, total FROM minimal_order"
        " WHERE reference = %s AND user_id = %s",
        reference.hex, request.user.pk,
    )  # fmt: skip
    (one,) = rows("pk reference placed_at status total", found)
    return _show_orders(request, "order", [one], order=one)


def _show_orders(request, name, found, **context):
    by_key = {row["pk"]: row for row in found}
    for row in found:
        row["reference"] = uuid.UUID(row["reference"])
        row["items"] = {"all": []}
    marks = ", ".join(["%s"] * len(found))
    items = "SELECT order_id, name, price, quantity FROM minimal_orderitem WHERE order_id IN"
    for order, *item in sql(f"{items} ({marks})", *by_key):
        values = dict(zip(("name", "price", "quantity"), item, strict=True))
        by_key[order]["items"]["all"].append(values)
    return render(request, f"minimal/{name}.html", context)
