"""Talks to deployments: the only home of httpx and websockets. Knows frames and requests only."""
