"""Codes of the sandbox: the simulated cloud."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-7501": (
        "The simulated cloud is not installed",
        "The sandbox simulates AWS with moto, which comes with the extra `sandbox`.\n"
        "Fix: pip install 'provision[sandbox]'",
    ),
    "PRV-7502": (
        "The simulated cloud did not start",
        "The server process ended at once, or did not answer within 30 s; the last lines of its log are shown.\n"
        "Causes: a broken installation of moto, no free loopback port, a full disk, or a machine under heavy load.\n"
        "Fix: read .provision/simulator/server.log, then run the command again.",
    ),
}
