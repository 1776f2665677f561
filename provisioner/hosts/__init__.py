"""Hosts: where they are listed, and how they are reached."""
