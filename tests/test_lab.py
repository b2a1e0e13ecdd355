"""The notebooks in a real JupyterLab, in a real browser: every cell runs, figures are seen, nothing goes wrong."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow

RUNS = Path(sys.executable).parent / "jupyter"


class Lab:
    """A JupyterLab server on this machine: its address, and what its API says."""

    def __init__(self, root: Path) -> None:
        self.root, self.token = root, secrets.token_hex(16)
        with socket.socket() as probe:  # a port that nobody listens on
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.base = f"http://127.0.0.1:{self.port}"

    def api(self, path: str) -> Any:
        """The answer of the server's own interface."""
        request = urllib.request.Request(f"{self.base}/api/{path}", headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def is_idle(self, notebook: str) -> bool:
        """True where the kernel of a notebook's session has nothing to do."""
        kernels = [s["kernel"] for s in self.api("sessions") if s["path"].endswith(f"{notebook}.ipynb")]
        return bool(kernels) and kernels[0]["execution_state"] == "idle"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, copy_project: Callable[[Path, Path], Path]) -> Iterator[Lab]:
    """JupyterLab over a copy of the project, with the command of `make lab`; nobody's own settings."""
    root = copy_project(ROOT, tmp_path_factory.mktemp("lab") / "project")
    command = re.search(r"^lab:.*\n\t\$\(BIN\)/jupyter (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    lab, home = Lab(root), root.parent / "home"
    home.mkdir()
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={lab.port}"]
    options.append(f"--IdentityProvider.token={lab.token}")
    environment = {**os.environ, "PYTHONPATH": str(root), "HOME": str(home)}
    log = root.parent / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            [str(RUNS), *command.split(), *options], cwd=root, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(240):
            assert server.poll() is None, log.read_text()
            try:
                lab.api("status")
                break
            except OSError:
                time.sleep(0.25)
        yield lab
    finally:
        server.terminate()
        server.wait(20)


def run_all(lab: Lab, page: Any, notebook: str) -> Any:
    """Open a notebook as Binder's link does, Run All Cells, wait until all have run and are saved."""
    page.goto(f"{lab.base}/lab/tree/{notebook}.ipynb?token={lab.token}&reset")
    page.locator(".jp-Notebook:visible").wait_for(timeout=90_000)
    page.locator(".jp-StatusBar-TextItem", has_text="Python 3 (ipykernel) | Idle").wait_for(timeout=90_000)
    page.locator(".jp-Dialog").wait_for(state="detached", timeout=90_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    path = lab.root / "notebooks" / f"{notebook}.ipynb"
    read, end = nbformat.read(path, as_version=4), time.monotonic() + 180
    while time.monotonic() < end:
        time.sleep(0.5)
        page.keyboard.press("Control+s")
        with suppress(nbformat.reader.NotJSONError):  # it is just being written
            read = nbformat.read(path, as_version=4)
        code = [cell for cell in read.cells if cell.cell_type == "code"]
        failed = any(output.output_type == "error" for cell in code for output in cell.outputs)
        if failed or (all(cell.execution_count for cell in code) and lab.is_idle(notebook)):
            return read
    raise AssertionError(f"{notebook} did not finish: {[cell.execution_count for cell in code]}")


def test_the_kernel_is_the_environment_s_own_python(lab: Lab) -> None:
    """Every notebook asks for python3, and python3 is what JupyterLab itself runs in."""
    from jupyter_client.kernelspec import KernelSpecManager

    specs = lab.api("kernelspecs")
    assert "python3" == specs["default"]
    spec = KernelSpecManager().get_kernel_spec("python3")
    assert spec.argv[0] in ("python", sys.executable)  # "python" is replaced by the server's own
    assert [spec.resource_dir] == [str(Path(sys.prefix) / "share" / "jupyter" / "kernels" / "python3")]


@pytest.fixture
def page(browser: Any, request: Any) -> Iterator[Any]:
    """A page of the browser; CASTILLO_SHOTS names a folder for pictures of what was seen last."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    yield page
    if shots := os.environ.get("CASTILLO_SHOTS"):
        page.screenshot(path=f"{shots}/{request.node.name}.png")
    page.close()


def test_a_notebook_runs_in_jupyterlab_and_with_another_parameter_is_another(lab: Lab, page: Any) -> None:
    """What a reader does: change the parameters cell, run all. No error, no message, figures drawn and seen."""
    path = lab.root / "notebooks" / "overview.ipynb"
    text = path.read_text(encoding="utf-8").replace('study: str = \\"castillo-2022\\"', 'study: str = \\"sample\\"')
    path.with_name("again.ipynb").write_text(text, encoding="utf-8")
    done = run_all(lab, page, "again")
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [] == [o for o in outputs if o.output_type in ("error", "stream")]
    html = "".join(o.get("data", {}).get("text/html", "") for o in outputs)
    assert html.count('<figure class="chart"') > 2
    outlets = [row.split(",")[1] for row in (ROOT / "data/sample/outlets.csv").read_text("utf-8").splitlines()[1:]]
    assert any(outlet in html for outlet in outlets) and "The Guardian" not in html
    figure = page.locator("figure.chart svg").first
    page.locator(".jp-Notebook:visible").hover()
    for _ in range(60):  # JupyterLab draws what is near the window only
        if figure.count() and figure.is_visible():
            break
        page.mouse.wheel(0, 500)
        time.sleep(0.1)
    figure.scroll_into_view_if_needed(timeout=10_000)
    box = figure.bounding_box()
    assert box["width"] > 200
    assert box["height"] > 60
    assert 0 == page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").count()
