"""Drift: what the spec says, what was deployed last, and what is live, compared three ways.

`describing_deployed` turns the properties of a deployed template into an organization of the model;
`normalizing` makes the three comparable; `classifying` gives each value that differs its class;
`looking` reads AWS, twice; `ignoring` applies the spec's ignores; `taking_in` writes the YAML that
would declare what is unmanaged. Nothing here writes to AWS.
"""
