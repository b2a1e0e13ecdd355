"""Description of a study's tables as a Frictionless data package: columns, types, meanings, missing values and keys."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import analysis
from analysis.study import Study
from analysis.tables import CODINGS, FEATURES, OPTIONAL_FILES, STUDY_FILES, Column

NAME = "datapackage.json"
_MEDIA_TYPES = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}
_SCHEMAS = {schema.name: schema for schema in (*STUDY_FILES, *OPTIONAL_FILES)}
_SCHEMAS |= {f"features/{schema.name.lower()}.parquet": schema for schema in FEATURES}
_TYPES = {"text": "string", "time": "datetime", "day": "date", "list": "array"}
#: A time in a CSV file may be a day or a month, and no type of Frictionless takes all three.
_WRITTEN_TIME = r"\d{4}-\d\d(-\d\d([T ].+)?)?"
#: Column → the file of the study that lists what it may hold.
_LISTED = {"outlet": "outlets.csv", "article": "articles.csv"}


def describe_tables(study: Study, files: Mapping[str, Path]) -> bytes:
    """datapackage.json for the CSV and Parquet files of a study among `files`, which are named as in the archive."""
    place = f"data/{study.folder.name}/"
    names = sorted(name for name in files if name.startswith(place) and Path(name).suffix in _MEDIA_TYPES)
    package = {
        "name": study.name,
        "title": study.settings.title,
        "description": study.settings.question,
        "version": analysis.__version__,
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": [_resource(study, name, name.removeprefix(place), files[name].read_bytes()) for name in names],
    }
    return (json.dumps(package, indent=1, ensure_ascii=False) + "\n").encode()


def _resource(study: Study, path: str, name: str, data: bytes) -> dict[str, Any]:
    """Description of a file: what it is, its schema, and how its CSV is written."""
    schema, kind = _SCHEMAS.get(name), Path(name).suffix
    columns = {column.name: column for column in schema.columns} if schema else _columns_of_sheet(study, name)
    resource: dict[str, Any] = {"name": _resource_name(name), "type": "table", "path": path, "format": kind[1:]}
    resource |= {"mediatype": _MEDIA_TYPES[kind], "description": f"One row per {schema.row}." if schema else ""}
    if kind == ".csv":
        head = data.decode("utf-8-sig").partition("\n")[0].rstrip("\r")
        separator = max(",;\t", key=head.count)
        resource["encoding"] = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
        resource["dialect"] = {"delimiter": separator, "csv": {"delimiter": separator}}
        written = [cell.strip() for cell in next(csv.reader([head], delimiter=separator), [])]
        columns = {cell: columns.get(cell.casefold(), Column(cell, "text", "", "", optional=True)) for cell in written}
    fields = [_field(name, column, kind == ".csv") for name, column in columns.items()]
    known = [column for column, about in columns.items() if about.meaning]
    foreign = [_foreign_key(column) for column in known if _LISTED.get(column.casefold(), name) != name]
    keys = {"primaryKey": list(schema.key) if schema else [], "foreignKeys": foreign}
    return resource | {"schema": {"fields": fields, "missingValues": [""], **keys}}


def _resource_name(name: str) -> str:
    return name.rpartition(".")[0].replace("/", "-").casefold()


def _columns_of_sheet(study: Study, name: str) -> dict[str, Column]:
    """Columns that a sheet of codes may have: a row per code, or per article with the codebook's variables."""
    if not name.startswith("codings"):
        return {}
    questions = dict(zip(study.codebook["variable"], study.codebook["question"], strict=True))
    variables = [Column(name, "text", "", question, optional=True) for name, question in questions.items()]
    return {column.name.casefold(): column for column in (*variables, *CODINGS.columns)}


def _foreign_key(column: str) -> dict[str, Any]:
    listed = column.casefold()
    return {"fields": [column], "reference": {"resource": _resource_name(_LISTED[listed]), "fields": [listed]}}


def _field(name: str, column: Column, is_csv: bool) -> dict[str, Any]:
    """Description of a column, under the name that the file has for it."""
    constraints: dict[str, Any] = {"enum": list(column.allowed)} if column.allowed else {}
    if not column.optional and column.kind != "number":
        constraints["required"] = True
    field = {"name": name, "type": _TYPES.get(column.kind, column.kind), "description": column.meaning}
    if is_csv and column.kind == "time":
        field["type"], constraints["pattern"] = "string", _WRITTEN_TIME
    return {**field, "unit": column.unit, "constraints": constraints}
