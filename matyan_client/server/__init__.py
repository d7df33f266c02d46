"""One node's server: the embedded store behind the wire protocol, both services on one port."""
