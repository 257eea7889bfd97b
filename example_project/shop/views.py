from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from django_stripe_cart.models import Product


@require_safe
def storefront(request: HttpRequest) -> HttpResponse:
    products = Product.objects.active().order_by("pk")
    return render(request, "shop/storefront.html", {"products": products})
