#!/usr/bin/env python
"""Switchback's command line; `manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run one management command with the settings of this environment."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
