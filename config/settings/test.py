"""Settings of the tests: a fast hasher, a windable clock, no surprises."""

from config.settings.base import *  # noqa: F403

SECRET_KEY = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CLOCK_MAY_BE_WOUND = True
ALLOWED_HOSTS = ["*"]
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False  # noqa: F405
WHITENOISE_AUTOREFRESH = True  # no collected files are needed
