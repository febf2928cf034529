# 客户查看和撤回授权的页面，中文。第二人称，短句，不出现权限代号；同一事物用同一个词。`$app` 是应用的名称。

heading-list = 我的授权
heading-history = 你的全部决定
heading-one = 你授权{ $app }的内容
heading-withdraw = 撤回对{ $app }的授权

what-this-is = 你在本行授权给应用的内容。你可以随时撤回。
search-by-app = 应用名称
search = 搜索
nothing-here = 这里没有内容。
page-of = 第 { $page } 页，共 { $pages } 页
previous = 上一页
next = 下一页
to-history = 你的全部决定
back-to-list = 返回我的授权
changed = 最近变更：{ $moment }
until = 有效期至：{ $moment }
last-used = 最近使用：{ $moment }

group-active = 有效
group-waiting = 等待你决定
group-ended = 已结束
group-history = 从新到旧

state-requested = 等待你决定
state-reviewing = 等待你决定
state-confirming = 等待你的验证码
state-authorised = 有效
state-refused = 已拒绝
state-lapsed = 未按时决定
state-expired = 已到期
state-withdrawn = 已撤回
state-superseded = 已由新的授权替代

by-customer = 由你
by-partner = 由应用
by-bank = 由本行
by-house = 由本行系统

state = 状态
who = 授权给
purpose = 用途
keeps = 应用最多可以把数据保存 { $days } 天。
given = 授权时间
until-label = 有效期至
withdraw = 撤回
data = 可以查看的信息
accounts = 账户
unnamed = 本行暂时不能显示名称的账户 { $count } 个
values = 仅限以下内容
accesses = 使用记录
this-month = 本月使用 { $count } 次。
answer-given = 已提供
answer-refused = 已拒绝
joint = 、
receipt = 下载你作决定时看到的页面

what-stops = 停止的内容
stops-at-once = 从你撤回时起，{ $app }不能再按这次授权从本行取得新的数据。
what-stays = 不变的内容
stays-lawful = { $app }此前取得的数据仍然合法。你在本行的账户和服务不受影响。
ask-app = 已取得的数据如何处理，请询问{ $app }：
withdraw-now = 确认撤回
keep = 保留授权
not-in-force = 这次授权已不再有效。

logged-in-as = 当前登录
log-out = 退出登录
