# 客户决定授权的页面，中文。第二人称，短句，不出现权限代号；同一事物用同一个词。`$app` 是应用的名称。

heading-data = { $app }想查看你在本行的信息
heading-plain = { $app }请求你的许可
heading-accounts = 选择{ $app }可以查看的账户
heading-values = 核对{ $app }请求的内容
heading-confirm = 为{ $app }的请求确认是你本人
heading-renewal = { $app }请求延续你给的授权
heading-amendment = { $app }请求更改你给的授权

purpose = 用途
keeps = 应用最多可以把数据保存 { $days } 天。
days = 数据的日期
days-from = 自 { $from } 起
days-until = 至 { $until } 为止
days-both = { $from } 至 { $until }
how-often = 你不在场时
away = { $count ->
        [0] 不查询。
       *[other] 每个账户的每类数据每天最多查询 { $count } 次。
    }
until = 有效期至
asked-for = 请求的内容
choose-accounts = 选择账户
choose-first = 请先选择账户。下一页会列出应用请求的全部内容，在那里允许之前不会提供任何信息。
go-on = 继续
chosen-accounts = 你选择的账户
withdraw = 如果你改变主意
how-to-withdraw = 你可以随时在本行的“我的授权”中撤回。撤回后，{ $app }不能再取得新的数据。
if-refused = 如果你拒绝
stays-as-it-is = 你已给的授权保持不变，到{ $moment }为止。
nothing-given = 本行不会向{ $app }提供任何信息。你在本行的账户和服务不受影响。

stop = 如果你都不再需要
stop-why = 这会立即撤回你之前给{ $app }的授权，并拒绝本页的请求。{ $app }不能再凭原授权取得新的数据；已经取得的数据，本行不能收回。
stop-all = 全部停止

renewal-why = 除期限外，其他内容不变。请确认你仍然愿意让{ $app }取得这些信息。
until-now = 目前的到期时间
from-now-on = 允许后的到期时间
as-before = 授权的内容，与之前相同

changes = 有什么变化
changes-why = 你已经给过{ $app }一份授权。在你允许新的授权之前，原授权继续有效。
changes-before = 目前的内容
change-stays = 与之前相同
change-new = 新增：之前没有授权
change-ends = 不再提供：之前有授权
change-until = { $after }（目前为 { $before }）
note-as-before = 与之前相同
note-sensitive = 敏感信息
more = 新增的内容
more-why = 你之前没有授权这些信息。只有你勾选后才会提供。
more-agree = 我同意{ $app }还可以取得本框所列的信息。
chosen-before = 已按你之前的选择选好。如果需要，可以更改。

not-password = 不提供你的银行密码，{ $app }也不能动用你的钱。
not-data = 不向{ $app }提供你的账户和其中的信息。
bound-to = { $app }只能按这些内容使用这次授权。

logged-in-as = 当前登录
decide-until = 请在{ $moment }前作出决定。
more-time = 延长 15 分钟

code = 你收到的验证码
confirm-here = 确认是你本人
code-sent = 本行已向 { $to } 发送验证码。验证码在{ $moment }前有效。
code-over = 验证码已失效。请重新获取。
tries-left = 还可以尝试 { $left } 次。
resend = 重新发送验证码
never-tell = 只在本页面输入验证码。{ $app }不会向你索要验证码。

wrong-separate = 如果你同意提供这些信息，请勾选单独同意；否则请选择拒绝。
wrong-no-account = 请选择账户。
wrong-many-accounts = 最多选择 50 个账户。
wrong-account-gone = 你选择的账户中有的已不能提供。请重新选择。
wrong-account-left = 你选择的账户中有的已不能提供，不再包含在内。
wrong-no-code = 请输入你收到的验证码。
wrong-code = 验证码不正确。还可以尝试 { $left } 次。
wrong-code-over = 验证码已失效。请重新获取。

account-joint = 你与他人共有这个账户。
account-frozen = 这个账户目前被冻结。
account-closed = 这个账户已经销户。
account-kind = 这类账户不向任何应用提供。

# 验证码确认的内容，一行。
line-accounts = { $count ->
        [1] 尾号 { $masked } 的账户
       *[other] 尾号 { $masked } 等 { $count } 个账户
    }
line-until = 至{ $until }
line-joint = ；
