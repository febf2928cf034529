# The pages on which a customer decides about a consent, in English. Second person, short sentences,
# no scope names; the same word for the same thing. `$app` is an app's name.

heading-data = { $app } asks to see your data at this bank
heading-plain = { $app } asks for your permission
heading-accounts = Choose the accounts that { $app } may see
heading-values = Check what { $app } asks for
heading-confirm = Confirm that it is you, for { $app }
heading-renewal = { $app } asks to keep the permission you gave
heading-amendment = { $app } asks to change the permission you gave

purpose = What for
keeps = The app may keep the data for { $days ->
        [1] one day
       *[other] { $days } days
    }.
days = Data of which days
days-from = From { $from } on
days-until = Up to { $until }
days-both = { $from } to { $until }
how-often = While you are away
away = { $count ->
        [0] The app asks for no data.
        [1] The app asks for each kind of data of an account at most once a day.
       *[other] The app asks for each kind of data of an account at most { $count } times a day.
    }
until = Until
asked-for = What it asks for
choose-accounts = Which accounts
choose-first = Choose first. The next page says all that the app asks for, and nothing is given before you allow it there.
go-on = Continue
chosen-accounts = The accounts you chose
withdraw = If you change your mind
how-to-withdraw = You can withdraw at any time under “My permissions” at this bank. From then on { $app } gets no new data.
if-refused = If you refuse
stays-as-it-is = The permission you gave stays as it is, until { $moment }.
nothing-given = This bank shares nothing with { $app }. Nothing else changes for you at this bank.

stop = If you want none of it any more
stop-why = This withdraws the permission that you gave { $app } before, at once, and refuses what is asked for here. { $app } gets no new data by it. What it has already is not taken back by this bank.
stop-all = Stop all

renewal-why = Nothing changes but the time. Check that you still want { $app } to have this.
until-now = As it is, it ends
from-now-on = If you allow it, it ends
as-before = What it covers, as before

changes = What changes
changes-why = { $app } has a permission of yours already. It stays in force until you allow this one.
changes-before = The values until now
change-stays = As before
change-new = New: not allowed until now
change-ends = Until now only: allowed no more
change-until = { $after }, until now { $before }
note-as-before = as before
note-sensitive = sensitive
more = What is new
more-why = You did not allow this until now. It is shared only if you tick the box.
more-agree = I agree that { $app } also gets what is named in this box.
chosen-before = What you chose before is chosen here. Change it if you want.

not-password = Your bank password is not given, and { $app } cannot move your money.
not-data = Your accounts and what is in them are not shown to { $app }.
bound-to = { $app } can use this permission for these values only.

logged-in-as = Logged in as
decide-until = You can decide until { $moment }.
more-time = Take 15 minutes more

code = The code you were sent
confirm-here = Confirm that it is you
code-sent = This bank sent a code to { $to }. It is good until { $moment }.
code-over = The code is good no more. Have another one sent.
tries-left = You can try { $left ->
        [1] once
       *[other] { $left } times
    }.
resend = Send another code
never-tell = Type the code on this page only. { $app } never asks you for it.

wrong-separate = Tick the box if you agree that this data is given. Or refuse.
wrong-no-account = Choose an account.
wrong-many-accounts = Choose 50 accounts at most.
wrong-account-gone = An account that you chose cannot be shared any more. Choose again.
wrong-account-left = An account that you chose cannot be shared any more. It is left out.
wrong-no-code = Type the code that you were sent.
wrong-code = The code is wrong. You can try { $left ->
        [1] once more
       *[other] { $left } more times
    }.
wrong-code-over = The code is good no more. Have another one sent.

account-joint = You share it with somebody else.
account-frozen = It is frozen at the moment.
account-closed = It is closed.
account-kind = Accounts of this kind are shown to no app.

# What is confirmed by a code, in one line.
line-accounts = { $count ->
        [1] the account ending in { $masked }
       *[other] { $count } accounts, that ending in { $masked } and others
    }
line-until = until { $until }
line-joint = { "; " }
