//! The counters in the records: `seq` dense per boot, `pseq` dense per partner and log.

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::Timestamp;
use serde::Deserialize;

use crate::wal::append::Partners;

/// What the log itself reads in a record; the rest is the reader's.
#[derive(Debug, Deserialize)]
pub(crate) struct Facts<'a> {
    pub(crate) v: u32,
    #[serde(borrow)]
    pub(crate) node: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) boot: Cow<'a, str>,
    pub(crate) seq: u64,
    pub(crate) pseq: Option<u64>,
    #[serde(borrow)]
    pub(crate) ts: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) partner: Option<PartnerFacts<'a>>,
    pub(crate) clean: Option<bool>,
}

/// The member `partner` of a record.
#[derive(Debug, Deserialize)]
pub(crate) struct PartnerFacts<'a> {
    #[serde(borrow)]
    pub(crate) id: Option<Cow<'a, str>>,
}

impl<'a> Facts<'a> {
    /// Reads a record; the error says why it is none.
    pub(crate) fn read(json: &'a [u8]) -> Result<Self, String> {
        let facts: Self = serde_json::from_slice(json)
            .map_err(|error| format!("the record cannot be read: {error}"))?;
        if facts.v != 1 {
            return Err(format!("a record of version {}", facts.v));
        }
        if facts.ts.parse::<Timestamp>().is_err() {
            return Err("the record's time cannot be read".to_owned());
        }
        Ok(facts)
    }

    fn partner(&self) -> Option<&str> {
        self.partner.as_ref()?.id.as_deref()
    }
}

/// How far the counters have come.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// The boot that is writing and its last `seq`; unknown before the first record read.
    boot: Option<(String, u64)>,
    boots: HashSet<String>,
    /// The last `pseq` of each partner in each log.
    pub(crate) partners: Partners,
    /// Something before was not read: counters that are new to us may begin anywhere.
    is_partial: bool,
}

impl Counters {
    /// Counters of a reader that does not begin at the first record.
    pub(crate) fn partial() -> Self {
        Self {
            is_partial: true,
            ..Self::default()
        }
    }

    /// Forgets everything: records were lost, which has been told.
    pub(crate) fn lose(&mut self) {
        *self = Self::partial();
    }

    /// Counts a record; the error says which counter has a hole or a repeat.
    pub(crate) fn count(&mut self, log: u32, facts: &Facts<'_>) -> Result<(), String> {
        let seq = self.count_seq(facts);
        let pseq = self.count_pseq(log, facts);
        seq.and(pseq)
    }

    /// Compares with, or learns from, the note a segment opens with.
    pub(crate) fn note(&mut self, log: u32, counts: Vec<(String, u64)>) -> Result<(), String> {
        let known = self.partners.entry(log).or_default();
        for (partner, pseq) in counts {
            match known.get(&partner) {
                Some(last) if *last == pseq => {}
                None if self.is_partial => {
                    known.insert(partner, pseq);
                }
                last => {
                    let last = last.copied().unwrap_or(0);
                    return Err(format!(
                        "the segment's opening says pseq {pseq} of {partner}, not {last}"
                    ));
                }
            }
        }
        Ok(())
    }

    fn count_seq(&mut self, facts: &Facts<'_>) -> Result<(), String> {
        let expected = match &self.boot {
            Some((boot, seq)) if *boot == facts.boot => seq.saturating_add(1),
            None if self.is_partial => facts.seq,
            _ => {
                if !self.boots.insert(facts.boot.clone().into_owned()) {
                    return Err(format!("boot {} comes back", facts.boot));
                }
                1
            }
        };
        match &mut self.boot {
            Some((boot, seq)) if *boot == facts.boot => *seq = facts.seq,
            other => *other = Some((facts.boot.clone().into_owned(), facts.seq)),
        }
        if facts.seq == expected {
            Ok(())
        } else {
            Err(format!("seq is {}, not {expected}", facts.seq))
        }
    }

    fn count_pseq(&mut self, log: u32, facts: &Facts<'_>) -> Result<(), String> {
        let (partner, pseq) = match (facts.partner(), facts.pseq) {
            (Some(partner), Some(pseq)) => (partner, pseq),
            (None, None) => return Ok(()),
            _ => return Err("a partner without pseq, or pseq without a partner".to_owned()),
        };
        let known = self.partners.entry(log).or_default();
        let Some(last) = known.get_mut(partner) else {
            known.insert(partner.to_owned(), pseq);
            return if pseq == 1 || self.is_partial {
                Ok(())
            } else {
                Err(format!("pseq of {partner} is {pseq}, not 1"))
            };
        };
        let expected = last.saturating_add(1);
        *last = pseq;
        if pseq == expected {
            Ok(())
        } else {
            Err(format!("pseq of {partner} is {pseq}, not {expected}"))
        }
    }
}
