//! A bank's own pages: names, colours, and what its folder holds.

use super::{Case, LONG, edit};
use crate::fixture::{CONSENTING, MINIMAL};

/// Where the section stands.
const BEFORE: &str = "    consent:\n";
const FOLDER: &[(&str, &str)] = &[(BEFORE, "    pages: { folder: pages/own }\n    consent:\n")];

/// A folder with these files.
const fn folder(
    name: &'static str,
    files: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case {
        files,
        text: CONSENTING,
        ..edit(name, FOLDER)
    }
}

/// A configuration in which customers consent, edited.
const fn asked(name: &'static str, edits: &'static [(&'static str, &'static str)]) -> Case {
    Case {
        text: CONSENTING,
        ..edit(name, edits)
    }
}

const DONE: &str = "pages/own/done.html";
const VALUES: &str = "pages/own/consent-values.html";
const CHINESE: &str = "pages/own/texts.zh-CN.ftl";
const ENGLISH: &str = "pages/own/texts.en.ftl";

pub(super) const CASES: &[Case] = &[
    folder(
        "pages-unknown",
        &[("pages/own/consent-revieww.html", "", "<p>")],
    ),
    folder("pages-parts", &[("pages/own/macros.html", "", "<p>")]),
    folder(
        "pages-lost-what-programs-rely-on",
        &[(
            DONE,
            "",
            "{% extends \"frame.html\" %}\n{% block main %}\n<p>{{ t(\"nothing-shared\") }}</p>\n\
             {% endblock %}\n",
        )],
    ),
    folder(
        "pages-with-a-script",
        &[(
            "pages/own/error.html",
            "",
            "{% extends \"frame.html\" %}\n{% block main %}\n<p>{{ page.remedy }}</p>\n\
             <code id=\"error\">{{ page.code }}</code>\n{{ page.description or \"\" }}\n\
             <script>x()</script>\n{% endblock %}\n",
        )],
    ),
    folder(
        "pages-with-a-small-refusal",
        &[(
            VALUES,
            "",
            "{% extends \"frame.html\" %}
{% from \"consent-parts.html\" import chosen, hidden, problems, tables %}
{% block main %}
{{ problems(page.common) }}
<form id=\"approve-form\" method=\"post\" action=\"{{ page.common.form.action }}\">
{{ hidden(page.common.form) }}
{{ tables(page.tables) }}
{{ chosen(page.accounts) }}
<p>{{ page.common.until }} {{ page.common.customer }}</p>
<div class=\"bar\"><button id=\"allow\" name=\"act\" value=\"allow\">{{ t(\"look-allow\") }}</button></div>
<p><small><button id=\"refuse\" name=\"act\" value=\"refuse\">{{ t(\"look-refuse\") }}</button></small></p>
</form>
{% endblock %}
",
        )],
    ),
    folder(
        "pages-not-read",
        &[(
            DONE,
            "",
            "{% extends \"frame.html\" %}\n{% block main %}\n{% if %}\n{% endblock %}\n",
        )],
    ),
    folder(
        "pages-ask-for-what-there-is-not",
        &[(
            DONE,
            "",
            "{% extends \"frame.html\" %}\n{% block main %}\n{{ page.nothing }}\n{% endblock %}\n",
        )],
    ),
    Case {
        files: &[(DONE, "", LONG)],
        ..folder("pages-too-long", &[])
    },
    folder(
        "pages-texts-amiss",
        &[
            (
                CHINESE,
                "",
                "returning = 正在返回\nretuning = 返回\nlook-allow = 同意分享\n",
            ),
            (ENGLISH, "", "returning = Going to { $app }\nretuning = Back\n"),
        ],
    ),
    folder("pages-texts-in-one-language", &[(ENGLISH, "", "search = Find\n")]),
    asked(
        "pages-folder-missing",
        &[(BEFORE, "    pages: { folder: pages/harbuor }\n    consent:\n")],
    ),
    asked(
        "pages-colours-amiss",
        &[(
            BEFORE,
            "    pages:\n      colours:\n        light: { brand: \"#CCDDEE\", shine: \"#FFFFFF\" }\n        \
                     dark: { line: red }\n    consent:\n",
        )],
    ),
    asked(
        "pages-name-in-one-language",
        &[(BEFORE, "    pages: { name: { en: Harbour Bank } }\n    consent:\n")],
    ),
    Case {
        text: MINIMAL,
        ..edit(
            "pages-of-nobody",
            &[(
                "    partner_ca:\n",
                "    pages: { name: { zh-CN: 海港银行, en: Harbour Bank } }\n    partner_ca:\n",
            )],
        )
    },
];
