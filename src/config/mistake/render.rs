//! Mistakes as a compiler prints them (look: what, where with the line and a caret, why, what
//! would be right).

use std::borrow::Cow;

use annotate_snippets::{
    AnnotationKind, Element, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use crate::mistake::{Mistake, Mistakes, Related};
use crate::source::Excerpt;

/// All mistakes, an empty line between two, the count last.
pub(crate) fn render(mistakes: &Mistakes, coloured: bool, width: usize) -> String {
    let renderer = if coloured {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .term_width(width.clamp(40, 1_000));
    let mut text = String::new();
    for mistake in mistakes.iter() {
        text.push_str(&one(&renderer, mistake));
        text.push_str("\n\n");
    }
    text.push_str(&counted(mistakes.count(), "mistake"));
    if mistakes.files() > 1 {
        text.push_str(" in ");
        text.push_str(&counted(mistakes.files(), "file"));
    }
    if mistakes.left_out() > 0 {
        text.push_str(", the first ");
        text.push_str(&mistakes.iter().count().to_string());
        text.push_str(" shown");
    }
    text.push('\n');
    text
}

/// "1 file", "2 files".
fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

fn one(renderer: &Renderer, mistake: &Mistake) -> String {
    let what = clean(&mistake.what);
    let group = Level::ERROR.primary_title(what);
    let mut group = if mistake.is_unreadable {
        group.element(Origin::path(mistake.file.as_str()))
    } else {
        group.element(shown(
            &mistake.file,
            mistake.line,
            mistake.column,
            mistake.excerpt.as_ref(),
            None,
        ))
    };
    for related in &mistake.related {
        let Related {
            file, line, column, ..
        } = related;
        let what = clean(&related.what);
        group = group.element(shown(
            file,
            *line,
            *column,
            related.excerpt.as_ref(),
            Some(what),
        ));
    }
    if let Some(help) = &mistake.help {
        group = group.element(Level::HELP.message(clean(help)));
    }
    renderer.render(&[group])
}

fn shown<'a>(
    file: &'a str,
    line: usize,
    column: usize,
    excerpt: Option<&'a Excerpt>,
    label: Option<String>,
) -> Element<'a> {
    match excerpt {
        Some(excerpt) => {
            let kind = if label.is_some() {
                AnnotationKind::Context
            } else {
                AnnotationKind::Primary
            };
            Snippet::source(Cow::Borrowed(excerpt.line.as_str()))
                .path(file)
                .line_start(line)
                .annotation(kind.span(excerpt.marked.clone()).label(label))
                .into()
        }
        None => Origin::path(file).line(line).char_column(column).into(),
    }
}

/// Control characters made visible: a file must not steer the terminal that shows its mistakes.
fn clean(text: &str) -> String {
    normalize_untrusted_str(text)
}

#[cfg(test)]
mod tests {
    use crate::mistake::{Code, Collector};
    use crate::source::Span;

    #[test]
    fn a_mistake_shows_its_line_with_a_caret_and_where_the_other_one_is() {
        let mut collector = Collector::default();
        let source = collector
            .sources
            .add("a.yaml".to_owned(), "a: 1\nb: 2\na: 3\n".to_owned());
        let span = |start| Span {
            source,
            start,
            end: start + 1,
        };
        collector
            .mistake(Code::DuplicateKey, span(10), "the key `a` is written twice")
            .see(span(0), "first here")
            .help("keep one");
        let text = collector.finish().expect("one").render(false, 100);
        assert_eq!(
            text,
            "\
error: the key `a` is written twice
 --> a.yaml:3:1
  |
3 | a: 3
  | ^
  |
 ::: a.yaml:1:1
  |
1 | a: 1
  | - first here
  |
  = help: keep one

1 mistake
"
        );
    }

    #[test]
    fn control_characters_are_not_passed_on() {
        let mut collector = Collector::default();
        let source = collector
            .sources
            .add("a.yaml".to_owned(), "\u{1b}[31m: 1\n".to_owned());
        collector
            .mistake(
                Code::UnknownKey,
                Span {
                    source,
                    start: 0,
                    end: 4,
                },
                "unknown key `\u{1b}[31m`",
            )
            .help("\u{7}");
        let text = collector.finish().expect("one").render(false, 100);
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{7}'),
            "{text}"
        );
    }
}
