"""Diagnosis of the e-mails to shoppers."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from django_stripe_cart.conf import EMAIL_KINDS, conf
from django_stripe_cart.doctor.finding import Finding, advice, good
from django_stripe_cart.models import OrderEmail

SMTP = "django.core.mail.backends.smtp.EmailBackend"
LOCAL_BACKENDS = ("console", "locmem", "dummy", "filebased")


def diagnose_email() -> Iterator[Finding]:
    """Report which e-mails are sent to shoppers, by which backend, and how many are overdue."""
    sent = [kind for kind in EMAIL_KINDS if kind in conf.emails]
    if not sent:
        yield good("The shop sends no e-mails to shoppers: see STRIPE_CART_EMAILS.")
        return
    yield good(f"Shoppers get these e-mails: {', '.join(sent)}.")
    backend = _find_backend()
    if not backend:
        yield advice("No e-mail is sent: MAILERS has no “default”.")
    elif backend.split(".")[-2] in LOCAL_BACKENDS:
        yield advice(
            f"E-mails don't leave this machine ({backend}).",
            next="For a live site, set up a mail server: docs.djangoproject.com/topics/email",
        )
    else:
        yield good(f"E-mails are sent by {backend}.")
    overdue = OrderEmail.objects.overdue().count()
    if overdue:
        yield advice(
            f"Recent e-mails that were not sent: {overdue}.",
            next="python manage.py stripe_cart_sync, or “Resend e-mail” on the order in the admin.",
        )
    if settings.DEFAULT_FROM_EMAIL == "webmaster@localhost":
        yield advice(
            "E-mails come from webmaster@localhost, which many mail servers reject.",
            next='Set DEFAULT_FROM_EMAIL = "shop@….example"',
        )


def _find_backend() -> str:
    """Return the dotted path of the default e-mail backend, or "" if the settings name none."""
    # Django 6.1 has MAILERS in place of EMAIL_BACKEND.
    mailers = getattr(settings, "MAILERS", None)
    if mailers is None:
        return str(settings.EMAIL_BACKEND)
    return str(mailers["default"].get("BACKEND", SMTP)) if "default" in mailers else ""
