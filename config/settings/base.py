"""Settings, typed from the environment; nonsense fails at start with the name of the variable.

Business numbers (targets, cadences, thresholds) are rows of the plan, never settings.
"""

from datetime import timedelta
from pathlib import Path

from django.utils.translation import gettext_lazy as _
from environs import validate

from config.logs import logging_config
from config.settings.environment import database_from_url, env, origin_at, passkey_host, read_home, read_secret, service_url

ROOT = Path(__file__).resolve().parents[2]
HOME = read_home(ROOT)

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = read_secret("SECRET_KEY", HOME)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])  # earlier ones: what they signed or sealed still opens
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
PORT = env.int("PORT", 8000)
BASE_URL = env.str("BASE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [BASE_URL])

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "kernel",
    "contingency.org",
    "contingency.catalog",
    "contingency.plan",
    "notify",
    "work",
    "monitoring.alerts",
    "monitoring.probes",
    "incidents.switchover",
    "incidents.response",
    "incidents.reports",
    "console",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "console.middleware.RequestContextMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "console.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "console.context.frame",
            ],
        },
    },
]

DATABASES = {"default": database_from_url(service_url("DATABASE_URL", "database_url", HOME))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The clock may be wound only by tests and by the lab (design.md, Time); `make run` with the lab sets this.
CLOCK_MAY_BE_WOUND = env.bool("SWITCHBACK_CLOCK_WINDABLE", False)

AUTH_USER_MODEL = "org.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "console.sessions"
SESSION_IDLE = timedelta(minutes=env.int("SESSION_IDLE_MINUTES", 30, validate=validate.Range(min=1, max=24 * 60)))
SESSION_LONGEST = timedelta(hours=env.int("SESSION_HOURS", 12, validate=validate.Range(min=1, max=24 * 7)))
SESSION_COOKIE_AGE = int(SESSION_LONGEST.total_seconds())
SESSION_SAVE_EVERY_REQUEST = False
# People who hold one of these roles (or "all") enrol a second factor before they do anything else.
SECOND_FACTOR_ROLES: list[str] = env.list("SECOND_FACTOR_ROLES", [])
# Passkeys are bound to this host name; they cannot be bound to an address in numbers, and browsers take localhost without TLS.
PASSKEY_HOST = env.str("PASSKEY_HOST", "") or passkey_host(BASE_URL)
PASSKEY_ORIGINS = [*CSRF_TRUSTED_ORIGINS, origin_at(BASE_URL, PASSKEY_HOST)]

HTTPS = env.bool("HTTPS", BASE_URL.startswith("https://"))
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
    },
}
APPEND_SLASH = False  # a redirect would lose the body of an alert; each address is declared with and without

LANGUAGE_CODE = env.str("LANGUAGE_CODE", "en")
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", "Asia/Shanghai")

STATIC_URL = "/static/"
STATIC_ROOT = None  # served by WhiteNoise from static/ and the packages; nothing is collected
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["console.api.authentication.TokenAuthentication", "console.api.authentication.ConsoleSessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["console.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "console.api.errors.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Switchback",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [],  # choices stand where they are used, under no invented common names
}

CELERY_BROKER_URL = service_url("REDIS_URL", "redis_url", HOME, required=False)

SMTP_URL = service_url("SMTP_URL", "smtp_url", HOME, required=False)
MAIL_FROM = env.str("MAIL_FROM", "Switchback <switchback@localhost>")
NOTIFY_LEASE_SECONDS = env.float("NOTIFY_LEASE_SECONDS", 20.0)  # how long a sender may be silent before its messages are taken from it
WEBHOOK_NETWORKS: list[str] = env.list("WEBHOOK_NETWORKS", [])  # private networks (CIDR) that webhooks may reach; public ones always
SPOOL_DIR = HOME / "spool"
SEAL_KEY_FILE = Path(env.str("SEAL_KEY_FILE", str(HOME / "keys" / "seal.pem")))
SEAL_HEAD_FILE = Path(env.str("SEAL_HEAD_FILE", str(HOME / "journal-head.jsonl")))
LOG_FORMAT = env.str("LOG_FORMAT", "console")  # or json
LOG_LEVEL = env.str("LOG_LEVEL", "INFO").upper()
LOGGING = logging_config(log_format=LOG_FORMAT, level=LOG_LEVEL)
