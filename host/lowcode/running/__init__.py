"""Processes: from one command to workers that serve, restart and run jobs."""
