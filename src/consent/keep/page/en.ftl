# The pages on which customers keep what they gave, in English. Second person, short sentences, no
# scope names; the same word for the same thing. `$app` is an app's name.

heading-list = My permissions
heading-history = All your decisions
heading-one = What you let { $app } do
heading-withdraw = Withdraw your permission for { $app }

what-this-is = What you let apps do at this bank. You can withdraw at any time.
search-by-app = Name of the app
search = Search
nothing-here = There is nothing here.
page-of = Page { $page } of { $pages }
previous = Previous page
next = Next page
to-history = All your decisions
back-to-list = Back to my permissions
changed = Last changed { $moment }
until = Until { $moment }
last-used = Last used { $moment }

group-active = Active
group-waiting = Waiting for you
group-ended = Ended
group-history = The last first

state-requested = Waits for your decision
state-reviewing = Waits for your decision
state-confirming = Waits for your code
state-authorised = Active
state-refused = Refused
state-lapsed = Not decided in time
state-expired = Ended when it was due
state-withdrawn = Withdrawn
state-superseded = Replaced by a newer permission

by-customer = By you
by-partner = By the app
by-bank = By this bank
by-house = By this bank’s system

state = State
who = Given to
purpose = What for
keeps = The app may keep the data for { $days ->
        [1] one day
       *[other] { $days } days
    }.
given = Given on
until-label = Until
withdraw = Withdraw
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

logged-in-as = Logged in as
log-out = Log out
