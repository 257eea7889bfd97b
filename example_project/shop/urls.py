from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.templatetags.static import static as static_url
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView
from django.views.i18n import set_language

from shop import accounts, views

urlpatterns = [
    path("", views.storefront, name="storefront"),
    path("shop/", include("django_stripe_cart.urls")),
    path("stripe/webhook/", include("django_stripe_cart.webhook_urls")),
    path(
        "accounts/login/",
        LoginView.as_view(
            redirect_authenticated_user=True,
            extra_context={"accounts": accounts.DEMO if settings.DEBUG else ()},
        ),
        name="login",
    ),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
    # What a browser asks for by itself on a page that names no icon, as the admin's. Its hashed
    # name is known when static files have been collected, which takes these addresses, too.
    path("favicon.ico", RedirectView.as_view(url=lazy(static_url, str)("shop/favicon.svg"))),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
