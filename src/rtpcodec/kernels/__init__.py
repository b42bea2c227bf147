"""Numbers in buffers: Cython, public .pxd files. No JSON, no time, no logging, no optional libraries, no own exceptions."""
