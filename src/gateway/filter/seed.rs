//! The walk itself: what serde calls for each value, member and item as it reads them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use openapi::{Member, Node, NodeKind, Rest, Step};

use crate::filter::{DEPTH_MAX, Place, Unfit, Verdict, Walk, is_never};

/// Reads one value; gives back whether all is covered that names its owner or its date.
pub(super) struct Value<'w, 's> {
    pub(super) walk: &'w mut Walk<'s>,
    pub(super) place: Place,
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = Verdict;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Verdict, D::Error> {
        let shape = self.walk.shape;
        let node = shape.node(self.place.node);
        let NodeKind::Leaf(leaf) = &node.kind else {
            return reader.deserialize_any(Parts {
                walk: self.walk,
                place: self.place,
                node,
            });
        };
        let raw = <&RawValue>::deserialize(reader)?;
        let read = self.walk.leaf(leaf, node, raw.get(), self.place);
        read.map_err(|unfit| self.walk.stop(unfit))
    }
}

/// A value that has parts.
struct Parts<'w, 's> {
    walk: &'w mut Walk<'s>,
    place: Place,
    node: &'s Node,
}

impl<'de> Visitor<'de> for Parts<'_, '_> {
    type Value = Verdict;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("what the API description says")
    }

    fn visit_unit<E: Error>(self) -> Result<Verdict, E> {
        if !self.node.is_nullable {
            return Err(self.walk.stop(Unfit::Shape));
        }
        self.walk.out.extend_from_slice(b"null");
        Ok(match self.node {
            node if !self.walk.is_asked(node) => Verdict::Covered,
            node if node.names_resource => Verdict::Anothers,
            _ => Verdict::OtherDay,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Verdict, A::Error> {
        let NodeKind::Object { members, rest } = &self.node.kind else {
            return Err(self.walk.stop(Unfit::Shape));
        };
        if self.place.depth >= DEPTH_MAX {
            return Err(self.walk.stop(Unfit::TooDeep));
        }
        self.walk.out.push(b'{');
        let mut object = Object {
            start: self.walk.out.len(),
            walk: self.walk,
            place: self.place,
            rest: *rest,
            seen: [0; 16],
            others: HashSet::new(),
            verdict: Verdict::Covered,
        };
        while let Some(name) = map.next_key_seed(NameAmong(members))? {
            match name {
                Name::Described(at, member) => object.member(at, member, &mut map)?,
                Name::Other(name) => object.other(name, &mut map)?,
            }
        }
        object.walk.out.push(b'}');
        Ok(object.verdict.max(object.unnamed(self.node)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Verdict, A::Error> {
        let NodeKind::List { item } = self.node.kind else {
            return Err(self.walk.stop(Unfit::Shape));
        };
        if self.place.depth >= DEPTH_MAX {
            return Err(self.walk.stop(Unfit::TooDeep));
        }
        let walk = self.walk;
        let place = walk.inside(self.place, item, |step| *step == Step::Item);
        walk.out.push(b'[');
        let start = walk.out.len();
        let mut kept = 0_u32;
        loop {
            let item = Item {
                walk: &mut *walk,
                place,
                start,
            };
            match list.next_element_seed(item)? {
                Some(is_kept) => kept = kept.saturating_add(u32::from(is_kept)),
                None => break,
            }
        }
        walk.out.push(b']');
        walk.count(self.place, kept);
        Ok(Verdict::Covered)
    }
}

/// An item of a list; gives back whether it stays.
struct Item<'w, 's> {
    walk: &'w mut Walk<'s>,
    place: Place,
    start: usize,
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        let walk = self.walk;
        let mark = walk.mark();
        walk.separate(self.start);
        let start = walk.out.len();
        let value = Value {
            walk: &mut *walk,
            place: self.place,
        };
        let verdict = value.deserialize(reader)?;
        Ok(walk.end_item(mark, start, verdict))
    }
}

/// An object that is being read.
struct Object<'w, 's, 'de> {
    walk: &'w mut Walk<'s>,
    place: Place,
    rest: Option<Rest>,
    /// How long the output was before the first member.
    start: usize,
    /// The described members that were met, as bits: at most 1,024.
    seen: [u64; 16],
    /// The names of the others.
    others: HashSet<Cow<'de, str>>,
    verdict: Verdict,
}

impl<'s, 'de> Object<'_, 's, 'de> {
    fn member<A: MapAccess<'de>>(
        &mut self,
        at: usize,
        member: &'s Member,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let bit = 1 << (at % 64);
        match self.seen.get_mut(at / 64) {
            Some(word) if *word & bit == 0 => *word |= bit,
            _ => return Err(self.walk.stop(Unfit::TwiceNamed)),
        }
        let node = self.walk.shape.node(member.node);
        let is_given = self.walk.is_given(node) && !is_never(node);
        if !is_given && !self.walk.is_asked(node) {
            return self.skip(map);
        }
        let mark = self.walk.mark();
        self.walk.separate(self.start);
        self.walk.out.extend_from_slice(member.text.as_bytes());
        let is_next = |step: &Step| matches!(step, Step::Member(name) if *name == member.name);
        let place = self.walk.inside(self.place, member.node, is_next);
        let value = Value {
            walk: &mut *self.walk,
            place,
        };
        self.verdict = self.verdict.max(map.next_value_seed(value)?);
        if !is_given {
            self.walk.rewind(mark);
        }
        Ok(())
    }

    fn other<A: MapAccess<'de>>(
        &mut self,
        name: Cow<'de, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if self.others.contains(&name) {
            return Err(self.walk.stop(Unfit::TwiceNamed));
        }
        match self.rest.filter(|rest| self.is_given_both(*rest)) {
            Some(rest) => self.entry(&name, rest, map)?,
            None => self.skip(map)?,
        }
        self.others.insert(name);
        Ok(())
    }

    /// Whether anything of such a member may leave: its name does with it.
    fn is_given_both(&self, Rest { name, value }: Rest) -> bool {
        let shape = self.walk.shape;
        [name, value]
            .iter()
            .all(|node| self.walk.is_given(shape.node(*node)))
    }

    fn entry<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        rest: Rest,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let mark = self.walk.mark();
        self.walk.separate(self.start);
        let text = serde_json::to_string(name).map_err(A::Error::custom)?;
        let named = self.walk.name(rest.name, &text);
        let named = named.map_err(|unfit| self.walk.stop(unfit))?;
        self.walk.out.push(b':');
        let start = self.walk.out.len();
        let value = Value {
            place: self.walk.inside(self.place, rest.value, |_| false),
            walk: &mut *self.walk,
        };
        let verdict = map.next_value_seed(value)?;
        self.walk.end_item(mark, start, named.max(verdict));
        Ok(())
    }

    fn skip<A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        map.next_value_seed(Skipped {
            unfit: &mut self.walk.unfit,
            depth: self.place.depth + 1,
        })
    }

    /// What it is without the members that were not met and must say whose it is, or of which date.
    fn unnamed(&self, node: &Node) -> Verdict {
        let is_seen = |at: &usize| {
            let word = self.seen.get(at / 64);
            word.is_some_and(|word| word & (1 << (at % 64)) != 0)
        };
        if !node.owners.iter().all(is_seen) {
            return Verdict::Anothers;
        }
        if self.walk.covers.dates.is_some() && !node.dates.iter().all(is_seen) {
            return Verdict::OtherDay;
        }
        Verdict::Covered
    }
}

