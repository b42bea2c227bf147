"""Several processes behind one port: a supervisor and its workers. POSIX only.

running        `run_workers`
supervisor     starts, replaces, restarts and ends the workers; post: the place of one serving worker
process        one worker process as its supervisor sees it
status_page    the supervisor's port: health, readiness, metrics of all workers
figures        the figures of all workers as those of one endpoint
job            what a worker is to run; channel: the socket between supervisor and worker
worker         the worker's side; __main__: its process
identity       which worker this process is
turns          which worker accepts the next connection
worker_table   the table of the workers of a machine, and the registry `FilePlacement` in it
sockets        the listening sockets
"""
