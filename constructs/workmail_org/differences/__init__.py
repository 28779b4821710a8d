"""Where two organizations differ, whoever made them: it knows nothing of how the engine decides.

`keyed` walks through two organizations of the model, field by field and key by key; `terms` says in
tables how the model is to be read; `expecting` says what of a spec WorkMail can show; `finding` is
what comes of it.
"""