/// A name: one of the described members, or another.
enum Name<'s, 'de> {
    Described(usize, &'s Member),
    Other(Cow<'de, str>),
}

struct NameAmong<'s>(&'s [Member]);

impl<'s> NameAmong<'s> {
    fn find(&self, name: &str) -> Option<(usize, &'s Member)> {
        let at = self
            .0
            .binary_search_by(|member| member.name.as_str().cmp(name))
            .ok()?;
        Some((at, self.0.get(at)?))
    }
}

impl<'s, 'de> DeserializeSeed<'de> for NameAmong<'s> {
    type Value = Name<'s, 'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'s, 'de> Visitor<'de> for NameAmong<'s> {
    type Value = Name<'s, 'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(match self.find(name) {
            Some((at, member)) => Name::Described(at, member),
            None => Name::Other(Cow::Borrowed(name)),
        })
    }

    // A name with escapes.
    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(match self.find(name) {
            Some((at, member)) => Name::Described(at, member),
            None => Name::Other(Cow::Owned(name.to_owned())),
        })
    }
}

/// A value of which nothing leaves. It must be JSON all the same: what another reader makes of the
/// rest of a body that is not is unknown.
struct Skipped<'w> {
    unfit: &'w mut Option<Unfit>,
    depth: usize,
}

impl Skipped<'_> {
    fn stop<E: Error>(self, unfit: Unfit) -> E {
        *self.unfit = Some(unfit);
        E::custom(unfit)
    }
}

impl<'de> DeserializeSeed<'de> for Skipped<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skipped<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.depth >= DEPTH_MAX {
            return Err(self.stop(Unfit::TooDeep));
        }
        let (unfit, depth) = (self.unfit, self.depth + 1);
        loop {
            let item = Skipped {
                unfit: &mut *unfit,
                depth,
            };
            if list.next_element_seed(item)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.depth >= DEPTH_MAX {
            return Err(self.stop(Unfit::TooDeep));
        }
        let mut names = HashSet::new();
        while let Some(name) = map.next_key_seed(NameAmong(&[]))? {
            if let Name::Other(name) = name
                && !names.insert(name)
            {
                return Err(self.stop(Unfit::TwiceNamed));
            }
            map.next_value_seed(Skipped {
                unfit: &mut *self.unfit,
                depth: self.depth + 1,
            })?;
        }
        Ok(())
    }
}
