"""Exact twins of interfaces that Python has removed. Nothing else in the package uses them."""
