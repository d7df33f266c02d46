"""Aim's callbacks and loggers of frameworks: its names for what `matyan_client.adapters` has."""
