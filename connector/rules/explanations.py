"""What lies behind each code of a problem: the paragraph that `accord validate --explain CODE` prints."""

from __future__ import annotations

from collections.abc import Mapping

EXPLANATIONS: Mapping[str, str] = {
    "ambiguous-days": (
        "`2d` and `1w` are 48 hours and 7 × 24 hours. On a calendar that closes, nobody can tell "
        "whether they count open hours, working days or dates, so the author must choose: `48h` is 48 "
        "hours of open time, `2wd` two working days of open time (and can be paused), `2bd` a due "
        "date, the closing of the second open day."
    ),
    "bad-bands": (
        "The bands of a credit are read from above: the last one whose `below` exceeds the value "
        "applies. So their `below` must fall from row to row, the highest first."
    ),
    "bad-clock-time": (
        "Times of day are written as 09:00 or 17:30, from 00:00 to 23:59. 24:00 is allowed as the end "
        "of a shift only."
    ),
    "bad-condition": (
        "A condition is a mapping from a field to a test: a value, a list of values, or operators "
        "(is, not, in, not_in, lt, le, gt, ge, contains, starts_with, matches, set, changed, from, "
        "to, inside, outside). Several fields must all hold; any, all and not combine. Which "
        "operators a field takes depends on its type: only numbers, text, datetimes and durations "
        "have an order, only datetimes lie inside a calendar."
    ),
    "bad-date": "Dates are written 2026-12-25, between 1970 and 2199.",
    "bad-day": "Days are mon, tue, wed, thu, fri, sat, sun, or a range of them such as mon-fri.",
    "bad-due-date": (
        "A due date is written 2bd: the closing of the second open day after the start's day. 0bd is "
        "that day's own closing. `2bd by 16:00` and `2bd same time` give another time of day, and "
        "each may end with `if before 10:00`: what starts later counts as the next open day's."
    ),
    "bad-hours": (
        'Hours are a mapping from days to shifts: {mon-fri: "09:00-17:30", sat: []}. Several shifts '
        "of a day are a list."
    ),
    "bad-length": (
        "A length of time is written with units and without spaces: 90s, 15m, 4h, 1h30m. Working days "
        "(2wd) and due dates (2bd) are allowed where a target's `time` is written."
    ),
    "bad-line": (
        "A line of `on:` is a share of the time (75%), open time before the due instant (30m before) "
        "or after the breach (2h after), or an event: started, paused, resumed, breached, "
        "breach_withdrawn, met, missed, cancelled, reset, reopened."
    ),
    "bad-money": (
        "An amount is a number and a currency of three capital letters: 12000 EUR. One agreement pays "
        "in one currency."
    ),
    "bad-number": "A plain number is expected: 4.2 or 90.",
    "bad-pattern": (
        "Patterns are matched in time linear in the text, so that no text can stall a run. Allowed "
        "are literals, ., [a-z], [^0-9], \\d \\w \\s, ^ $ \\b, groups ( ) and (?: ), |, and the repeats * "
        "+ ? {2} {2,5} with counts up to 200. Back-references, look-arounds, named groups, flags, "
        "lazy and possessive repeats are refused. A pattern is found anywhere in the text, without "
        "case."
    ),
    "bad-period": (
        "A period is day, week, month, quarter, year, or rolling over days or months: rolling 30d, "
        "rolling 12 months."
    ),
    "bad-share": "A share is written with its sign: 95% or 99.95%. It is kept exactly.",
    "bad-shift": (
        "A shift is written 09:00-17:30. One that ends before it starts (22:00-06:00) ends the next "
        "day and belongs to the day it starts on."
    ),
    "bad-time": (
        "The time of a target is a length of open time (4h, 2wd), a due date (2bd), {field: F} for a "
        "length given in the ticket, or none."
    ),
    "bad-validity": (
        "Versions of an agreement follow each other: each newer one begins, by its `valid.from`, "
        "after the one before, and thereby ends it. An older version's `to` is either absent or "
        "before that day."
    ),
    "bad-value": "The value is not of the field's type, or not one that the key takes.",
    "circle": (
        "These parts rest on each other in a circle, so that none of them can be worked out first. "
        "Break it at one place."
    ),
    "doubled-day": (
        'A day\'s hours are written once. Put all its shifts into one list: mon: ["09:00-12:00", '
        '"13:00-17:00"].'
    ),
    "doubled-name": (
        "Names say which document is meant, so each may be used once: a calendar's, a package's, a "
        "derived field's (which must not be a field of the records either), and an agreement's "
        "together with its version."
    ),
    "empty-action": "An action notifies, notes or creates something.",
    "empty-shift": (
        "A shift from a time to the same time could be nothing or a whole day. Write 00:00-24:00 for "
        "a whole day, [] for a closed one."
    ),
    "field-conflict": (
        "The kinds that this rule is about have a field of that name, but of types that compare "
        "differently. Split the rule by kind, or let the mapping use one type."
    ),
    "holidays-end": (
        "Holidays are dates in the file, so that a figure never depends on a library's version. The "
        "list of this calendar is over, or will be within 90 days: later holidays would count as "
        "working days. `accord holidays` writes further years."
    ),
    "lasting-reset": (
        "`reset` ends the cycle and begins a new one at every step at which it holds. A condition "
        "that lasts (such as a state) holds at all later steps too. Test the change instead: "
        "{public_reply: {to: agent}}."
    ),
    "missing-key": "The document needs this key to mean anything.",
    "momentary-start": (
        "A condition on a change holds at that step only. If the agreement applies only once another "
        "field is set, and that happens later, the moment has passed and no cycle starts. Use a "
        "condition that lasts, with `start_at: opened` where the time from the opening counts. With "
        "`start_must_hold` (which `like: servicenow` sets) such a start, and another target's event "
        "(`after`), no longer holds at the next step, which cancels the cycle."
    ),
    "momentary-stop": (
        "The stop holds at one step only, while the start goes on holding: at the ticket's next "
        "change a new cycle would start. Write `reopen: ignore` for a clock that runs once."
    ),
    "never-ends": "Without `stop` (or `cancel`, or `reset`) the clock of every ticket runs for ever.",
    "never-held": (
        "Replies and notes are changes: what a record holds of them afterwards is nothing. A condition on "
        "the change, {to: agent}, holds at the step at which one was written."
    ),
    "no-agreement": "An agreement of that name is not in the files that were read.",
    "no-calendar": "A calendar of that name is not in the files that were read. `always` is built in.",
    "no-change-here": (
        "`changed`, `from` and `to` hold at the step of a change only. The rows of `within` are "
        "judged at every step, and tables and bounds at no step at all; a derived field has no "
        "recorded changes."
    ),
    "no-day": (
        "`2wd` is twice the calendar's working day, so the calendar must say how long that is: day: 8h."
    ),
    "no-hours": "A calendar that is never open would let no clock run.",
    "no-package": "A package of that name is not in the files that were read.",
    "no-rules": (
        "The folder holds no *.yaml file. Files that end with _test.yaml are rule tests and no rules."
    ),
    "no-target": "The agreement, its package included, has no target of that name.",
    "no-ticket": (
        "Clocks run on tickets: incidents, problems, requests and changes. Other records are measured "
        "by objectives such as availability, share or score."
    ),
    "not-told": (
        "The platform tells where its cycles start and end, when they are due and whether their time "
        "was used up, but not when they were paused or resumed. A line for such an event is never "
        "reached."
    ),
    "not-yaml": (
        "The file cannot be read as YAML. Tags, merge keys and doubled keys are refused, and no value "
        "is guessed: on, no and 17:30 are text."
    ),
    "odd-direction": (
        "More kept promises and more availability are better, longer times are worse. A bound on the "
        "other side is missed when the desk does better than it says."
    ),
    "paused-due-date": (
        "A due date (2bd, or `until` a date in the ticket) is an instant and does not move when the "
        "clock is paused. Write working days or hours where pauses count, or `unpausable: true` where "
        "they do not."
    ),
    "supporter-availability": (
        "The availabilities of what an agreement rests on multiply. Their product is below what it "
        "promises, so that it can be missed while everybody below keeps their word."
    ),
    "supporter-closed": (
        "While the supporting agreement's calendar is closed nobody is bound to work for the "
        "supported one, whose clock runs."
    ),
    "supporter-ends": "The underpinning contract ends before the agreement that rests on it.",
    "supporter-longer": "Those below may take longer than the agreement above allows in all.",
    "two-engines": (
        "A target is measured either by its own clock (start, stop, pause, within …) or by the "
        "platform's own SLA engine (`measured_by: {platform: NAME}`). The platform's SLA has its "
        "conditions and its time there, so none of a clock's keys may stand beside it; `calendar` may, "
        "and says which hours the platform's SLA counts by, and so may `on`. No target can begin "
        "`after` one that the platform measures."
    ),
    "undeclared": (
        "Nothing declares this name. It may be right all the same, since the platform knows people "
        "and organisations better; but a name with a typing error reaches nobody."
    ),
    "unknown-document": (
        "The first key of a document says what it is: agreement, calendar, customer, derive, "
        "exclusion, framework, improvement, package, relationship, requirement, service or "
        "stakeholder."
    ),
    "unknown-field": (
        "Rules may use the fields of the kinds that they apply to, those that the site's mapping "
        "adds, derived fields, and in `accord evaluate` those present in the file. `source` and "
        "`kind` are fields too."
    ),
    "unknown-key": (
        "The key is not known at this place. Keys are never ignored, since a misspelt one would "
        "silently change what is measured."
    ),
    "unknown-kind": "There is no kind of record of that name. Kinds are declared in mappings/kinds/.",
    "unknown-operator": "The test is not one that the language has.",
    "unknown-timezone": (
        "Zones are named as in the IANA time zone data: Europe/London, America/New_York, UTC."
    ),
    "unknown-value": (
        "The field takes certain words only, which are the same on every platform. This is none of "
        "them: unless the site's mapping passes the platform's own word on, the test never holds."
    ),
    "unreachable": (
        "Of the rows of `within` the first whose `when` holds counts. A row without `when` always "
        "holds, so those after it never count."
    ),
    "unread-key": (
        "This document is for people too and may hold notes; but no part of Accord reads this key, "
        "which may be a typing error."
    ),
    "unused-key": "The key has no effect beside the others written here.",
    "utc-assumed": (
        "Without a time zone of its own, and with a calendar that has none fixed, periods and "
        "validity are cut at midnight UTC. Say so, or name the zone."
    ),
    "wrong-type": (
        "Something of another form is expected at this place: a text, a list, a mapping, a number."
    ),
}
