"""A papermill engine that runs a notebook's cells in this process, by IPython without a kernel."""

import io
import os
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Mapping
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
    looked at whenever something is written or shown. The process ends with its notebook: nothing is put back.
    """

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self._streams = [_Stream("stdout", 1, self), _Stream("stderr", 2, self)]
        sys.stdout, sys.stderr = self._streams

    def add(self, output: Any) -> None:
        """Add an output after everything that has been written."""
        for stream in self._streams:
            if text := stream.take():
                self.shown.append(new_output("stream", name=stream.name, text=text))
        self.shown += [output] if output else []

    def take(self) -> list[Any]:
        """All outputs, which are forgotten here."""
        self.add(None)
        taken, self.shown = self.shown, []
        return taken


class _Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of the cells: a file in place of a descriptor."""

    encoding = "utf-8"

    def __init__(self, name: str, descriptor: int, outputs: Outputs) -> None:
        self.name, self._descriptor, self._outputs = name, descriptor, outputs
        self._file, self._read = tempfile.TemporaryFile(buffering=0), 0  # noqa: SIM115
        os.dup2(self._file.fileno(), descriptor)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        self._outputs.add(None)
        os.write(self._descriptor, text.encode("utf-8", "replace"))
        self._outputs.add(None)
        return len(text)

    def take(self) -> str:
        """Text that has been written since the last look."""
        new = os.pread(self._descriptor, os.fstat(self._descriptor).st_size - self._read, self._read)
        self._read += len(new)
        return new.decode("utf-8", "replace")


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
