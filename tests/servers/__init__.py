"""Servers for tests: ours in a child process, and the real ones of the published release."""
