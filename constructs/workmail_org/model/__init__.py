"""What an organization is: frozen dataclasses without I/O, in the words of the spec.

Desired state (from a spec) and actual state (from WorkMail) are the same types.
"""
