"""A directory for PYTHONPATH: its `sitecustomize` carries `install()` into child processes."""
