"""Time as the rules use it: stored in UTC, read by people in Asia/Shanghai."""

from datetime import date, datetime, timedelta, timezone

# China has had one offset and no summer time since 1991; a fixed zone needs no zone files.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


def local_day(moment: datetime) -> date:
    """The calendar day in Asia/Shanghai; at 24:00 the next day has begun."""
    return moment.astimezone(SHANGHAI).date()


def whole_hours(span: timedelta) -> int:
    """Full hours in a span, rounded towards zero."""
    return int(span / timedelta(hours=1))
