"""Refusals of the console's own doors."""

from django.utils.translation import gettext_lazy as _

from kernel.errors import DomainError


class TooManyTries(DomainError):
    """Ten wrong passwords within a quarter of an hour for one account."""

    code = "too_many_tries"
    http_status = 429
    template = _(
        "Too many tries for this account. Wait a quarter of an hour, use a passkey or a browser you logged in with "
        "before, or ask an administrator for a new password."
    )


class WrongPassword(DomainError):
    """Name or password is wrong; which one is not told."""

    code = "wrong_password"
    http_status = 422
    template = _("The name or the password is wrong.")


class TokenRefused(DomainError):
    """Unknown, expired or taken back."""

    code = "token_refused"
    http_status = 401
    template = _("The token is unknown, expired or taken back.")


class KeyReused(DomainError):
    """The same Idempotency-Key came with another body."""

    code = "idempotency_key_reused"
    http_status = 422
    template = _("This idempotency key was already used for another request.")


class SecondFactorWanted(DomainError):
    """The person's role asks for a second factor, and there is none yet."""

    code = "second_factor_wanted"
    http_status = 403
    template = _("Your role asks for a second factor. Add one first, under Set-up, My log-in.")
