#!/usr/bin/env python3
"""PostgreSQL: what on_server.py says of every server."""
# Runs alone: a server that ends and comes back, in real time.
import lib
import pg_server
import on_server

if __name__ == "__main__":
    lib.main(on_server.tests_of(pg_server))
