"""Products in the admin: price and stock are edited in the list, and sales count."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from django_stripe_cart.models import Order, Product
from django_stripe_cart.testing.factories import make_product
from tests.admin.conftest import StaffClientWith
from tests.admin.pages import fields, read, url


def test_products_are_edited_in_their_list(
    staff_client: Client, mug: Product, lamp: Product
) -> None:
    rows = Product.objects.order_by("name", "pk")
    form: dict[str, Any] = {"form-TOTAL_FORMS": 2, "form-INITIAL_FORMS": 2, "_save": "Save"}
    for number, product in enumerate(rows):
        form[f"form-{number}-id"] = product.pk
        form[f"form-{number}-price"] = "12.50"
        form[f"initial-form-{number}-stock"] = product.stock
        form[f"form-{number}-stock"] = ""
        form[f"form-{number}-is_active"] = "on"

    assert staff_client.post(url("changelist", Product), form).status_code == 302

    assert set(rows.values_list("price", "stock", "is_active")) == {(12.5, None, True)}


def test_a_product_can_be_added_and_found(staff_client: Client) -> None:
    form = {"name": "Pen", "slug": "pen", "price": "1.50", "stock": "3", "is_active": "on"}

    assert staff_client.post(url("add", Product), form).status_code == 302

    assert Product.objects.get().as_line_item().unit_amount == 150
    assert "Pen" in read(staff_client, url("changelist", Product), q="pen")


@pytest.mark.parametrize("wrong", [{"price": "-1"}, {"stock": "-1"}, {"price": "1.2345"}])
def test_a_product_that_breaks_a_constraint_gets_a_form_error(
    staff_client: Client, wrong: dict[str, str]
) -> None:
    form = {"name": "Pen", "slug": "pen", "price": "1.50", "stock": "3", **wrong}

    page = staff_client.post(url("add", Product), form)

    assert page.status_code == 200
    assert "Please correct the error below." in page.content.decode()
    assert not Product.objects.exists()


def test_an_ordered_product_can_be_deleted_and_its_order_keeps_the_line(
    staff_client: Client, order: Order, mug: Product
) -> None:
    assert staff_client.post(url("delete", Product, mug.pk), {"post": "yes"}).status_code == 302

    assert not Product.objects.exists()
    assert order.items.get().name == "Blue mug"


# --- a page that stood open while something was sold ---------------------------------------------


def changed(form: Any, **values: Any) -> dict[str, Any]:
    """What a browser sends for a form, with the hidden initial values that it was shown."""
    data: dict[str, Any] = {}
    for bound in form:
        shown = bound.value()
        shown = "" if shown in (None, False) else shown
        data[bound.html_initial_name] = shown
        data[bound.html_name] = values.get(bound.name, shown)
    return {name: value for name, value in data.items() if value != ""}


def test_a_form_that_stood_open_does_not_bring_back_what_was_sold(
    admin_client: Client, db: None
) -> None:
    product = make_product("Mug", price="499.00", stock=10)
    url = f"/admin/stripe_cart/product/{product.pk}/change/"
    form = admin_client.get(url).context["adminform"].form
    Product.objects.update(stock=7, price="599.00")

    admin_client.post(url, changed(form, name="Cup"))

    product.refresh_from_db()
    assert (product.name, product.stock, str(product.price)) == ("Cup", 7, "599.000")


def test_stock_that_arrived_is_added_to_what_is_left(admin_client: Client, db: None) -> None:
    product = make_product("Mug", stock=10)
    url = f"/admin/stripe_cart/product/{product.pk}/change/"
    form = admin_client.get(url).context["adminform"].form
    Product.objects.update(stock=7)

    admin_client.post(url, changed(form, stock=12))

    product.refresh_from_db()
    assert product.stock == 9


def test_more_than_is_left_can_not_be_taken_away(admin_client: Client, db: None) -> None:
    product = make_product("Mug", stock=10)
    url = f"/admin/stripe_cart/product/{product.pk}/change/"
    form = admin_client.get(url).context["adminform"].form
    Product.objects.update(stock=2)

    page = admin_client.post(url, changed(form, stock=5), follow=True)

    product.refresh_from_db()
    assert product.stock == 2
    assert "some of it was sold in the meantime" in page.content.decode()


def test_the_list_that_stood_open_changes_only_the_row_that_was_touched(
    admin_client: Client, db: None
) -> None:
    mug, lamp = make_product("Mug", stock=10), make_product("Lamp", stock=5)
    formset = admin_client.get("/admin/stripe_cart/product/").context["cl"].formset
    Product.objects.update(stock=1)
    data = {
        f"{formset.prefix}-{key}": value for key, value in formset.management_form.initial.items()
    }
    for form in formset.forms:
        data |= changed(form, **({"price": "1.00"} if form.instance == lamp else {}))

    admin_client.post("/admin/stripe_cart/product/", {**data, "_save": "Save"})

    mug.refresh_from_db()
    lamp.refresh_from_db()
    assert (mug.stock, lamp.stock, str(lamp.price)) == (1, 1, "1.000")


# --- what is running out ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "names"),
    [("out", {"Mug"}), ("low", {"Mug", "Lamp"}), ("uncounted", {"Voucher"})],
)
def test_what_is_running_out_is_found(
    admin_client: Client, db: None, choice: str, names: set[str]
) -> None:
    for name, stock in {"Mug": 0, "Lamp": 5, "Chair": 6, "Voucher": None}.items():
        make_product(name, stock=stock)

    shown = admin_client.get(url("changelist", Product), {"stock": choice}).context["cl"].queryset

    assert {product.name for product in shown} == names


def test_an_unknown_choice_leaves_nothing_out(admin_client: Client, mug: Product) -> None:
    assert "Mug" in read(admin_client, url("changelist", Product), stock="nonsense")


# --- prices -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "shown"), [("inr", "499.00"), ("jpy", "499"), ("kwd", "499.000")]
)
def test_a_price_stands_there_as_its_currency_is_written(
    admin_client: Client, settings: Any, mug: Product, currency: str, shown: str
) -> None:
    settings.STRIPE_CART_CURRENCY = currency

    page = read(admin_client, url("changelist", Product))

    assert f'name="form-0-price" value="{shown}"' in page


def test_it_is_said_what_a_price_is_counted_in(
    admin_client: Client, settings: Any, mug: Product
) -> None:
    settings.STRIPE_CART_CURRENCY = "kwd"

    for page in (url("changelist", Product), url("change", Product, mug.pk), url("add", Product)):
        shown = re.search(
            r'name="(?:form-0-)?price"[^>]*> <span[^>]*>(\w+)</span>', read(admin_client, page)
        )
        assert shown, page
        assert shown[1] == "KWD"


def test_staff_with_only_the_view_permission_see_a_product(
    staff_client_with: StaffClientWith, mug: Product
) -> None:
    page = read(staff_client_with("view_product"), url("change", Product, mug.pk))

    assert "Mug" in page
    assert 'name="price"' not in page


def test_a_price_that_its_currency_cant_express_is_not_rounded_in_the_form(
    admin_client: Client, settings: Any, db: None
) -> None:
    make_product("Mug", price="499.50")
    settings.STRIPE_CART_CURRENCY = "jpy"

    page = read(admin_client, url("changelist", Product))

    assert 'name="form-0-price" value="499.500"' in page


def test_a_price_that_can_not_be_charged_is_refused_with_a_sentence(staff_client: Client) -> None:
    form = {"name": "Pen", "slug": "pen", "price": "1.505", "stock": "3"}

    page = staff_client.post(url("add", Product), form).content.decode()

    assert "isn&#x27;t possible in its currency" in page
    assert not Product.objects.exists()


def test_a_column_that_save_derives_is_saved(
    staff_client: Client, mug: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(product: Product, **kwargs: Any) -> None:
        product.description = product.name.lower()
        super(Product, product).save(**kwargs)

    monkeypatch.setattr(Product, "save", save)
    monkeypatch.setattr("django_stripe_cart.admin.ProductAdmin.exclude", ["description"])
    form = fields(read(staff_client, url("change", Product, mug.pk))) | {"name": "Cup"}

    assert staff_client.post(url("change", Product, mug.pk), form).status_code == 302

    mug.refresh_from_db()
    assert (mug.name, mug.description, mug.stock) == ("Cup", "cup", 10)


def test_what_a_colleague_has_changed_since_is_kept(staff_client: Client, mug: Product) -> None:
    form = fields(read(staff_client, url("change", Product, mug.pk))) | {"name": "Cup"}
    Product.objects.update(price=7, stock=3)

    assert staff_client.post(url("change", Product, mug.pk), form).status_code == 302

    mug.refresh_from_db()
    assert (mug.name, mug.price, mug.stock) == ("Cup", 7, 3)
