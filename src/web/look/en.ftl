# What stands on every page, and in the pieces that pages are made of.

look-other-language = 中文
look-reference = Reference
look-help = Help
look-complaint = Make a complaint
# A title that says first that something is wrong.
look-wrong = Error: { $heading }
look-who-asks = Who asks
look-checked = checked by this bank
look-number = Partner number
look-contact = Contact
look-not-shared = What is not shared
look-separate = Your separate consent
look-separate-why = This is sensitive information. It is shared only if you tick the box.
look-separate-agree = I separately agree that { $app } gets what is named in this box.
look-not-offered = Cannot be chosen: { $reason }
look-good = Done:
look-warn = Please note:
look-bad = Attention:
look-errors = Please check this first
look-allow = Allow
look-refuse = Refuse
