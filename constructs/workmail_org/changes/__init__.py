"""What turns one state of an organization into another: calls, in order, as data.

Pure. The handlers carry the calls out, `plan` prints them, tests check them: a
plan cannot promise what a deployment does not do.
"""
