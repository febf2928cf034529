# The pages to log in, to approve and to go back, in English. Second person, short sentences, no
# scope names; the same word for the same thing. `$app` is an app's name, `$bank` a bank's.

user-name = User name
password = Password
log-in = Log in
cancel = Cancel
# Between what something is called and what it is.
colon = { ": " }
approve-until = Until
approve-asked-for = What it asks for
who-you-are = Who you are
customer = Logged in as
error-code = Error code
for-the-app = For the app’s developers
nothing-shared = Nothing was shared.
nothing-decided = Nothing is decided yet.
onward = You are being taken to the log-in. If that does not happen, use the button.
log-in-to = Log in to { $bank } to go on with { $app }
log-in-own = Log in to { $bank } to see your permissions
own-pages-only = Type your password on this bank’s pages only.
never-needs = { $app } never needs your bank password. Type it on this bank’s pages only.
wrong-credentials = The user name or the password is wrong. You can try { $left ->
        [1] once more
       *[other] { $left } more times
    }.
locked-until = Too many wrong tries. Try again after { $moment }.
wants-to = { $app } asks to { $act }
asks = { $app } asks for your permission
own-number = A number that only { $app } knows you by. Not your name, and not your accounts.
approve-if-refused = If you refuse, this bank shares nothing with { $app }.

# How a visit ended.
ended-allowed = You allowed what { $app } asked for
ended-taken-back = { $app } took back what it asked for
ended-refused = You refused what { $app } asked for
ended-stopped = You stopped all that you had allowed { $app }
ended-cancelled = You cancelled what { $app } asked for
ended-timed-out = The request of { $app } took too long
ended-locked = Too many wrong tries: the request of { $app } was stopped
ended-failed = The request of { $app } could not be finished

allowed-only = { $app } gets what you allowed just now, and nothing else.
returning = You are being taken back to { $app }. If that does not happen, use the button.
return-to = Go back to { $app }
withdraw-where = You can withdraw this at any time under “My permissions” at this bank.
to-permission = See what you gave
to-receipt = Your receipt

# Why a customer cannot be led back to an app: what happened, and what to do.
no-such-request = This request is no longer valid
no-such-request-remedy = It may have been used already, or waited too long. Go back to the app and start again.
bad-request = The app sent a request with a mistake
bad-request-remedy = You did nothing wrong. Go back to the app; if it happens again, tell the app’s support.
unknown-app = This bank does not know this app
unknown-app-remedy = Please do not go on. If you trust this app, tell its support.
foreign-form = We cannot tell that this page is yours
foreign-form-remedy = The page may have been open too long, or your browser keeps no cookies of this site. Go back to the app and start again.
too-many-tries = Too many log-ins from your network were wrong
too-many-tries-remedy = Perhaps none of them was yours. Wait a minute, or use another network, then go back to the app and start again.
unavailable = This bank cannot handle the request right now
unavailable-remedy = Go back to the app in a few minutes and start again.
not-logged-in = You are not logged in
not-logged-in-remedy = Your bank’s log-in did not say who you are. Open “My permissions” to try again.
no-such-permission = There is no such permission
no-such-permission-remedy = Go back to “My permissions” to see what you let apps do.
broken = This bank could not handle the request
broken-remedy = Go back to the app and start again; if it happens again, tell this bank’s support the reference below.
