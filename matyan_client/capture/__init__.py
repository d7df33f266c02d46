"""What a run records beside what it is told: terminal output, resource use, the environment."""
