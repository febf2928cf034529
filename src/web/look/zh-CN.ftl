# 每个页面上都有的文字，以及页面各部分的文字。

look-other-language = English
look-reference = 编号
look-help = 帮助
look-complaint = 投诉
# 先说明出了问题的标题。
look-wrong = 出错：{ $heading }
look-who-asks = 请求方
look-checked = 已由本行核验
look-number = 合作方编号
look-contact = 联系方式
look-not-shared = 不会共享的内容
look-separate = 你的单独同意
look-separate-why = 以下是敏感个人信息，只有勾选后才会共享。
look-separate-agree = 我单独同意向{ $app }提供本框内的信息。
look-not-offered = 不能选择：{ $reason }
look-good = 已完成：
look-warn = 请留意：
look-bad = 请注意：
look-errors = 请先检查以下内容
look-allow = 同意
look-refuse = 拒绝
