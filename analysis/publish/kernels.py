"""Kernels of this very interpreter, on private sockets, in an environment that is the same for everyone."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import default

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


def kernel_environment(scratch: Path) -> Mapping[str, str]:
    """Variables in which kernels run: one BLAS thread, fixed hash seed, time zone and locale, no user configuration.

    Parameters
    ----------
    scratch : Path, a private folder for connection files and IPython's own files

    Returns
    -------
    mapping name → value
    """
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return {
        **dict.fromkeys(threads, "1"),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "JUPYTER_RUNTIME_DIR": str(scratch),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MATPLOTLIBRC": os.devnull,
    }


def enter_environment(scratch: Path) -> None:
    """Make this process's environment that of the kernels it will start."""
    for name in _UNWANTED:
        os.environ.pop(name, None)
    os.environ.update(kernel_environment(scratch))


class OwnKernelSpecs(KernelSpecManager):
    """Knows one kernel: the running interpreter. A `python3` installed elsewhere cannot take its place."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Specification of the running interpreter's kernel, whatever name is asked for."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class OwnKernelManager(AsyncKernelManager):
    """Starts kernels of the running interpreter; over files in a private folder where the system has them."""

    @default("kernel_spec_manager")
    def _own_specs(self) -> Any:
        return OwnKernelSpecs(parent=self)

    @default("connection_file")
    def _private_file(self) -> str:
        # Named here, not by jupyter_client: the sockets' names come from it, and without one all kernels share theirs.
        return str(Path(jupyter_runtime_dir()) / f"{uuid4().hex}.json")

    @default("transport")
    def _private_transport(self) -> str:
        return "ipc" if sys.platform.startswith("linux") else "tcp"
