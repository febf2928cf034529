//! 中文。

use super::Words;
use crate::page::{Cause, Ending};

pub(super) static WORDS: Words = Words {
    other_language: "English",
    reference: "编号",
    attention: "请注意：",
    user_name: "用户名",
    password: "密码",
    log_in: "登录",
    cancel: "取消",
    who_asks: "请求方",
    checked: "已由本行核验",
    contact: "联系方式",
    colon: "：",
    until: "有效期至",
    asked_for: "请求的内容",
    who_you_are: "你是谁",
    customer: "当前登录",
    allow: "同意",
    refuse: "拒绝",
    error_code: "错误代码",
    for_the_app: "给应用开发者的说明",
    nothing_shared: "没有共享任何信息。",
    nothing_decided: "你还没有作出决定。",
    onward: "正在转到登录页面。如果没有自动跳转，请点下面的按钮。",
    moment: "%Y年%-m月%-d日 %H:%M（北京时间）",
    wrong: |heading| format!("出错：{heading}"),
    log_in_to: |bank, app| format!("登录{bank}，继续使用{app}"),
    never_needs: |app| format!("{app}从不需要你的银行密码。请只在本行的页面输入密码。"),
    wrong_credentials: |left| format!("用户名或密码不正确。还可以再试 {left} 次。"),
    locked_until: |moment| format!("尝试次数过多。请在 {moment} 之后再试。"),
    own_number: |app| format!("一个只有{app}用来认出你的编号，不含你的姓名和账户。"),
    wants_to: |app, act| format!("{app}想{act}"),
    asks: |app| format!("{app}请求你的同意"),
    if_refused: |app| format!("如果拒绝，本行不会向{app}提供任何信息。"),
    ended: |ending, app| match ending {
        Ending::Allowed => format!("你已同意{app}的请求"),
        Ending::Refused => format!("你已拒绝{app}的请求"),
        Ending::Cancelled => format!("你已取消{app}的请求"),
        Ending::TimedOut => format!("{app}的请求已超时"),
        Ending::Locked => format!("登录尝试次数过多，{app}的请求已停止"),
        Ending::Failed => format!("{app}的请求未能完成"),
    },
    allowed_only: |app| format!("{app}只能得到你刚才同意的内容。"),
    returning: |app| format!("正在返回{app}。如果没有自动返回，请点下面的按钮。"),
    return_to: |app| format!("返回{app}"),
    happened: |cause| match cause {
        Cause::NoSuchRequest => "这个请求已失效",
        Cause::BadRequest => "应用发来的请求有误",
        Cause::UnknownApp => "本行不认识这个应用",
        Cause::ForeignForm => "无法确认这个页面是给你的",
        Cause::TooManyTries => "你所在的网络登录失败次数过多",
        Cause::Unavailable => "本行暂时无法处理这个请求",
        Cause::Broken => "本行未能处理这个请求",
    },
    remedy: |cause| match cause {
        Cause::NoSuchRequest => "它可能已经用过，或者等待太久。请回到应用，重新开始。",
        Cause::BadRequest => "你没有做错什么。请回到应用；如果再次出现，请告诉应用的客服。",
        Cause::UnknownApp => "请不要继续。如果你信任这个应用，请告诉它的客服。",
        Cause::ForeignForm => {
            "页面可能打开太久，或者浏览器没有保存本站的 Cookie。请回到应用，重新开始。"
        }
        Cause::TooManyTries => {
            "失败的登录也许不是你的。请等一分钟，或者换一个网络，再回到应用，重新开始。"
        }
        Cause::Unavailable => "请过几分钟回到应用，重新开始。",
        Cause::Broken => "请回到应用，重新开始；如果再次出现，请把下面的编号告诉本行客服。",
    },
};
