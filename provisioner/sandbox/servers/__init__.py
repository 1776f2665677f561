"""Servers behind the addresses of the simulated AWS: a database that the simulator was asked for is a real one, on this machine.

`programs` finds what can be run, `recipes` says how, `keeper` runs it; `databases`, `caches` and `brokers` put it behind the calls.
What speaks HTTP is answered by the simulator itself: `doors` listens, `apis`, `balancers` and `sites` answer; `routes`, `rules` and `events`
decide, `checks` knows who is healthy, `passing` asks what is behind, `names` and `proxy` lead there.
"""
