"""Markup: HTML put together so that foreign text cannot be anything but text.

Strings are escaped when they become children or attributes; only what `tag` made is taken as it is.
"""

from html import escape
from typing import Any

VOID = {"br", "hr", "meta", "line", "path", "rect"}


class Html(str):
    """Text that is already HTML."""

    __slots__ = ()


def text(*children: Any) -> Html:
    """Children one after another: Html as it is, None left out, anything else escaped."""
    return Html("".join(c if isinstance(c, Html) else escape(str(c)) for c in children if c is not None))


def tag(name: str, /, *children: Any, **attributes: Any) -> Html:
    """An element. `class_` is `class`, other underscores are hyphens; an attribute that is None is left out."""
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    head = "".join(f' {key}="{escape(str(value))}"' for key, value in pairs)
    if name in VOID and not children:
        return Html(f"<{name}{head}/>")
    return Html(f"<{name}{head}>{text(*children)}</{name}>")
