"""Compare two folders of features by value; print what differs and exit 1. Used by .ci/run."""

import sys
from pathlib import Path

from analysis.annotation import compare_features

if __name__ == "__main__":
    differences = compare_features(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(differences) or f"{sys.argv[1]}: equal by value")
    sys.exit(1 if differences else 0)
