//! What the demo apps say, in both languages.

use serde::Serialize;

use http::StatusCode;
use web::Language;

use super::visits::Notice;

/// The texts of both apps' pages.
#[derive(Debug, Serialize)]
pub(super) struct Words {
    pub(super) other_language: &'static str,
    pub(super) to_start: &'static str,
    pub(super) connect: &'static str,
    pub(super) connect_again: &'static str,
    pub(super) at_the_bank: &'static str,
    pub(super) connected: &'static str,
    pub(super) disconnect: &'static str,
    pub(super) again: &'static str,
    pub(super) accounts: &'static str,
    pub(super) no_accounts: &'static str,
    pub(super) account: &'static str,
    pub(super) available: &'static str,
    pub(super) booked: &'static str,
    pub(super) movements: &'static str,
    pub(super) no_movements: &'static str,
    pub(super) no_permission: &'static str,
    pub(super) happened: &'static str,
    pub(super) happened_hint: &'static str,
    pub(super) nothing_happened: &'static str,
    pub(super) when: &'static str,
    pub(super) call: &'static str,
    pub(super) status: &'static str,
    pub(super) request_id: &'static str,
    pub(super) took: &'static str,
    pub(super) no_answer: &'static str,
    pub(super) onward: &'static str,
    pub(super) onward_link: &'static str,
    pub(super) code: &'static str,
    pub(super) home: &'static str,
    pub(super) made_up: &'static str,
}

const EN: Words = Words {
    other_language: "中文",
    to_start: "The sandbox",
    connect: "Connect my bank account",
    connect_again: "Connect again",
    at_the_bank: "You go to Harbour Bank, log in there and decide there. We never see your \
                  password.",
    connected: "Connected with Harbour Bank",
    disconnect: "Disconnect",
    again: "Look again",
    accounts: "Your accounts at Harbour Bank",
    no_accounts: "You have shared no account.",
    account: "Account",
    available: "Available",
    booked: "Booked",
    movements: "Latest payments",
    no_movements: "No payments yet.",
    no_permission: "You have not shared your payments.",
    happened: "What just happened",
    happened_hint: "The calls that our server made to the bank for you, the newest first.",
    nothing_happened: "No calls yet.",
    when: "Time (UTC)",
    call: "Call",
    status: "Status",
    request_id: "Request id",
    took: "Took",
    no_answer: "no answer",
    onward: "You are on your way to Harbour Bank.",
    onward_link: "Go to Harbour Bank",
    code: "Code",
    home: "Back to the first page",
    made_up: "A demo app of the sandbox: its goods and trips are made up, its calls are real.",
};

const ZH: Words = Words {
    other_language: "English",
    to_start: "沙箱首页",
    connect: "连接我的银行账户",
    connect_again: "重新连接",
    at_the_bank: "你将前往港湾银行登录，并在那里作出决定。我们不会看到你的密码。",
    connected: "已连接港湾银行",
    disconnect: "断开连接",
    again: "再看一次",
    accounts: "你在港湾银行的账户",
    no_accounts: "你没有共享任何账户。",
    account: "账户",
    available: "可用余额",
    booked: "账面余额",
    movements: "最近收支",
    no_movements: "暂无收支。",
    no_permission: "你没有共享收支明细。",
    happened: "刚才发生了什么",
    happened_hint: "我们的服务器为你向银行发出的调用，最新的在前。",
    nothing_happened: "还没有调用。",
    when: "时间（UTC）",
    call: "调用",
    status: "状态",
    request_id: "请求编号",
    took: "用时",
    no_answer: "无应答",
    onward: "正在前往港湾银行。",
    onward_link: "前往港湾银行",
    code: "代码",
    home: "返回首页",
    made_up: "这是沙箱的演示应用：商品与行程均为虚构，银行给出的数据是真实调用所得。",
};

impl Words {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &ZH,
            Language::En => &EN,
        }
    }
}

/// A notice in words: its heading and what it means.
pub(super) const fn notice(notice: &Notice, language: Language) -> (&'static str, &'static str) {
    match (notice, language) {
        (Notice::Ended { .. }, Language::En) => (
            "Your permission at Harbour Bank has ended",
            "We can no longer see your accounts. What we showed before is gone from this page.",
        ),
        (Notice::Ended { .. }, Language::ZhCn) => (
            "你在港湾银行的授权已结束",
            "我们已无法查看你的账户，之前显示的内容也不再保留。",
        ),
        (Notice::Declined { .. }, Language::En) => (
            "Nothing was shared",
            "You did not give us permission, or the bank could not. You can go on without it.",
        ),
        (Notice::Declined { .. }, Language::ZhCn) => (
            "没有共享任何数据",
            "你没有授权，或银行无法授权。不授权也可以继续使用。",
        ),
        (Notice::Wrong { .. }, Language::En) => (
            "Harbour Bank did not do what we asked",
            "Please try again. The code below tells our engineers why.",
        ),
        (Notice::Wrong { .. }, Language::ZhCn) => (
            "港湾银行没有完成我们的请求",
            "请再试一次。下面的代码可供技术人员查找原因。",
        ),
        (Notice::Disconnected, Language::En) => (
            "Disconnected",
            "We gave your permission back to Harbour Bank and forgot what it opened.",
        ),
        (Notice::Disconnected, Language::ZhCn) => {
            ("已断开连接", "我们已把授权交还港湾银行，并删除了相关凭据。")
        }
        (Notice::NotRevoked { .. }, Language::En) => (
            "Disconnected here, but the bank could not be told",
            "We forgot your permission. To be sure, end it at Harbour Bank as well.",
        ),
        (Notice::NotRevoked { .. }, Language::ZhCn) => (
            "已在此断开，但未能通知银行",
            "我们已删除授权凭据。为确保无误，请在港湾银行同样结束授权。",
        ),
    }
}

/// What is wrong with a request, and what to do.
pub(super) fn wrong(status: StatusCode, language: Language) -> (&'static str, &'static str) {
    match (status, language) {
        (StatusCode::NOT_FOUND, Language::En) => ("There is no such page", "The first page is."),
        (StatusCode::NOT_FOUND, Language::ZhCn) => ("没有这个页面", "请返回首页。"),
        (StatusCode::MISDIRECTED_REQUEST, Language::En) => (
            "This page has another address",
            "It is answered at its own address alone, so that no other site can speak in its name.",
        ),
        (StatusCode::MISDIRECTED_REQUEST, Language::ZhCn) => (
            "此页面的地址不同",
            "它只在自己的地址上应答，以免其他网站冒用。",
        ),
        (StatusCode::FORBIDDEN | StatusCode::GONE, Language::En) => (
            "This page was open for too long",
            "Your visit has ended, or the button is not from this visit. Please begin again.",
        ),
        (StatusCode::FORBIDDEN | StatusCode::GONE, Language::ZhCn) => (
            "页面已失效",
            "本次访问已结束，或按钮不属于本次访问。请重新开始。",
        ),
        (StatusCode::BAD_REQUEST, Language::En) => (
            "We did not send you there",
            "Who comes back from the bank must have been sent by us, in this browser, a moment \
             ago. Nothing was connected.",
        ),
        (StatusCode::BAD_REQUEST, Language::ZhCn) => (
            "这不是我们发起的请求",
            "从银行返回的人必须刚刚由我们在此浏览器中送出。没有连接任何账户。",
        ),
        (_, Language::En) => ("We cannot read this request", "Please begin again."),
        (_, Language::ZhCn) => ("无法处理此请求", "请重新开始。"),
    }
}
