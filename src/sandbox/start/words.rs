//! What the start page says, in both languages.

use serde::Serialize;

use web::Language;

#[derive(Debug, Serialize)]
pub(super) struct Words {
    title: &'static str,
    lead: &'static str,
    other_language: &'static str,
    road: &'static str,
    road_title: &'static str,
    road_desc: &'static str,
    apis: &'static str,
    issuer: &'static str,
    apps: &'static str,
    apps_hint: &'static str,
    no_apps: &'static str,
    open_app: &'static str,
    codes: &'static str,
    codes_hint: &'static str,
    no_codes: &'static str,
    look_again: &'static str,
    for_whom: &'static str,
    good_until: &'static str,
    people: &'static str,
    people_hint: &'static str,
    user_name: &'static str,
    password: &'static str,
    holds: &'static str,
    holds_none: &'static str,
    commands: &'static str,
    commands_hint: &'static str,
    expects: &'static str,
    /// Between what something is called and what it is.
    colon: &'static str,
    home: &'static str,
    pub(super) no_page: &'static str,
    pub(super) other_address: &'static str,
    pub(super) unreadable: &'static str,
}

const EN: Words = Words {
    title: "The sandbox is open",
    lead: "A gateway, a model bank and two partner apps, on this machine alone. All people and \
           money are made up; the checks are those of production.",
    other_language: "中文",
    road: "The road of a call",
    road_title: "The road from the partner to the bank and back",
    road_desc: "Boxes in two rows, from left to right: the partner, eight stages of the gateway, \
                the bank, the filter of its answer, the partner. Dotted lines lead down from the \
                stages to the codes that each may refuse with.",
    apis: "APIs",
    issuer: "Issuer",
    apps: "Demo apps",
    apps_hint: "Partners of the bank, as a customer sees them. Each shows the calls that it makes.",
    no_apps: "No demo app is open: the terminal says why.",
    open_app: "Open ",
    codes: "One-time codes",
    codes_hint: "What the bank sent to its customers' phones, the newest first.",
    no_codes: "No code is on its way. One comes when the bank asks somebody to confirm.",
    look_again: "Look again",
    for_whom: "For",
    good_until: "Good until",
    people: "People",
    people_hint: "Log in at the bank as any of them. They all have one password.",
    user_name: "User name",
    password: "Password",
    holds: "Holds",
    holds_none: "nothing",
    commands: "Commands",
    commands_hint: "Each can be pasted alone into a shell. A click on a command selects all of it.",
    expects: "You see",
    colon: ": ",
    home: "To the start page",
    no_page: "There is no such page",
    other_address: "The start page has another address",
    unreadable: "This request cannot be read",
};

const ZH: Words = Words {
    title: "沙箱已开启",
    lead: "网关、模拟银行和两个合作方应用，全部只在本机运行。人物和金额均为虚构，检查与生产环境相同。",
    other_language: "English",
    road: "一次调用的路程",
    road_title: "从合作方到银行再返回的路程",
    road_desc: "两行方框，从左到右：合作方、网关的八道关、银行、对答复的过滤、合作方。\
               虚线从各关向下，指向可能的拒绝代码。",
    apis: "接口",
    issuer: "授权服务器",
    apps: "演示应用",
    apps_hint: "银行的合作方，即客户看到的样子。每个应用都会列出自己发出的调用。",
    no_apps: "没有开启演示应用，原因见终端。",
    open_app: "打开",
    codes: "一次性验证码",
    codes_hint: "银行发到客户手机上的验证码，最新的在前。",
    no_codes: "暂无验证码。银行请客户确认时才会发送。",
    look_again: "再看一次",
    for_whom: "客户",
    good_until: "有效至",
    people: "人物",
    people_hint: "可用其中任何一人的身份登录银行，密码都相同。",
    user_name: "用户名",
    password: "密码",
    holds: "持有",
    holds_none: "无",
    commands: "命令",
    commands_hint: "每条命令都可单独粘贴到终端。点击即可选中整条命令。",
    expects: "结果",
    colon: "：",
    home: "前往首页",
    no_page: "没有这个页面",
    other_address: "首页的地址不同",
    unreadable: "无法处理此请求",
};

impl Words {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &ZH,
            Language::En => &EN,
        }
    }
}
