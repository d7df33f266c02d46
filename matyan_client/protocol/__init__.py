"""The wire: what is sent and what comes back, with no socket, file or thread in sight.

`messages.py` is every write, `records.py` every read, `contexts.py` the identity of contexts,
`streams.py` the binary codec of searches, `batches.py` and `param_trees.py` what journals and
stores share.
"""
