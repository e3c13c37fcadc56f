"""`python -m tests.screenshots`: fill the scenes, take the pictures, write the contact sheet."""

from __future__ import annotations

import sys

from tests.screenshots.run import main

sys.exit(main())
