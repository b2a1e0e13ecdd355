"""The small study of `ministudy`, and the real studies' reports, built once per session in a copy of the project."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest
from hypothesis import settings as hypothesis_settings
from matplotlib import pyplot as plt
from ministudy import write_study

from analysis import results
from analysis.publish.state import lock
from analysis.study import Study, load_study

# A shell starts what it runs in the background with Ctrl-C ignored, which programs started here would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
# The same examples each time, and few: HYPOTHESIS_PROFILE=thorough draws many, and others each time.
hypothesis_settings.register_profile("fast", max_examples=25, derandomize=True, deadline=None)
hypothesis_settings.register_profile("thorough", max_examples=300, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture
def server() -> Iterator[Any]:
    """A web server on loopback, which answers 404 until it is told otherwise."""
    from webserver import serving

    with serving() as server:
        yield server


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """A folder that pages are collected in; not there yet."""
    return tmp_path / "pages of mine"


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study's folder, written once; to be read only."""
    return write_study(tmp_path_factory.mktemp("shared") / "small")


@pytest.fixture
def study_folder(shared_folder: Path, tmp_path: Path) -> Path:
    """The small study's folder, the test's own: its files may be spoilt."""
    return shutil.copytree(shared_folder, tmp_path / "small")


@pytest.fixture(scope="session")
def small_study(shared_folder: Path) -> Study:
    """The small study, loaded once; to be read only."""
    return load_study(shared_folder)


@pytest.fixture(scope="session")
def event_study() -> Study:
    """The study castillo-2022, loaded once; to be read only."""
    return load_study("castillo-2022")


@pytest.fixture(scope="session")
def small_results(small_study: Study, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Results of the small study, computed once, cached outside the project."""
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "find_root", lambda: root)
        return results.study_results(small_study)


@pytest.fixture
def edit(study_folder: Path) -> Callable[[str, str, str], Path]:
    """edit(file, old, new): replace one passage of a study file, which must be there."""

    def replace(name: str, old: str, new: str) -> Path:
        path = study_folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} holds no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return replace


@pytest.fixture
def closed_figures() -> Iterator[None]:
    """Draw without a screen and leave no figure open."""
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def require(available: object, install: str) -> None:
    """Skip a test that needs something which pip does not bring; in CI, where all is installed, it fails."""
    if not available:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"not installed here: {install}")


#: Options of Chromium: silent, and without a sandbox, which a container has no rights for.
CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium. It is closed with the module: while it is open, no other test could run an event loop."""
    found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    require(found, "a browser, by apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found[0], args=CHROMIUM, timeout=120_000)
        yield launched
        launched.close()


ROOT = Path(__file__).resolve().parents[1]
#: Tests build in throw-away projects of their own; the one of what is refused takes this back.
os.environ["CASTILLO_TRUST"] = "1"
Castillo = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def castillo() -> Castillo:
    """castillo(root, *arguments, **environment): run the program of the project copied to `root`."""

    def run(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(root), **environment}
        command = [sys.executable, "-m", "analysis", *arguments]
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, encoding="utf-8", timeout=1800)

    return run


@pytest.fixture(scope="session")
def copy_project() -> Callable[[Path, Path], Path]:
    """copy_project(source, folder): what reports are made of, and nothing that was made."""

    def copy(source: Path, folder: Path) -> Path:
        for name in ("analysis", "notebooks", "data"):
            shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        for name in ("pyproject.toml", "requirements.lock", "environment.yml", "Makefile", "CITATION.cff"):
            shutil.copy(source / name, folder / name)
        return folder

    return copy


@pytest.fixture(scope="session")
def shared_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session's temporary folder, the same for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def project(shared_base: Path, copy_project: Callable[[Path, Path], Path]) -> Path:
    """A copy of the project, so that what is edited meanwhile makes nothing stale; to be read only."""
    folder = shared_base / "project"
    with lock(shared_base / "project.lock", echo=print):
        if not (folder / "reports").exists():
            copy_project(ROOT, folder)
            # Of the study of codes, whose pages take a minute, the articles of three letters.
            for path in (folder / "data" / "castillo-2022-world").glob("**/[ab]*.csv"):
                head, *rows = path.read_text("utf-8").splitlines(keepends=True)
                path.write_text("".join([head, *(row for row in rows if row[0] in "eil")]), encoding="utf-8")
            # Results are kept by content: what the project has computed already, or will need, is computed once.
            known = ROOT / ".cache" / "castillo" / "results"
            known.mkdir(parents=True, exist_ok=True)
            (folder / ".cache" / "castillo").mkdir(parents=True)
            (folder / ".cache" / "castillo" / "results").symlink_to(known)
            (folder / "reports").mkdir()
    return folder


@pytest.fixture(scope="session")
def built(project: Path, castillo: Castillo) -> Callable[..., Path]:
    """built(study, *only): the folder of a study's reports, or some, built once by whichever worker asks first."""

    def folder_of(study: str, *only: str) -> Path:
        folder = project / "reports" / study
        made = [folder / f"{name}.html" for name in only] or [folder / "manifest.json"]
        with lock(project.with_name(f"{study}.lock"), echo=print):
            if not all(path.exists() for path in made):
                environment = {"TZ": "America/Lima", "LC_ALL": "C", "PYTHONHASHSEED": "1"}
                chosen = [part for name in only for part in ("--only", name)]
                done = castillo(project, "build", study, "--jobs", "2", *chosen, **environment)
                assert 0 == done.returncode, done.stdout + done.stderr
        return folder

    return folder_of
