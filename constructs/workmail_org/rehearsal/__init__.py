"""The rehearsal: the real deployment of a spec, on this machine alone."""
