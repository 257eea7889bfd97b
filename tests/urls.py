from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


def storefront(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront.html")


urlpatterns = [
    path("", storefront, name="storefront"),
    path("shop/", include("django_stripe_cart.urls")),
    path("stripe/webhook/", include("django_stripe_cart.webhook_urls")),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
]
