"""Several processes behind one port: a supervisor and its workers. POSIX only.

running        `run_workers`
supervisor     starts, replaces, restarts and ends the workers; worker_slot: the place of one serving worker
process        one worker process as its supervisor sees it
status_page    the supervisor's port: health, readiness, metrics of all workers
figures        adds the figures of all workers
worker_spec    functions and settings of a worker; channel: the socket between supervisor and worker
worker         the endpoint of a worker process; __main__: its entry point
identity       the number of this worker process
turns          which worker accepts the next connection
worker_table   the table of the workers of a machine, and the registry `FilePlacement` in it
sockets        the listening sockets
"""
