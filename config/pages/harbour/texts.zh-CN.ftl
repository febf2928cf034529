# 代替本产品的文字：同样的名称和变量，两种语言都要有。
own-pages-only = 请只在 auth.harbour.example 的页面输入密码。
