"""Time that stands where a case needs it."""

import datetime
import sys
import time
from types import SimpleNamespace

_now = 0.0


class _Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_now, tz)

    @classmethod
    def today(cls):
        return cls.fromtimestamp(_now)


def freeze(now):
    """Lets every package that is loaded believe that it is `now`, in seconds since 1970."""
    global _now
    _now = now
    time.time = lambda: _now
    # Who asks `datetime` has a name of its own for it.
    for module in ("jam.jwt.tools", "jwt.api_jwt"):
        if module in sys.modules:
            sys.modules[module].datetime = _Datetime
    if "jam.modules" in sys.modules:
        sys.modules["jam.modules"].datetime = SimpleNamespace(datetime=_Datetime)
