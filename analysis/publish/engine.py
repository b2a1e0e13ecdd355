"""A papermill engine that runs a notebook's cells in this process, by IPython without a kernel."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from types import CodeType
from typing import Any

import nbformat
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from papermill.engines import Engine, papermill_engines
from traitlets.config import Config

from analysis.publish.displays import show_as_reports

new_output: Any = nbformat.v4.new_output


class Outputs:
    """Outputs of the cell that runs, in the order in which they were written.

    All text goes to files in place of the process's descriptors, as that of other programs and of C code does; they are
    looked at whenever something is written or shown.
    """

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self._files = {name: tempfile.TemporaryFile(buffering=0) for name in ("stdout", "stderr")}  # noqa: SIM115
        self._read = dict.fromkeys(self._files, 0)

    def add(self, output: Any) -> None:
        """Add an output after everything that has been written."""
        self.drain()
        self.shown.append(output)

    def drain(self) -> None:
        """Add what has been written since the last look."""
        for name, file in self._files.items():
            if more := os.fstat(file.fileno()).st_size - self._read[name]:
                text = os.pread(file.fileno(), more, self._read[name]).decode("utf-8", "replace")
                self.shown.append(new_output("stream", name=name, text=text))
                self._read[name] += more

    def take(self) -> list[Any]:
        """All outputs, which are forgotten here."""
        self.drain()
        taken, self.shown = self.shown, []
        return taken

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Context in which all that this process and what it starts print is collected."""
        before = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2)]
        for (descriptor, _), file in zip(before, self._files.values(), strict=True):
            os.dup2(file.fileno(), descriptor)
        try:
            with redirect_stdout(_Stream(1, self)), redirect_stderr(_Stream(2, self)):
                yield
        finally:
            for descriptor, kept in before:
                os.dup2(kept, descriptor)
                os.close(kept)


class _Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of the cells."""

    encoding = "utf-8"

    def __init__(self, descriptor: int, outputs: Outputs) -> None:
        self._descriptor, self._outputs = descriptor, outputs

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        self._outputs.drain()
        os.write(self._descriptor, text.encode("utf-8", "replace"))
        self._outputs.drain()
        return len(text)


class _Publisher(DisplayPublisher):
    """Adds what is displayed to the outputs; a display that has an id can be replaced."""

    shell: Any

    def publish(self, data: Any, metadata: Any = None, *_: Any, update: bool = False, **options: Any) -> None:
        shown = new_output("display_data", data=_encoded(data), metadata=metadata or {})
        displays = self.shell.displays.setdefault((options.get("transient") or {}).get("display_id"), [])
        if update:
            for output in displays:
                output.update(data=shown.data, metadata=shown.metadata)
        else:
            displays.append(shown)
            self.shell.outputs.add(shown)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.take()


class _Hook(DisplayHook):
    """Adds the value of a cell's last line to the outputs."""

    shell: Any

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        data, count = _encoded(format_dict), self.prompt_count
        self.shell.outputs.add(new_output("execute_result", data=data, metadata=md_dict or {}, execution_count=count))

    def finish_displayhook(self) -> None:
        pass


def _encoded(data: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: b64encode(part).decode() if isinstance(part, bytes) else part for kind, part in data.items()}


class Shell(InteractiveShell):
    """IPython without a kernel; `at` is called with the line of each statement before it runs."""

    display_pub_class = _Publisher
    displayhook_class = _Hook
    outputs: Outputs
    displays: dict[Any, list[Any]]
    at: Callable[[int], object]

    def enable_gui(self, gui: Any = None) -> None:
        """Figures are drawn after the cell: there is no window."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        self.outputs.add(new_output("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb)))

    async def run_code(self, code_obj: Any, result: Any = None, *, async_: bool = False) -> bool:
        if isinstance(code_obj, CodeType):
            self.at(min((line for *_, line in code_obj.co_lines() if line), default=1))
        return bool(await super().run_code(code_obj, result, async_=async_))  # type: ignore[no-untyped-call]


def shell() -> Shell:
    """The shell of this process and of those that are forked from it; it takes a while to make."""
    config = Config(InteractiveShell={"colors": "nocolor"}, HistoryManager={"enabled": False})
    return Shell.instance(config=config)


class CastilloEngine(Engine):  # type: ignore[misc]
    """Papermill engine that runs cells in this process, which was forked for a single notebook and ends after it."""

    name = "castillo"

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, at: Callable[..., object] = lambda *_: None, **_: Any
    ) -> None:
        """Run all cells, up to one that fails; `at` is called with the index of a cell, and with lines in it."""
        used = shell()
        used.outputs, used.displays = Outputs(), {}
        sys.path.insert(0, "")
        show_as_reports()
        with used.outputs.capture():
            for index, cell in enumerate(nb_man.nb.cells):
                if cell.cell_type == "code" and cell.source.strip():
                    used.at = partial(at, index)
                    nb_man.cell_start(cell, index)
                    at(index, None)
                    result: Any = used.run_cell(cell.source, store_history=True)  # type: ignore[no-untyped-call]
                    cell.outputs = used.outputs.take()
                    cell.execution_count = used.execution_count - 1
                    if (error := result.error_before_exec or result.error_in_exec) is not None:
                        nb_man.cell_exception(cell, cell_index=index, exception=error)
                        break
                    nb_man.cell_complete(cell, cell_index=index)


papermill_engines.register(CastilloEngine.name, CastilloEngine)
