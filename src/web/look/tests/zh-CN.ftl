asked-for = 请求的内容
which-accounts = 选择哪些账户？
from-the-bank = 以下数值来自本行，不是应用填写的。
go-on = 继续
stop = 停止
withdrawn = 迅行出行不会再得到任何信息。
accesses = 读取记录
