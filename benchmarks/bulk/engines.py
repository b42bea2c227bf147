"""Clusters of this machine as further methods, without their start: Dask, and Ray in the environment of `make ray`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.bulk.methods import EXAMPLES, Method, recipe
from benchmarks.bulk.recordings import Recordings
from rtpcodec import transcode_batch


@contextmanager
def engine(name: str, found: Recordings, workers: int) -> Iterator[Method]:
    """Start a cluster with this number of processes, and return the method that uses it."""
    transcode = partial(transcode_batch, to="wav")
    source, target = str(found.source), str(found.target)
    if name == "dask":
        from distributed import Client  # noqa: PLC0415

        module = recipe("bulk_dask")
        work = partial(module.convert, source=source, target=target, to="wav", transcode=transcode)

        def by_dask() -> None:
            for _ in module.run(client, found.names, work, module.FILES_PER_TASK):
                pass

        with Client(n_workers=workers, threads_per_worker=1, dashboard_address=None) as client:
            yield Method(f"Dask, {workers} worker processes", len(found.names), by_dask, is_waited_for=False)
        return
    import ray  # noqa: PLC0415

    module = recipe("bulk_ray")
    paths = {"PYTHONPATH": f"{EXAMPLES.parent}:{EXAMPLES.parent / 'src'}:{EXAMPLES}"}
    options: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "runtime_env": {"env_vars": paths}}
    ray.init(address="local", num_cpus=workers, **options)
    try:
        run = partial(module.run, source, target, "wav", transcode)
        yield Method(f"Ray Data, {workers} worker processes", len(found.names), run, is_waited_for=False)
    finally:
        ray.shutdown()
