"""Progress: a live line on a terminal's stderr; nothing anywhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from backstay.display import printable

Tell = Callable[[str, int, int], None]


@contextmanager
def live(wanted: bool, color: bool) -> Iterator[Tell | None]:
    """Yields what the pipeline tells its progress to, or None when nobody is watching."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=not color, markup=False, highlight=False, emoji=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def tell(stage: str, done: int, total: int) -> None:
            progress.update(task, description=printable(stage, 40), completed=done, total=total or None)

        yield tell
