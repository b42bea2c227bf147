# Sourced: how a sanitized build runs in an ordinary interpreter.
library=$(${CC:-gcc} -print-file-name=libasan.so)
[ -f "$library" ] || { echo "no AddressSanitizer library of ${CC:-gcc} found: install it (Debian: apt install libasan8; Fedora: dnf install libasan)" >&2; exit 1; }

with_sanitizers() { # command, arguments
    # Every object gets its own malloc block, so that a read beyond a bytes object is seen; the interpreter itself never
    # frees all it has, so leaks are looked for elsewhere (tests/isolated/leaks.py).
    LD_PRELOAD="$library" PYTHONMALLOC=malloc \
        ASAN_OPTIONS="detect_leaks=0:strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=1" \
        UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1" "$@"
}
