"""Endpoints raced with real calls on loopback. The load comes from this process, each server has one of its own.

traffic      frames that are built before; generator: calls that send them and match the echoes
processes    servers in processes of their own, each with one core, and their CPU time
servers      the contenders
measuring    one measurement, and interleaved rounds of several
capacity     the largest number of calls that a server carries
"""
