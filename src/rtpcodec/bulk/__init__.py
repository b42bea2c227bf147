"""Many recordings at once, on engines that exist (docs/bulk.md)."""
