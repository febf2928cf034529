# 登录、同意和返回页面的中文文字。用“你”，用短句，不出现权限代号，同一事物只用一个词。
# `$app` 是应用的名称，`$bank` 是银行的名称。

user-name = 用户名
password = 密码
log-in = 登录
cancel = 取消
# 名称与内容之间。
colon = ：
approve-until = 有效期至
approve-asked-for = 请求的内容
who-you-are = 你是谁
customer = 当前登录
error-code = 错误代码
for-the-app = 给应用开发者的说明
nothing-shared = 没有共享任何信息。
nothing-decided = 你还没有作出决定。
onward = 正在转到登录页面。如果没有自动跳转，请点下面的按钮。
log-in-to = 登录{ $bank }，继续使用{ $app }
log-in-own = 登录{ $bank }，查看你的授权
own-pages-only = 请只在本行的页面输入密码。
never-needs = { $app }从不需要你的银行密码。请只在本行的页面输入密码。
wrong-credentials = 用户名或密码不正确。还可以再试 { $left } 次。
locked-until = 尝试次数过多。请在{ $moment }之后再试。
wants-to = { $app }想{ $act }
asks = { $app }请求你的同意
own-number = 一个只有{ $app }用来认出你的编号，不含你的姓名和账户。
approve-if-refused = 如果拒绝，本行不会向{ $app }提供任何信息。

# 访问如何结束。
ended-allowed = 你已同意{ $app }的请求
ended-taken-back = { $app }已收回它的请求
ended-refused = 你已拒绝{ $app }的请求
ended-stopped = 你已全部停止给{ $app }的授权
ended-cancelled = 你已取消{ $app }的请求
ended-timed-out = { $app }的请求已超时
ended-locked = 尝试次数过多，{ $app }的请求已停止
ended-failed = { $app }的请求未能完成

allowed-only = { $app }只能得到你刚才同意的内容。
returning = 正在返回{ $app }。如果没有自动返回，请点下面的按钮。
return-to = 返回{ $app }
withdraw-where = 你可以随时在本行的“我的授权”中撤回。
to-permission = 查看这次授权
to-receipt = 查看授权凭证

# 为什么不能返回应用：发生了什么，该怎么办。
no-such-request = 这个请求已失效
no-such-request-remedy = 它可能已经用过，或者等待太久。请回到应用，重新开始。
bad-request = 应用发来的请求有误
bad-request-remedy = 你没有做错什么。请回到应用；如果再次出现，请告诉应用的客服。
unknown-app = 本行不认识这个应用
unknown-app-remedy = 请不要继续。如果你信任这个应用，请告诉它的客服。
foreign-form = 无法确认这个页面是给你的
foreign-form-remedy = 页面可能打开太久，或者浏览器没有保存本站的 Cookie。请回到应用，重新开始。
too-many-tries = 你所在的网络登录失败次数过多
too-many-tries-remedy = 失败的登录也许不是你的。请等一分钟，或者换一个网络，再回到应用，重新开始。
unavailable = 本行暂时无法处理这个请求
unavailable-remedy = 请过几分钟回到应用，重新开始。
not-logged-in = 你尚未登录
not-logged-in-remedy = 本行的登录页面没有确认你的身份。请打开“我的授权”重试。
no-such-permission = 没有这项授权
no-such-permission-remedy = 请回到“我的授权”，查看你授权给应用的内容。
broken = 本行未能处理这个请求
broken-remedy = 请回到应用，重新开始；如果再次出现，请把下面的编号告诉本行客服。
