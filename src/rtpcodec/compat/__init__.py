"""Modules that Python has removed, with exactly their results. Nothing else in the package uses them.

audioop  its G.711 functions
"""
