"""Finds what would prevent calls, and measures a carrier's habits by one call.

finding         the result of a check; secrets
settings        the subject of the checks
examination     runs all checks
checks/         the checks
network/        connections with deadlines
readings/       what one call shows of a carrier
"""
