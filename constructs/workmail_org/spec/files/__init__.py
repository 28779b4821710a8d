"""Reading: the files of a spec become plain data, with the place of every value.

What a value may be is not known here: schema and rules are in the package above.
"""
