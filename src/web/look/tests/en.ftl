asked-for = What it asks for
which-accounts = Which accounts?
from-the-bank = These values come from your bank, not from the app.
go-on = Go on
stop = Stop
withdrawn = SwiftRide gets nothing more.
accesses = What was read
