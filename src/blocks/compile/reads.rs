//! Reads: what is called, with what, and what its answer is.

use std::collections::BTreeSet;
use std::sync::Arc;

use openapi::EffectMark;

use super::template::{self, optional};
use super::{Making, text_of};
use crate::expression::{Expression, Member, Names, Type, Value};
use crate::file::{EachFile, PagesFile, ReadFile};
use crate::plan::{Each, Fallback, Pages, Step, Template};
use crate::slip::choices;
use crate::source::SourceOperation;

/// What a call is made with, and what is called for each item.
type Called = (Vec<(Arc<str>, Template)>, Option<Each>);

impl<'m> Making<'m> {
    /// A read, which may read all that stands before it.
    pub(super) fn read(&mut self, place: usize) {
        let Some(read) = self.file.reads.get(place) else {
            return;
        };
        let at = self.at(&format!("/reads/{}", read.name));
        let Some(called) = self.called(read) else {
            self.mistakes.unmade.insert(read.name.clone());
            return;
        };
        if called.effect != Some(EffectMark::None) {
            let what = format!("`{}.{}` may change something", read.source, read.operation);
            let help = "a read calls what has `x-mortise-effect: none`, or a GET";
            self.mistakes.tell("E140", &read.pointer, what, help);
        }
        let one = self.answer(read, called);
        let (with, each) = self.made_with(read, called, &one);
        let kind = match (&read.pages, &each) {
            (Some(pages), _) => self.gathered(read, pages, &one),
            (None, Some(each)) => Type::list(one.clone(), each.items_max),
            (None, None) => one.clone(),
        };
        let fallback = self.fallback(read, &kind);
        let seen = match fallback {
            Fallback::Absent => optional(&kind, true),
            Fallback::None | Fallback::Value(_) => kind.clone(),
        };
        if !self.add(&read.name, seen, &at) {
            return;
        }
        let mut reads = BTreeSet::new();
        for (_, template) in &with {
            reads.extend(template::reads(template));
        }
        reads.extend(
            each.iter()
                .flat_map(|each| each.list.reads().iter().cloned()),
        );
        let (needs, lets) = self.needs_of(&reads);
        self.called.push(called);
        let resources = called.answer.resources.clone();
        self.steps.push(Step {
            resources,
            name: read.name.as_str().into(),
            source: read.source.as_str().into(),
            operation: read.operation.as_str().into(),
            with,
            kind,
            needs,
            lets,
            timeout: read.timeout,
            retries: read.retries,
            fallback,
            cache: read.cache,
            pages: read.pages.as_ref().map(|pages| pages_of(pages, &one)),
            each,
        });
    }

