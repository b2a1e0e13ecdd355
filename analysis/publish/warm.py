"""Warm kernels: forked from a template process that has imported what notebooks need; ordinary ones where it cannot be.

A `KernelProvisioner` of jupyter_client, so papermill and nbclient know nothing of it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

#: Name of the provisioner as pyproject.toml registers it.
WARM = "castillo-warm"
_SOCKET = "template"
_SERVE = "from analysis.publish.template_process import main; main()"


def can_be_warm(scratch: Path) -> bool:
    """Whether a build that uses this private folder has a template process, and jupyter_client knows how to ask it."""
    known = entry_points(group=KernelProvisionerFactory.GROUP_NAME, name=WARM)
    return (scratch / _SOCKET).exists() and bool(known)


@contextmanager
def template(
    scratch: Path, environment: Mapping[str, str], modules: Sequence[str], study: Path | None = None
) -> Iterator[None]:
    """Run a template process, in its own session: it ends with this block, or with this process however that ends.

    Parameters
    ----------
    scratch : Path, a private folder
    environment : mapping, of the template and so of what its imports read
    modules : sequence of names of modules to import beyond those every kernel needs
    study : folder of a study to load
    """
    path = str(scratch / _SOCKET)
    if not sys.platform.startswith("linux") or len(path) > 100:  # forking is not safe elsewhere
        yield
        return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(listener.fileno()), str(scratch), str(study or ""), *modules],
            stdin=subprocess.PIPE,
            cwd=scratch,
            env=environment,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


class ForkedKernel:
    """A kernel that the template forked, with what LocalProvisioner asks of a Popen."""

    stdin = stdout = stderr = None

    def __init__(self, scratch: Path, request: Mapping[str, Any]) -> None:
        self.returncode: int | None = None
        self._template = socket.socket(socket.AF_UNIX)
        try:
            self._template.connect(str(scratch / _SOCKET))
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
