"""Modules that Python has removed, with exactly their results. No other package here uses them.

audioop  its G.711 functions
"""
