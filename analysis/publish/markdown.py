"""Markdown cells as HTML: raw HTML becomes text, images from elsewhere become links, headings get ids."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from analysis.publish.matrix import slug


@dataclass(frozen=True)
class Heading:
    """A heading of a report: its level, id, and content as HTML."""

    level: int
    id: str
    html: str


class SafeRenderer(IPythonRenderer):
    """Renders the markdown of one report; remembers its headings and takes the first h1 out as the title."""

    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        self.headings: list[Heading] = []
        self.title: str | None = None
        self._ids: dict[str, int] = {}

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """A heading with an id; the first of level 1 becomes the page's title, others of level 1 sink to 2."""
        if level == 1 and self.title is None:
            self.title = text
            return ""
        heading = Heading(max(level, 2), self._new_id(text), text)
        self.headings.append(heading)
        return f'<h{heading.level} id="{heading.id}">{text}</h{heading.level}>\n'

    def _new_id(self, text: str) -> str:
        base = f"s-{slug(html.unescape(text))}"
        self._ids[base] = self._ids.get(base, 0) + 1
        return base if self._ids[base] == 1 else f"{base}-{self._ids[base]}"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """An embedded picture, or its text with a link: a report loads nothing."""
        if url.startswith("data:image/"):
            return str(super().image(text, url, title))
        return str(self.link(text or "picture", url, title))

    def block_mermaidjs(self, code: str) -> str:
        """A diagram's source as code: there is no script to draw it."""
        return f"<pre><code>{html.escape(code)}</code></pre>\n"


def render_markdown(sources: Sequence[str]) -> tuple[list[str], SafeRenderer]:
    """Markdown cells of one report → their HTML, and the renderer that holds title and headings."""
    renderer = SafeRenderer()
    markdown = MarkdownWithMath(renderer=renderer)
    return [markdown.render(source) for source in sources], renderer
