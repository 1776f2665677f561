"""Calendar times of systemd: what our reading takes, systemd takes."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.spec.formats import fault

GOOD = ["daily", "Weekly", "hourly UTC", "02:30", "Mon..Fri 02:30", "sat,Sun 04:00 Europe/Zurich", "*-*-01 04:00", "*:0/15", "*-*-* *:*:00",
        "12-24 18:00", "*-02-29", "Mon *-*~7/1 03:00", "*-*~1", "2031-01-01..03", "8..18/2:00", "1,13:30", "10:00:30.5", "Wednesday", "*-1,7-1"]
REFUSED = ["often", "25:00", "2", "02.30", "2:30 am", "at 2:30", "*/5", "0 2 * * *", "@daily", "Fri..Mon 10:00", "Mon, Tue", "*-13-01", "*-*-32",
           "02:60", "daily Mars/Olympus", "02:30 Mon", "0/24:00", "*-*~29", "02:30\n",
           " 02:30", "02:30 *-*-*", "17..8:00", "1800-01-01", "midnight", "Mon..", "%H:00"]
NEVER = ["*-02-30", "*-04,06-31 10:00", "2031-2-30..31"]
NUMBER = st.from_regex(r"\*|[0-9]{1,2}((\.\.|-)[0-9]{1,2})?(/[0-9]{1,2})?(,[0-9]{1,2})?", fullmatch=True)
DATE = st.builds("{}{}{}".format, NUMBER, st.sampled_from("--~"), NUMBER)
YEAR = st.builds("{}-{}".format, st.sampled_from(["*", "2030", "30", "2026..2030", "2026/2", "2200"]), DATE)
DAY = st.sampled_from(["Mon", "mon..fri", "Sat,Sun", "Fri..Mon", "Moon"])
TIME = st.builds("{}:{}".format, NUMBER, NUMBER)
WORDS = st.tuples(DAY | st.just(""), DATE | YEAR | st.just(""), TIME | st.builds("{}:{}".format, TIME, NUMBER) | st.just(""),
                  st.sampled_from(["", "UTC", "Europe/Zurich"]))


@pytest.mark.parametrize("time", GOOD)
def test_taken(time: str) -> None:
    assert not fault("calendar", time)


@pytest.mark.parametrize("time", REFUSED)
def test_refused(time: str) -> None:
    assert fault("calendar", time).startswith("must be ")


@pytest.mark.parametrize("time", NEVER)
def test_a_day_that_never_comes(time: str) -> None:
    assert "a day that comes" in fault("calendar", time)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@settings(max_examples=5, deadline=None)
@given(st.lists(WORDS.map(lambda words: " ".join(word for word in words if word)), min_size=50, max_size=50))
def test_systemd_takes_what_we_take(times: list[str]) -> None:
    taken = [*GOOD, *(time for time in times if time and not fault("calendar", time))]
    done = subprocess.run(["systemd-analyze", "calendar", *taken], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
