"""The shop's addresses, for ``path("shop/", include("django_stripe_cart.urls"))``."""

from django.urls import path

from django_stripe_cart import order_views, views

app_name = "stripe_cart"

urlpatterns = [
    path("cart/", views.cart, name="cart"),
    path("cart/add/", views.add, name="add"),
    path("cart/item/", views.item, name="item"),
    path("cart/remove/", views.remove, name="remove"),
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/canceled/", views.checkout_canceled, name="checkout_canceled"),
    path("checkout/return/<uuid:reference>/", views.checkout_return, name="checkout_return"),
    path("orders/", order_views.orders, name="orders"),
    path("orders/<uuid:reference>/", order_views.order, name="order"),
    path("orders/<uuid:reference>/receipt/", order_views.receipt, name="receipt"),
    path("orders/<uuid:reference>/pay/", order_views.order_pay, name="order_pay"),
    path("orders/<uuid:reference>/cancel/", order_views.order_cancel, name="order_cancel"),
    path("orders/<uuid:reference>/again/", order_views.order_again, name="order_again"),
]
