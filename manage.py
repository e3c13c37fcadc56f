#!/usr/bin/env python
"""Switchback's command line; `manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run one management command with the settings of this environment."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    if sys.argv[1:2] == ["doctor"]:
        os.environ.setdefault("SWITCHBACK_WITHOUT_DATABASE", "1")  # it says what is wrong, also when nothing runs
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
