"""The same bytes whatever the processor: each study verified, and the sample's features measured, with other kernels.

OpenBLAS and numpy choose their code by the processor; their sums differ in the last bits. Each row of the table printed
is a setting that makes them choose as on another processor. Exit status 1 where a page or a feature differs.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "OpenBLAS as for Haswell (AVX2)": {"OPENBLAS_CORETYPE": "Haswell"},
    "OpenBLAS as for SkylakeX (AVX-512)": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "OpenBLAS as for Nehalem (SSE4.2)": {"OPENBLAS_CORETYPE": "Nehalem"},
    "numpy without its vector kernels": {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"},
}


def run(*command: str, setting: dict[str, str]) -> str:
    """Return "same", or the last lines a command printed where its exit status is not 0."""
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=os.environ | setting, capture_output=True, text=True, check=False
    )
    last = (done.stdout + done.stderr).splitlines()[-12:]
    return "same" if done.returncode == 0 else "\n    ".join(("DIFFERS", *last))


def features_of_sample(setting: dict[str, str]) -> str:
    """Return "same" where the sample's texts, annotated with a setting, give its committed features by value."""
    with tempfile.TemporaryDirectory() as folder:
        texts = ("-m", "analysis", "annotate", "data/sample/texts.jsonl", "--study", "sample", "--output", folder)
        measured = run(*texts, setting=setting)
        if measured != "same":
            return measured
        return run("tests/compare_features.py", "data/sample/features", folder, setting=setting)


def main() -> int:
    """Print what each setting gives and return the exit status."""
    studies = sorted(path.parent.name for path in (ROOT / "data").glob("*/study.toml"))
    failed = False
    for name, setting in SETTINGS.items():
        outcomes = {f"reports of {study}": run("-m", "analysis", "verify", study, setting=setting) for study in studies}
        outcomes["features of sample"] = features_of_sample(setting)
        for subject, outcome in outcomes.items():
            print(f"{name:36} {subject:26} {outcome}", flush=True)
            failed |= outcome != "same"
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
