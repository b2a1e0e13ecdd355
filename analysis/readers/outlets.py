"""Which outlet of a study a feed or a page belongs to."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd


def outlet_finder(outlets: pd.DataFrame) -> Callable[[str], str | None]:
    """A function of a feed's name, a host or an outlet's id: the id of the outlet, or None.

    A host is an outlet's where it is one of its `domain`s or lies below one (edition.news.example below news.example),
    or where it is the outlet's id. A feed's name counts where only one outlet has it.

    Parameters
    ----------
    outlets : DataFrame (outlets.csv)
    """
    ids = {str(outlet).casefold(): str(outlet) for outlet in outlets["outlet"]}
    feeds = outlets[outlets["feed"].notna()].drop_duplicates("feed", keep=False)
    named = {str(feed).casefold(): str(outlet) for feed, outlet in zip(feeds["feed"], feeds["outlet"], strict=True)}
    hosts = {
        host: str(outlet)
        for outlet, domain in zip(outlets["outlet"], outlets["domain"], strict=True)
        if not pd.isna(domain)
        for host in str(domain).split()
    }

    def find(name: str) -> str | None:
        name = name.strip().casefold()
        if found := hosts.get(name) or ids.get(name) or named.get(name):
            return found
        above = name.partition(".")[2]
        while "." in above:
            if above in hosts:
                return hosts[above]
            above = above.partition(".")[2]
        return None

    return find
