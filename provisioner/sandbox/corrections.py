"""Answers of the simulated AWS that differ from AWS, corrected. Only what a module of ours meets; each says what AWS does and where it says so."""


def install() -> None:
    """Put the corrections into moto; called once, in the server's own process."""
