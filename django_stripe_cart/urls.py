"""URLs of the shop, for ``path("shop/", include("django_stripe_cart.urls"))``."""

from django.urls import path

from django_stripe_cart.web import cart_views, order_views

app_name = "stripe_cart"

urlpatterns = [
    path("cart/", cart_views.cart, name="cart"),
    path("cart/add/", cart_views.add, name="add"),
    path("cart/item/", cart_views.set_quantity, name="item"),
    path("cart/remove/", cart_views.remove, name="remove"),
    path("checkout/", cart_views.checkout, name="checkout"),
    path("checkout/canceled/", cart_views.checkout_canceled, name="checkout_canceled"),
    path("checkout/return/<uuid:reference>/", cart_views.checkout_return, name="checkout_return"),
    path("orders/", order_views.orders, name="orders"),
    path("orders/<uuid:reference>/", order_views.order, name="order"),
    path("orders/<uuid:reference>/receipt/", order_views.receipt, name="receipt"),
    path("orders/<uuid:reference>/pay/", order_views.order_pay, name="order_pay"),
    path("orders/<uuid:reference>/cancel/", order_views.order_cancel, name="order_cancel"),
    path("orders/<uuid:reference>/again/", order_views.order_again, name="order_again"),
]
