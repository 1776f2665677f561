"""Containers of the simulated ECS that really run, where this machine has podman.

`network` gives each task a network of its own, `relay` joins it to this machine's loopback, `words` says what podman is asked for, `pod` runs a
task, `wanted` reads what ECS was asked for, `tasks` and `services` put it behind the calls.
"""
