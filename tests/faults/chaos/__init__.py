"""What the fault tests are made of: ways to break things, processes to break, and a second opinion.

`proxy.py` and `hostile.py` break connections, `deployments.py` runs and breaks servers,
`training.py` runs and ends training processes, `tracked.py` is their memory of which calls
returned, `reading.py` asks a server what it has. Nothing here but `tracked.py`, which lives in the
training process, uses the package under test.
"""
