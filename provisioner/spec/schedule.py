"""Cron lines: whether one can be read, and whether its time has come. Pure; the library that reads them is imported only then."""

from datetime import UTC, datetime


def wrong(line: str) -> str:
    """Why a line can't be read, or nothing."""
    from cronsim import CronSim, CronSimError

    try:
        CronSim(line, datetime.now(UTC))
    except CronSimError as error:
        return str(error).lower()
    return "" if len(line.split()) == 5 else "it must have five fields"


def is_due(line: str, last: str, now: datetime) -> bool:
    """True when the line names a time after `last` (UTC, ISO 8601; empty: never looked) that is not after `now`."""
    from cronsim import CronSim

    return not last or next(CronSim(line, datetime.fromisoformat(last))) <= now
