"""Other libraries' ways to log, led into runs: a module a library, imported when it is used."""
