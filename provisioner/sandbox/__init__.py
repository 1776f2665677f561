"""The built-in sandbox: a simulated cloud and this machine as the only host. Never reaches a real account."""
