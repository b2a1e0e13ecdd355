"""Compare two folders of features by value; print what differs and exit 1. Used by .ci/run."""

import sys
from pathlib import Path
from textwrap import shorten

import pandas as pd

from analysis import tables


def compare_features(left, right):
    """Differences between two folders of features, a line each; floats are compared to the last bit."""
    return [
        f"{schema.name}: {difference}"
        for schema in tables.FEATURES
        for difference in _differences(_read(left, schema), _read(right, schema))
    ]


def _read(folder, schema):
    table = tables.check(pd.read_parquet(Path(folder) / f"{schema.name.lower()}.parquet"), schema)
    if "minhash" in table:
        table["minhash"] = [tuple(map(int, values)) for values in table["minhash"]]
    return table.set_index(list(schema.key)).sort_index()


def _differences(left, right):
    lines = []
    for side, only in (("left", left.index.difference(right.index)), ("right", right.index.difference(left.index))):
        if len(only):
            lines.append(f"{len(only)} rows are only in the {side}, first {_key(only[0])}")
    both = left.index.intersection(right.index)
    for column in left.columns:
        one, other = left.loc[both, column], right.loc[both, column]
        differs = ~((one == other) | (one.isna() & other.isna())).to_numpy(dtype=bool)
        if differs.any():
            first = int(differs.argmax())
            values = " and ".join(shorten(str(side.iloc[first]), 60) for side in (one, other))
            lines.append(f"{column} differs in {differs.sum()} rows, first {_key(both[first])}: {values}")
    return lines


def _key(key):
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


if __name__ == "__main__":
    differences = compare_features(*sys.argv[1:])
    print("\n".join(differences) or f"{sys.argv[1]}: equal by value")
    sys.exit(1 if differences else 0)
