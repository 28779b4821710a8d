"""Plan: what a deployment would do, and what that affects; nothing is changed here.

The calls come from `changes`, on the same inputs that the handlers have, so a
plan cannot promise what a deployment does not do.
"""
