"""The embedded store: SQLite for everything that is searched, files for blobs.

The only home of sqlite3. It applies batches of protocol messages and answers with records; it does
not know who wrote them or who asks.
"""
