"""What happens around every request."""

from console.middleware.context import RequestContextMiddleware
from console.middleware.errors import DomainErrorMiddleware
from console.middleware.person import PersonMiddleware

__all__ = ["DomainErrorMiddleware", "PersonMiddleware", "RequestContextMiddleware"]
