"""The build's side of the template: started early, so that it imports while the build still reads and checks."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

from analysis.publish.environment import outside_environment, private_folder

#: Name of its socket in the private folder.
SOCKET = "template"
_SERVE = "from analysis.publish.template_process import main; main()"


class Template:
    """A process that forks workers and kernels, or none: forking is not safe everywhere.

    Attributes
    ----------
    scratch : Path, the build's private folder
    """

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None
        self._prepared = False

    def start(self) -> None:
        """Start it, in a session of its own. It ends with `end`, or with this process however that ends."""
        path = str(self.scratch / SOCKET)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, str(listener.fileno()), str(self.scratch)],
                stdin=subprocess.PIPE,
                cwd=self.scratch,
                env=outside_environment(self.scratch),
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )

    def prepare(self, modules: Iterable[str], study: Path | None) -> None:
        """Have it import what the notebooks use and load their study; then it forks for who asks."""
        if self._process is not None and not self._prepared:
            assert self._process.stdin is not None
            line = json.dumps({"modules": list(modules), "study": str(study or "")})
            with suppress(OSError):  # it has ended: workers and kernels are started in the ordinary way
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()
            self._prepared = True

    def worker(self) -> Connection | None:
        """A line to a new worker; None where none can be forked."""
        if self._process is None:
            return None
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(self.scratch / SOCKET))
            client.sendall(json.dumps({"worker": True}).encode() + b"\n")
            line = Connection(client.detach())
            line.recv()
        except (OSError, EOFError):
            client.close()
            return None
        return line

    def end(self) -> None:
        """End it with all that it forked."""
        if self._process is None:
            return
        if not self._prepared:  # still importing, with nothing to put in order
            self._process.kill()
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.wait()


@contextmanager
def started() -> Iterator[Template]:
    """A template with a private folder, both as long as this block."""
    with private_folder() as scratch:
        template = Template(scratch)
        if can_fork(scratch):
            template.start()
        try:
            yield template
        finally:
            template.end()


def can_fork(scratch: Path) -> bool:
    """Whether a process may be forked here, and a socket in the private folder has a name that fits."""
    return sys.platform.startswith("linux") and len(str(scratch / SOCKET)) <= 100