    fn called(&mut self, read: &ReadFile) -> Option<&'m SourceOperation> {
        let source = self.sources.get(&read.source)?;
        let found = source.operation(&read.operation);
        if found.is_none() {
            let what = format!("`{}` has no operation `{}`", read.source, read.operation);
            let help = choices("its operations", &read.operation, source.names());
            self.mistakes.tell("E141", &read.pointer, what, help);
        }
        found
    }

    /// What one answer is. What nobody described cannot be looked into.
    fn answer(&mut self, read: &ReadFile, called: &SourceOperation) -> Type {
        if called.answer.kind == Type::Json {
            let what = format!("nothing says what `{}` answers", read.operation);
            let help = "describe its answer in the API file, or in an overlay";
            self.mistakes.tell("E142", &read.pointer, what, help);
        }
        called.answer.kind.clone()
    }

    /// What it is called with; the names of an item, where it is called for each.
    fn made_with(&mut self, read: &ReadFile, called: &SourceOperation, one: &Type) -> Called {
        let each = read
            .each
            .as_ref()
            .and_then(|each| self.each(read, each, one));
        // The item has its name in these alone.
        let outer = each.as_ref().map(|each| {
            let inner = each.names.as_ref().clone();
            std::mem::replace(&mut self.names, inner)
        });
        let with = self.arguments(read, called);
        if let Some(outer) = outer {
            self.names = outer;
        }
        (with, each)
    }

    fn arguments(
        &mut self,
        read: &ReadFile,
        called: &SourceOperation,
    ) -> Vec<(Arc<str>, Template)> {
        for name in &called.clashes {
            let what = format!("`{name}` is a parameter and a member of the body");
            let help = "give one of them another name in the API file";
            self.mistakes.tell("E143", &read.pointer, what, help);
        }
        let mut with = Vec::new();
        for (name, written) in &read.with {
            let Some(argument) = called.arguments.get(name.as_str()) else {
                let what = format!("`{}.{}` takes no `{name}`", read.source, read.operation);
                let known = called.arguments.keys().map(AsRef::as_ref);
                let help = choices("it takes", name, known);
                self.mistakes.tell("E144", &written.pointer, what, help);
                continue;
            };
            let Member { kind, is_optional } = &argument.member;
            let wants = optional(kind, *is_optional);
            let made = self.template(&written.pointer, &written.value, Some(&wants));
            with.push((Arc::from(name.as_str()), made));
        }
        let is_given = |name: &Arc<str>| read.with.iter().any(|(its, _)| **its == **name);
        let next = read.pages.as_ref().map(|pages| pages.next.as_str());
        for (name, argument) in &called.arguments {
            if !argument.member.is_optional && !is_given(name) && next != Some(name.as_ref()) {
                let what = format!("`{}.{}` needs `{name}`", read.source, read.operation);
                let help = format!("write `{name}` under `with`");
                self.mistakes.tell("E145", &read.pointer, what, help);
            }
        }
        with
    }

    fn each(&mut self, read: &ReadFile, each: &EachFile, one: &Type) -> Option<Each> {
        let pointer = each.list.pointer.as_str();
        let list = match Expression::check(&text_of(&each.list), &self.names, None) {
            Ok(list) => list,
            Err(slips) => {
                // What stands before the list is the item's name.
                let by = each.item.len() + " in ".len();
                self.mistakes.slips("E146", pointer, slips, by);
                return None;
            }
        };
        let Type::List { item, .. } = list.type_of() else {
            let what = format!("this is no list: {}", list.type_of());
            self.mistakes
                .tell("E147", pointer, what, "write a list to walk over");
            return None;
        };
        let mut names: Names = self.names.clone();
        if let Err(bad) = names.add(&each.item, item.as_ref().clone()) {
            let what = format!(
                "the item of `{}` cannot be `{}`: {bad}",
                read.name, each.item
            );
            self.mistakes
                .tell("E111", pointer, what, "choose another name");
            return None;
        }
        Some(Each {
            item: each.item.as_str().into(),
            names: Arc::new(names),
            list,
            one: one.clone(),
            items_max: each.items_max,
            at_once: each.at_once,
        })
    }

    /// The list that pages are gathered into.
    fn gathered(&mut self, read: &ReadFile, pages: &PagesFile, one: &Type) -> Type {
        let member = |name: &str| match one {
            Type::Object(object) => object.members.get(name).map(|its| its.kind.clone()),
            _ => None,
        };
        let next = member(&pages.next);
        if !matches!(next, Some(Type::Text { .. })) {
            let what = format!(
                "answers of `{}` have no text `{}`",
                read.operation, pages.next
            );
            let help = "name the member that says where the next page is";
            self.mistakes.tell("E148", &read.pointer, what, help);
        }
        if let Some(Type::List { item, .. }) = member(&pages.items) {
            return Type::List {
                item,
                items_max: pages.items_max,
            };
        }
        let what = format!(
            "answers of `{}` have no list `{}`",
            read.operation, pages.items
        );
        let help = "name the member that holds the items";
        self.mistakes.tell("E149", &read.pointer, what, help);
        Type::Json
    }

    fn fallback(&mut self, read: &ReadFile, kind: &Type) -> Fallback {
        let Some(written) = &read.or_else else {
            return if read.is_optional {
                Fallback::Absent
            } else {
                Fallback::None
            };
        };
        match Value::read(kind, &written.value) {
            Ok(value) => Fallback::Value(value),
            Err(unfit) => {
                let pointer = format!("{}{}", written.pointer, unfit.pointer);
                let what = format!(
                    "`or_else` is no answer of `{}`: {}",
                    read.operation, unfit.what
                );
                let help = "write what it could answer";
                self.mistakes.tell("E150", &pointer, what, help);
                Fallback::None
            }
        }
    }
}

/// How its pages are followed: the next one is asked for in the parameter of the same name.
fn pages_of(pages: &PagesFile, one: &Type) -> Pages {
    Pages {
        next: pages.next.as_str().into(),
        parameter: pages.next.as_str().into(),
        items: pages.items.as_str().into(),
        page: one.clone(),
        items_max: pages.items_max,
    }
}
