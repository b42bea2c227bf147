"""Looks for what prevents calls, and reads a carrier's habits from one call.

finding         the result of a check; secrets
settings        what to look at
examination     runs all checks
checks/         the checks
network/        connections with deadlines
readings/       what one call shows of a carrier
"""
