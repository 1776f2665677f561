"""Time zones: the names that the world knows. Pure, but for the list of them that the machine has."""

from zoneinfo import ZoneInfo, available_timezones

from provisioner.suggest import near


def fault(value: str) -> str:
    """What a time zone must be, where it is none."""
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        known = available_timezones()
        city = value.rpartition("/")[2].replace(" ", "_").lower()
        meant = next((name for name in sorted(known) if name.lower().rpartition("/")[2] == city), near(value, known))
        # a machine without the list of time zones has no opinion
        return f"must be a time zone, such as {meant or 'Europe/Zurich'}" if known else ""
    return ""
