"""Reading an answer as a person does: without markup."""

import html
import re
from typing import Any


def words(answer: Any) -> str:
    """The text of a page or fragment, whitespace folded."""
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", answer.content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())
