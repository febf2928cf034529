//! What the inspector's pages say, in both languages.

use serde::Serialize;

use model::Decision;
use model::ports::Stage;
use web::Language;

#[derive(Debug, Serialize)]
pub(super) struct Words {
    title: &'static str,
    lead: &'static str,
    kept: &'static str,
    found: &'static str,
    none: &'static str,
    any: &'static str,
    pub(super) status: &'static str,
    pub(super) no_status: &'static str,
    pub(super) partner: &'static str,
    pub(super) product: &'static str,
    pub(super) stopped_at: &'static str,
    id: &'static str,
    show: &'static str,
    all: &'static str,
    live: &'static str,
    still: &'static str,
    newer: &'static str,
    older: &'static str,
    to_list: &'static str,
    pub(super) nothing: &'static str,
    pub(super) request: &'static str,
    pub(super) interaction: &'static str,
    pub(super) when: &'static str,
    pub(super) bank: &'static str,
    pub(super) operation: &'static str,
    pub(super) client: &'static str,
    pub(super) took: &'static str,
    pub(super) of_it_bank: &'static str,
    stages: &'static str,
    pub(super) passed: &'static str,
    refused: &'static str,
    failed: &'static str,
    pub(super) left: &'static str,
    pub(super) not_reached: &'static str,
    pub(super) not_told: &'static str,
    why: &'static str,
    code: &'static str,
    means: &'static str,
    expected: &'static str,
    remedy: &'static str,
    of_oauth: &'static str,
    colon: &'static str,
}

const EN: Words = Words {
    title: "Calls",
    lead: "What the gateway and its issuer decided, the newest first. Bodies, tokens, queries and \
           account numbers are never kept.",
    kept: "Calls that are kept, at most",
    found: "Calls that fit",
    none: "No call fits.",
    any: "any",
    status: "Status",
    no_status: "no answer",
    partner: "Partner",
    product: "Product",
    stopped_at: "Stopped at",
    id: "Request id or interaction id",
    show: "Show",
    all: "Show all",
    live: "Look again every 5 seconds",
    still: "Stop looking again",
    newer: "Newer",
    older: "Older",
    to_list: "All calls",
    nothing: "no operation",
    request: "Request id",
    interaction: "Interaction id",
    when: "Came at",
    bank: "Bank",
    operation: "Operation",
    client: "Client",
    took: "Took",
    of_it_bank: "Of it the bank",
    stages: "Stages",
    passed: "passed",
    refused: "refused",
    failed: "failed",
    left: "the client went away",
    not_reached: "not reached",
    not_told: "refused, but the record failed",
    why: "Why",
    code: "Code",
    means: "What it means",
    expected: "What would be right",
    remedy: "What to do",
    of_oauth: "An OAuth error. The answer's error_description says what would be right; it may \
               repeat what was sent, so it is not kept here.",
    colon: ": ",
};

const ZH: Words = Words {
    title: "调用记录",
    lead: "网关与授权服务器作出的决定，最新的在前。从不保留正文、令牌、查询参数和账号。",
    kept: "最多保留的调用",
    found: "符合条件的调用",
    none: "没有符合条件的调用。",
    any: "不限",
    status: "状态",
    no_status: "无应答",
    partner: "合作方",
    product: "产品",
    stopped_at: "止于",
    id: "请求编号或交互编号",
    show: "查看",
    all: "查看全部",
    live: "每 5 秒刷新",
    still: "停止刷新",
    newer: "较新",
    older: "较早",
    to_list: "全部调用",
    nothing: "没有对应的操作",
    request: "请求编号",
    interaction: "交互编号",
    when: "收到时间",
    bank: "银行",
    operation: "操作",
    client: "客户端",
    took: "用时",
    of_it_bank: "其中银行用时",
    stages: "各关",
    passed: "通过",
    refused: "已拒绝",
    failed: "失败",
    left: "客户端已离开",
    not_reached: "未到达",
    not_told: "已拒绝，但存证失败",
    why: "原因",
    code: "代码",
    means: "含义",
    expected: "正确的做法",
    remedy: "如何处理",
    of_oauth: "OAuth 错误。应答中的 error_description 说明了正确的做法；其中可能重复发来的内容，\
               因此不在此保留。",
    colon: "：",
};

impl Words {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &ZH,
            Language::En => &EN,
        }
    }

    /// How a call was decided, in a word.
    pub(super) const fn decision(&self, decision: Decision) -> &'static str {
        match decision {
            Decision::Allowed => self.passed,
            Decision::Refused => self.refused,
            Decision::Failed => self.failed,
            Decision::Aborted => self.left,
        }
    }
}

/// What a stage is called.
pub(super) const fn stage(stage: Stage, language: Language) -> &'static str {
    match (language, stage) {
        (Language::En, _) => stage.as_str(),
        (Language::ZhCn, Stage::Edge) => "边缘",
        (Language::ZhCn, Stage::Route) => "路由",
        (Language::ZhCn, Stage::Gate) => "入口",
        (Language::ZhCn, Stage::Identify) => "身份",
        (Language::ZhCn, Stage::Limit) => "限额",
        (Language::ZhCn, Stage::Authorize) => "权限",
        (Language::ZhCn, Stage::Consent) => "同意",
        (Language::ZhCn, Stage::Evidence) => "存证",
        (Language::ZhCn, Stage::Forward) => "转发",
        (Language::ZhCn, Stage::Filter) => "过滤",
        (Language::ZhCn, Stage::Client) => "客户端",
        (Language::ZhCn, Stage::Answer) => "应答",
        (Language::ZhCn, Stage::Outcome) => "记录",
    }
}
