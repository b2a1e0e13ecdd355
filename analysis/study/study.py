"""Study: what a study's folder holds, and what follows from it: its outlets, articles, days and features."""

import shlex
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pandas as pd

from analysis import tables
from analysis.dependencies import changed_code, content_digest
from analysis.errors import UnknownName
from analysis.paths import digest, find_root
from analysis.study.card import card
from analysis.study.settings import Settings
from analysis.study.store import FeatureFiles, FeatureStore, read_table
from analysis.tables import Schema
from analysis.wording import isolated


@dataclass(frozen=True, repr=False)
class Study:
    """A loaded study.

    Attributes
    ----------
    folder : Path
    settings : Settings, what study.toml says
    outlets, manifest, observed, actors, labels, codebook, codes : DataFrames (OUTLETS_CSV, ARTICLES_CSV,
        OBSERVED_CSV, …, CODINGS); those of files that the study does not have are empty
    """

    folder: Path
    settings: Settings
    outlets: pd.DataFrame
    manifest: pd.DataFrame
    observed: pd.DataFrame
    actors: pd.DataFrame
    labels: pd.DataFrame
    codebook: pd.DataFrame
    codes: pd.DataFrame
    polarity: pd.DataFrame  # coded mentions of actors: article, start, end, entry, polarity
    read_at: int = field(default_factory=time.time_ns, compare=False)  # ns since 1970, before any file was read
    derived: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)  # what was read, or follows

    def __repr__(self) -> str:
        return f"Study({self.name!r}, {len(self.outlets)} outlets, {len(self.manifest)} articles, {self.folder})"

    def _repr_html_(self) -> str:
        return card(self)

    @property
    def name(self) -> str:
        """The study's name, which is also that of its folder under reports/."""
        return self.settings.name

    @property
    def argument(self) -> str:
        """Its name where it lies in the project's data/, else its path; quoted, so that commands can be pasted."""
        in_data = self.folder.parent == (find_root() / "data").resolve()
        return shlex.quote(self.folder.name if in_data else str(self.folder))

    @cached_property
    def articles(self) -> pd.DataFrame:
        """Annotated articles with what the manifest says of them, one row each, sorted by article.

        Where the manifest has an article, its outlet, language, date and body_kind count: it is edited by hand.

        Columns of ARTICLES, then timestamp, url, source, genre, subevent, those of the study's own in articles.csv,
        and `day` (date at the event's place), `period` (missing outside all periods) and `observed` (whether its
        outlet was under steady observation).
        """
        features = self.features(tables.ARTICLES)
        by_hand = self.manifest.set_index("article").reindex(features["article"]).reset_index(drop=True)
        own = [name for name in by_hand if name not in tables.ARTICLES_CSV.names]
        joined = features.assign(**by_hand[["timestamp", "url", "source", "genre", "subevent", *own]])
        for column in ("outlet", "language", "published", "body_kind"):
            joined[column] = by_hand[column].where(by_hand[column].notna(), joined[column])
        local = joined["published"].dt.tz_convert(self.settings.timezone)
        utc_day = joined["published"].dt.tz_localize(None).dt.normalize()
        # A day without a time is the day that was written, in whatever zone.
        joined["day"] = local.dt.tz_localize(None).dt.normalize().where(joined["timestamp"] != "day", utc_day)
        joined["period"] = self.period_of(joined["day"])
        seen = pd.MultiIndex.from_frame(self.observed_days)
        joined["observed"] = pd.MultiIndex.from_arrays([joined["outlet"], utc_day]).isin(seen)
        return joined.sort_values("article").reset_index(drop=True)

    def period_of(self, days: pd.Series) -> pd.Series:
        """Name of the period each local day falls in; missing outside all periods."""
        names = pd.Series(None, index=days.index, dtype="str")
        for period in self.settings.periods:
            names[days.between(pd.Timestamp(period.start), pd.Timestamp(period.end))] = period.name
        return names

    @property
    def _throughout(self) -> bool:
        given = self.settings.observed_throughout
        return not (self.folder / tables.OBSERVED_CSV.name).exists() if given is None else given

    @cached_property
    def observed_days(self) -> pd.DataFrame:
        """Outlet and day (UTC) for each day on which an outlet was under steady observation.

        Those of observed.csv that hold items; with `observed_throughout` in study.toml, or without observed.csv, every
        day of the window.
        """
        observed = self.observed
        if self._throughout:
            days = pd.date_range(*self.settings.window, unit="us")
            observed = self.outlets[["outlet"]].merge(pd.DataFrame({"day": days, "items": 1}), how="cross")
        merged = observed.merge(self.outlets[["outlet", "observed_from", "observed_to"]], on="outlet")
        late = merged["observed_from"].isna() | (merged["day"] >= merged["observed_from"])
        early = merged["observed_to"].isna() | (merged["day"] <= merged["observed_to"])
        return merged.loc[late & early & (merged["items"] > 0), ["outlet", "day"]].reset_index(drop=True)

    @property
    def throughout_note(self) -> str:
        """Sentence on outlets that count as observed on every day; empty where observed.csv says which days were."""
        if not self._throughout or len(self.observed):
            return ""
        return "Each outlet counts as observed on all days of the window: a day without articles is taken for silence."

    @cached_property
    def tested(self) -> list[str]:
        """Outlets with at least `min_articles` articles that a comparison uses, most first; none of single pages."""
        articles = self.manifest if self.only_coded else self.articles[self.articles["observed"]]
        if not self.only_coded:
            titled = articles["outlet"].isin(self.aggregators) | (self.settings.primary == "title")
            has_text = articles["body_kind"].isin(["summary", "full"]).mask(titled, articles["title_tokens"] > 0)
            articles = articles[has_text]
        counts = articles["outlet"].value_counts().drop(self.settings.excluded_from_references, errors="ignore")
        counts = counts[counts >= self.settings.min_articles]
        return sorted(map(str, counts.index), key=lambda outlet: (-counts[outlet], outlet))

    @cached_property
    def aggregators(self) -> list[str]:
        """Outlets that republish others' articles."""
        return list(self.outlets.loc[self.outlets["aggregator"] == "yes", "outlet"])

    @cached_property
    def reference_outlets(self) -> list[str]:
        """Outlets that may stand in a reference: neither aggregators nor excluded by study.toml."""
        barred = {*self.aggregators, *self.settings.excluded_from_references}
        return [outlet for outlet in self.outlets["outlet"] if outlet not in barred]

    @cached_property
    def outlet_names(self) -> dict[str, str]:
        """Outlet id → name shown."""
        return dict(zip(self.outlets["outlet"], map(isolated, self.outlets["name"]), strict=True))

    @cached_property
    def actor_names(self) -> dict[str, str]:
        """Actor id → name shown."""
        return dict(zip(self.actors["actor"], map(isolated, self.actors["name"]), strict=True))

    def outlet_name(self, outlet: str, *, tested: bool = False) -> str:
        """Name shown of an outlet that somebody chose; UnknownName where it is none, or too small if `tested`."""
        if outlet not in self.outlet_names:
            raise UnknownName("outlet", outlet, f"is none of {self.name}", list(self.outlet_names))
        if tested and outlet not in self.tested:
            few = f"has fewer than the {self.settings.min_articles} articles that a test asks for, or is excluded"
            raise UnknownName("outlet", outlet, few, self.tested)
        return self.outlet_names[outlet]

    def supplement(self, name: str) -> pd.DataFrame | None:
        """A further CSV table of the study, described and never tested; None where the study has none."""
        path = self.folder / name
        return pd.read_csv(path, keep_default_na=False, na_values=[""]) if path.exists() else None

    @cached_property
    def feature_files(self) -> FeatureFiles:
        """The files of its features."""
        return FeatureFiles(self.folder / "features", self.argument)

    @property
    def features_folder(self) -> Path:
        return self.feature_files.folder

    @property
    def annotated(self) -> bool:
        """True where it has features; they may be broken."""
        return (self.features_folder / "articles.parquet").is_file()

    @property
    def only_coded(self) -> bool:
        """True for a study of codes that people gave or will give, without features."""
        return not self.annotated and not self.codebook.empty

    def features(self, table: Schema | str) -> pd.DataFrame:
        """One table of features, checked, sorted by its key; read once. Large ones are better asked by `store`.

        Parameters
        ----------
        table : Schema of `tables.FEATURES`, or its name in any case: "terms"

        Raises
        ------
        FeaturesMissing, FeaturesBroken
        AnalysisError
            Where there is no table of that name.
        """
        schema = tables.feature_schema(table) if isinstance(table, str) else table
        if schema.name not in self.derived:
            with self.feature_files.reading(schema) as path:
                self.derived[schema.name] = read_table(path, schema)
        return cast(pd.DataFrame, self.derived[schema.name])

    def codings(self, variable: str) -> pd.DataFrame:
        """Codes that people gave in one variable: the rows of CODINGS, which `codes` has of all variables.

        Raises
        ------
        UnknownName
            Where codebook.csv has no such variable.
        """
        if variable not in (known := list(self.codebook["variable"].unique())):
            raise UnknownName("variable", variable, "is not in codebook.csv", known)
        return self.codes[self.codes["variable"] == variable].reset_index(drop=True)

    @cached_property
    def store(self) -> FeatureStore:
        """Words, mentions and sentences: articles by their number, the place in `articles`."""
        ids = self.features(tables.ARTICLES)["article"]
        return FeatureStore(self.features_folder / "articles.parquet", ids, self.feature_files.reading)

    def check_features(self) -> None:
        """Hold the features to the study: every table as it was written, every article in articles.csv."""
        if self.only_coded:
            return
        for schema in tables.FEATURES:
            with self.feature_files.reading(schema):
                pass  # nothing but what is checked then
        path, annotated = self.features_folder / "articles.parquet", set(self.features(tables.ARTICLES)["article"])
        if strange := annotated - set(self.manifest["article"]):
            fix = "put their rows back, or annotate again without their texts"
            message = f"holds {len(strange)} articles that articles.csv does not, first {min(strange)}: {fix}"
            raise self.feature_files.broken(path, message)
        if not annotated:
            raise self.feature_files.broken(path, "holds no article")

    def feature_inputs(self, added: pd.DataFrame | None = None) -> dict[str, str]:
        """Digest of each study file that the features were made with: what `castillo list` compares.

        `added` holds article and language of rows that articles.csv got since the study was loaded.
        """
        coded = pd.concat([self.manifest[["article", "language", "body_kind"]], added]).to_csv(index=False)
        digests = {name: content_digest(self.folder / name) for name in ("actors.csv", "labels.csv")}
        for rule in self.settings.instruments:
            digests |= rule.inputs(self.folder)
        return {**digests, "articles.csv (language, body_kind)": digest(coded.encode())}

    def stale_features(self) -> list[str]:
        """Files, code that measures and packages, by name, that changed since the features were made."""
        record, now = self.feature_files.record, self.feature_inputs()
        files = [name for name in now if record.inputs.get(name) != now[name]]
        files += [name for name in record.inputs if name.endswith("(study.toml)") and name not in now]
        return files + changed_code(record.measured)

    def features_warning(self) -> str:
        """A sentence on features that would be measured otherwise now; empty where they are fresh."""
        changed = [] if self.only_coded else self.stale_features()
        return self.feature_files.record.warning(changed) if changed else ""

    def set_aside(self) -> tuple[dict[str, int], dict[str, int]]:
        """Rows of texts that the features lack, by reason, and what else the files of texts held, by kind."""
        return self.feature_files.record.set_aside, self.feature_files.record.skipped
