# In the place of ours: the same keys, with the same variables, in both languages.
own-pages-only = Type your password on pages of auth.harbour.example only.
