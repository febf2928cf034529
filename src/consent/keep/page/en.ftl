# The pages on which customers keep what they gave, in English. Second person, short sentences, no
# scope names; the same word for the same thing. `$app` is an app's name.

heading-list = My permissions
heading-history = All your decisions
heading-one = What you let { $app } do
heading-ended = What became of your permission for { $app }
heading-withdraw = Withdraw your permission for { $app }

what-this-is = What you let apps do at this bank. You can withdraw at any time.
search-by-app = Name of the app
search = Search
nothing-here = There is nothing here.
page-of = Page { $page } of { $pages }
latest = Back to the latest
previous = Previous page
next = Next page
to-history = All your decisions
back-to-list = Back to my permissions
changed = Last changed { $moment }
permission-until = Until { $moment }
last-used = Last used { $moment }

group-active = Active
group-paused = Paused
group-waiting = Waiting for you
group-ended = Ended
group-history = The last first

state-requested = Waits for your decision
state-reviewing = Waits for your decision
state-confirming = Waits for your code
state-authorised = Active
state-paused = Paused: the app must ask you again
state-refused = Refused
state-lapsed = Not decided in time
state-expired = Ended when it was due
state-withdrawn = Withdrawn
state-superseded = Replaced by a newer permission

by-customer = By you
by-partner = By the app
by-bank = By this bank
by-house = By this bank’s system

by-on = { $by }, { $on }
on-page = on a page of this bank
on-api = over a connection between apps
on-control = through this bank’s staff
on-clock = when its time came

decisions = What was decided
decided-authorise = Allowed
decided-renew = Renewed
decided-refuse = Refused
decided-lock = Stopped after wrong codes
decided-lapse = Not decided in time
decided-expire = Ended when it was due
decided-withdraw = Withdrawn
decided-supersede = Replaced by a newer permission

remind-given = { $days ->
        [1] You gave this one day ago. Still needed?
       *[other] You gave this { $days } days ago. Still needed?
    }
remind-confirmed = { $days ->
        [1] You said one day ago that you need this. Still needed?
       *[other] You said { $days } days ago that you need this. Still needed?
    }

state = State
reason = The reason given: { $reason }
paused-since = Since { $moment } the app gets nothing until it asks you again and you agree.
who = Given to
number = Its number
permission-purpose = What for
permission-keeps = The app may keep the data for { $days ->
        [1] one day
       *[other] { $days } days
    }.
given = Given on
until-label = Until
data-days = Of which days
permission-days-between = From { $from } to { $until }
permission-days-from = From { $from } on
permission-days-until = Up to { $until }
while-away = While you are away
per-day = { $count ->
        [0] Not at all
        [1] Each kind of data of an account once a day
       *[other] Each kind of data of an account at most { $count } times a day
    }
replaces = In the place of
earlier = An earlier permission
replaced-by = Replaced by
newer = A newer permission
permission-withdraw = Withdraw
data = What it may see
accounts = Which accounts
unnamed = { $count ->
        [1] One account that this bank does not name right now
       *[other] { $count } accounts that this bank does not name right now
    }
values = For these values only
accesses = When it was used
this-month = Used { $count ->
        [0] not once
        [1] once
       *[other] { $count } times
    } this month.
answer-given = given
answer-refused = refused
answer-unanswered = not answered by this bank
answer-unknown = unknown: the app broke off
joint = { ", " }
receipt = Download what you were shown when you decided

what-stops = What stops
stops-at-once = { $app } gets no new data from this bank under this permission, from the moment you withdraw.
what-stays = What stays
stays-lawful = What { $app } got before was lawful, and stays so. Nothing else changes for you at this bank.
ask-app = Ask { $app } what it does with the data that it has:
withdraw-now = Withdraw now
keep = Keep it
not-in-force = This permission is not active any more.

permission-logged-in-as = Logged in as
log-out = Log out
