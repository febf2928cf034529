# 客户查看和撤回授权的页面，中文。第二人称，短句，不出现权限代号；同一事物用同一个词。`$app` 是应用的名称。

heading-list = 我的授权
heading-history = 你的全部决定
heading-one = 你授权{ $app }的内容
heading-ended = 对{ $app }的授权后来如何
heading-withdraw = 撤回对{ $app }的授权

what-this-is = 你在本行授权给应用的内容。你可以随时撤回。
search-by-app = 应用名称
search = 搜索
nothing-here = 这里没有内容。
page-of = 第 { $page } 页，共 { $pages } 页
latest = 回到最新记录
previous = 上一页
next = 下一页
to-history = 你的全部决定
back-to-list = 返回我的授权
changed = 最近变更：{ $moment }
permission-until = 有效期至：{ $moment }
last-used = 最近使用：{ $moment }

group-active = 有效
group-paused = 已暂停
group-waiting = 等待你决定
group-ended = 已结束
group-history = 从新到旧

state-requested = 等待你决定
state-reviewing = 等待你决定
state-confirming = 等待你的验证码
state-authorised = 有效
state-paused = 已暂停：应用须再次征得你的同意
state-refused = 已拒绝
state-lapsed = 未按时决定
state-expired = 已到期
state-withdrawn = 已撤回
state-superseded = 已由新的授权替代

by-customer = 由你
by-partner = 由应用
by-bank = 由本行
by-house = 由本行系统

by-on = { $by }，{ $on }
on-page = 在本行页面
on-api = 通过应用之间的连接
on-control = 通过本行员工
on-clock = 到时自动

decisions = 作出的决定
decided-authorise = 授权
decided-renew = 续期
decided-refuse = 拒绝
decided-lock = 验证码多次错误，已停止
decided-lapse = 未按时决定
decided-expire = 到期结束
decided-withdraw = 撤回
decided-supersede = 由新的授权替代

remind-given = 你在 { $days } 天前作出这次授权。还需要吗？
remind-confirmed = 你在 { $days } 天前表示需要这次授权。还需要吗？

state = 状态
reason = 给出的原因：{ $reason }
paused-since = 自{ $moment }起，应用得不到任何数据，直到它再次征得你的同意。
who = 授权给
number = 应用方编号
permission-purpose = 用途
permission-keeps = 应用最多可以把数据保存 { $days } 天。
given = 授权时间
until-label = 有效期至
data-days = 数据的日期
permission-days-between = { $from }至{ $until }
permission-days-from = { $from }起
permission-days-until = 截至{ $until }
while-away = 你不在场时
per-day = { $count ->
        [0] 不可获取
       *[other] 每个账户的每类数据每天最多 { $count } 次
    }
replaces = 替代了
earlier = 之前的授权
replaced-by = 被替代为
newer = 新的授权
permission-withdraw = 撤回
data = 可以查看的信息
accounts = 账户
unnamed = 本行暂时不能显示名称的账户 { $count } 个
values = 仅限以下内容
accesses = 使用记录
this-month = 本月使用 { $count } 次。
answer-given = 已提供
answer-refused = 已拒绝
answer-unanswered = 本行未答复
answer-unknown = 不明：应用中断了请求
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

permission-logged-in-as = 当前登录
log-out = 退出登录
