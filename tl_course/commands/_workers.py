"""Which processes compute a study: some of this machine, or those of a Dask cluster."""

from concurrent.futures.process import BrokenProcessPool

from tl_course.commands import _cells

STARTS = 3  # of processes, where some are killed again and again


def in_processes(cells, workers):
    """Yield what `solve` gives, by joblib; what a killed process worked on is computed again."""
    from joblib import Parallel, delayed

    left = dict.fromkeys(cells)
    for _ in range(STARTS):
        run = Parallel(workers, batch_size=1, return_as="generator_unordered")
        try:
            for cell, values in run(delayed(_cells.solve)(cell, cell.key()) for cell in list(left)):
                del left[cell]
                yield cell, values
            return
        except BrokenProcessPool:
            print("A process was killed: what it worked on is computed again.")
    raise RuntimeError(f"Processes were killed {STARTS} times: try fewer --workers, for memory.")


def on_cluster(cells, address):
    """The same on a Dask cluster, whose scheduler sends a lost worker's cells to another one."""
    from distributed import Client, KilledWorker, as_completed

    with Client(address, timeout=20) as client:
        futures = [client.submit(_cells.solve, cell, cell.key(), pure=False) for cell in cells]
        try:
            yield from (found for _, found in as_completed(futures, with_results=True))
        except KilledWorker as error:
            raise RuntimeError(f"Workers die of a cell (memory?): {error}") from error
