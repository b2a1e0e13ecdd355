"""Kernels of this very interpreter, on private sockets, in an environment that is the same for everyone."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar
from uuid import uuid4

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import DottedObjectName, Type, default

from analysis.publish.warm import WARM, can_be_warm

#: What would make a figure or a number depend on the user's shell.
_UNWANTED = (
    "PYTHONSTARTUP",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONWARNINGS",
    "PYTHONINSPECT",
    "LANG",
    "LANGUAGE",
    "MPLBACKEND",
)


_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_ONE_THREAD = dict.fromkeys(_THREADS, "1")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let processes started here do linear algebra in one thread each: it is asked for when numpy is first imported."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def kernel_environment(scratch: Path) -> Mapping[str, str]:
    """Variables in which kernels run: one BLAS thread, fixed hash seed, time zone and locale, no user configuration.

    Parameters
    ----------
    scratch : Path, a private folder for connection files and IPython's own files

    Returns
    -------
    mapping name → value
    """
    return {
        **_ONE_THREAD,
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "JUPYTER_RUNTIME_DIR": str(scratch),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MATPLOTLIBRC": os.devnull,
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def enter_environment(scratch: Path) -> None:
    """Make this process's environment that of the kernels it will start."""
    for name in _UNWANTED:
        os.environ.pop(name, None)
    os.environ.update(kernel_environment(scratch))


def outside_environment(scratch: Path) -> dict[str, str]:
    """The environment of kernels for a process yet to be started."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    return {**kept, **kernel_environment(scratch)}


class OwnKernelSpecs(KernelSpecManager):
    """Knows one kernel: the running interpreter. A `python3` installed elsewhere cannot take its place."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Specification of the running interpreter's kernel, whatever name is asked for."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"]
        warm = {"kernel_provisioner": {"provisioner_name": WARM}} if can_be_warm(Path(jupyter_runtime_dir())) else {}
        return KernelSpec(argv=argv, display_name="Python 3", language="python", metadata=warm)


class PromptClient(AsyncKernelClient):
    """A client that is ready when its kernel is; jupyter_client's own then waits 0.2 s more, in every report.

    It counts the cells it asks to be run, and tells of each: one client at a time runs in a process.
    """

    cells: ClassVar[int] = 0
    begun: ClassVar[Any] = None  # a queue

    def execute(self, *args: Any, **options: Any) -> str:
        """Ask for a cell to be run."""
        PromptClient.cells += 1
        if PromptClient.begun is not None:
            PromptClient.begun.put(None)
        return str(super().execute(*args, **options))

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until a request is answered, and until the last message of that answer has been taken out."""
        deadline = time.monotonic() + (timeout or 60)
        while time.monotonic() < deadline and await self._async_is_alive():
            request = self.kernel_info()
            try:
                await self.get_shell_msg(timeout=1)
                while True:
                    message = await self.get_iopub_msg(timeout=0.2)
                    if message["parent_header"].get("msg_id") == request and _is_idle(message):
                        return
            except Empty:
                continue
        raise RuntimeError("the kernel ended, or did not answer, before its first cell")


def _is_idle(message: Mapping[str, Any]) -> bool:
    return bool(message["content"].get("execution_state") == "idle")


class OwnKernelManager(AsyncKernelManager):
    """Starts kernels of the running interpreter; over files in a private folder where the system has them."""

    client_class = DottedObjectName(f"{__name__}.PromptClient")
    client_factory = Type(PromptClient, klass=AsyncKernelClient)

    @default("kernel_spec_manager")
    def _own_specs(self) -> Any:
        return OwnKernelSpecs(parent=self)

    @default("connection_file")
    def _private_file(self) -> str:
        # Named here, not by jupyter_client: the sockets' names come from it, and without one all kernels share theirs.
        return str(Path(jupyter_runtime_dir()) / f"{uuid4().hex[:16]}.json")

    @default("transport")
    def _private_transport(self) -> str:
        fits = len(str(Path(jupyter_runtime_dir()))) < 70  # the name of a socket has at most 107 bytes
        return "ipc" if sys.platform.startswith("linux") and fits else "tcp"
