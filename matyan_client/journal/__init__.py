"""The journal: what makes a write survive the process, and the only thing on the hot path.

One append-only file per run and process, cut into segments. `format.py` is its bytes, `writer.py`
appends, `reader.py` turns bytes back into batches of messages, `locking.py` tells the living from
the dead. Knows nothing of SQLite or the network: whoever delivers batches reads them from here.
"""
