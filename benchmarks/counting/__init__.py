"""Instruction counts of the kernels, made by callgrind. Run by benchmarks/instructions.py.

A count is the difference of n and 3n calls of a kernel's C function through its public .pxd, divided by 2n: exact and
repeatable, whether the compiler inlines the function elsewhere or not. The loop's few instructions are in it.

Every kernel of the form `void (const uint8_t* in, uint8_t* out, Py_ssize_t n)` is found by itself (count_blocks.pyx).
Another form joins with a file count_NAME.pyx here that has `count(calls)`.
"""
