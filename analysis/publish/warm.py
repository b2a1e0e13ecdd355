"""Warm kernels: forked from a template process that has imported what notebooks need; ordinary ones where it cannot be.

A `KernelProvisioner` of jupyter_client, so papermill and nbclient know nothing of it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from analysis.publish.template import SOCKET

#: Name of the provisioner as pyproject.toml registers it.
WARM = "castillo-warm"


def can_be_warm(scratch: Path) -> bool:
    """Whether a build that uses this private folder has a template process, and jupyter_client knows how to ask it."""
    known = entry_points(group=KernelProvisionerFactory.GROUP_NAME, name=WARM)
    return (scratch / SOCKET).exists() and bool(known)


class ForkedKernel:
    """A kernel that the template forked, with what LocalProvisioner asks of a Popen."""

    stdin = stdout = stderr = None

    def __init__(self, scratch: Path, request: Mapping[str, Any]) -> None:
        self.returncode: int | None = None
        self._template = socket.socket(socket.AF_UNIX)
        try:
            self._template.connect(str(scratch / SOCKET))
            self._template.sendall(json.dumps(request).encode() + b"\n")
            self._answers = self._template.makefile()
            self.pid = int(self._answers.readline())
        except (OSError, ValueError):
            self._template.close()
            raise

    def poll(self) -> int | None:
        """Exit status; None while it runs."""
        if self.returncode is None and select.select([self._template], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """Wait for its end; 255 where the template ended before it could tell."""
        if self.returncode is None:
            self.returncode = int(self._answers.readline() or 255)
            self._answers.close()
            self._template.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel alone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class WarmProvisioner(LocalProvisioner):
    """Has a kernel forked by the build's template; starts an ordinary one where there is none to ask."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start a kernel; the template takes the place of the interpreter and its options in `cmd`."""
        scratch = Path(kwargs["env"]["JUPYTER_RUNTIME_DIR"])
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        request = {"argv": arguments, "cwd": str(kwargs.get("cwd") or Path.cwd()), "env": kwargs["env"]}
        try:
            kernel = ForkedKernel(scratch, request)
        except (OSError, ValueError):
            return await super().launch_kernel(cmd, **kwargs)
        self.process: Any = kernel
        self.pid = self.pgid = kernel.pid  # the kernel leads a session of its own
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and its group, and wait for its end."""
        await super().kill(restart)
        if isinstance(self.process, ForkedKernel):
            with suppress(OSError):
                self.process.wait()
