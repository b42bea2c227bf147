"""Numbers in buffers: Cython with public .pxd files. No JSON, time, logging, optional libraries or own exceptions."""
