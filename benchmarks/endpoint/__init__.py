"""Endpoints raced with real calls on loopback. The load comes from this process, each server has one of its own.

traffic      frames that are built before; generator: calls that send them and match the echoes
processes    servers in processes of their own on one core, and their CPU time; server: such a process
servers      the contenders
measuring    one measurement; rounds: interleaved ones of several servers; schedule: how long a run takes
capacity     the largest number of calls that a server carries
"""
