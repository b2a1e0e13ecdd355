"""Kernels of this very interpreter, on private sockets; the manager and client that papermill is handed."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar
from uuid import uuid4

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import DottedObjectName, Type, default

from analysis.publish.warm import WARM, can_be_warm

#: Milliseconds after which a socket that found no kernel tries again. ZeroMQ's own 100 cost each report most of them.
_AGAIN = 5
#: Seconds in which the last message of an answer comes after the answer, if it comes at all: what a kernel says to all
#: is lost on who has not connected yet, and asking again is cheap.
_PATIENCE = 0.02


class OwnKernelSpecs(KernelSpecManager):
    """Knows one kernel: the running interpreter. A `python3` installed elsewhere cannot take its place."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Specification of the running interpreter's kernel, whatever name is asked for."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"]
        warm = {"kernel_provisioner": {"provisioner_name": WARM}} if can_be_warm(Path(jupyter_runtime_dir())) else {}
        return KernelSpec(argv=argv, display_name="Python 3", language="python", metadata=warm)


class PromptClient(AsyncKernelClient):
    """A client that is ready when its kernel is; jupyter_client's own is 0.3 s later, in every report.

    It counts the cells it asks to be run, and tells of each: one client at a time runs in a process.
    """

    cells: ClassVar[int] = 0
    begun: ClassVar[Any] = None  # what to call

    def _context_default(self) -> zmq.asyncio.Context:
        context = super()._context_default()
        context.setsockopt(zmq.RECONNECT_IVL, _AGAIN)
        return context

    def execute(self, *args: Any, **options: Any) -> str:
        """Ask for a cell to be run."""
        PromptClient.cells += 1
        if PromptClient.begun is not None:
            PromptClient.begun()
        return str(super().execute(*args, **options))

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until a request is answered, and until the last message of that answer has been taken out."""
        deadline = time.monotonic() + (timeout or 60)
        while time.monotonic() < deadline and await self._async_is_alive():
            request = self.kernel_info()
            try:
                await self.get_shell_msg(timeout=1)
                while True:
                    message = await self.get_iopub_msg(timeout=_PATIENCE)
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
