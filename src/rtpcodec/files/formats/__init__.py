"""One module per file format, each with `open_source` and, where it is written too, `open_target`."""
