"""Why an article could not be had: the outcomes of a download that gave no page, and which of them are for now only."""

from __future__ import annotations

#: Outcome → what it says to the reader of a summary. `page` and `archived` are those that gave a page.
OUTCOMES = {
    "page": "fetched",
    "archived": "fetched from the Internet Archive",
    "gone": "gone (404, 410) and not in the archive",
    "denied": "denied by the site (401, 403 and others)",
    "robots": "not allowed by robots.txt",
    "unsafe": "at an address that is not asked: not public, or not http",
    "refused": "refused here: too large, no HTML, redirects without end",
    "no-address": "without an address in articles.csv",
    "unreachable": "unreachable for now",
    "failed": "failed for now",
}
#: Outcomes that gave a page.
KEPT = ("page", "archived")
#: Outcomes that another day may change: `--retry` tries them again.
FOR_NOW = ("unreachable", "failed")


class Trouble(Exception):
    """A download that gave no page.

    Parameters
    ----------
    outcome : str, a key of `OUTCOMES`
    reason : str, for the log; never holds what a page says
    status : int, HTTP status of the answer, or None without one
    again : bool, whether to try again in the same run
    wait : float, seconds the server asked to wait before that, or None
    """

    def __init__(
        self, outcome: str, reason: str, *, status: int | None = None, again: bool = False, wait: float | None = None
    ) -> None:
        self.outcome, self.reason, self.status, self.again, self.wait = outcome, reason, status, again, wait
        self.url = ""
        super().__init__(reason)

    def at(self, url: str) -> Trouble:
        """The same, with the address it happened at."""
        self.url = self.url or url
        return self
