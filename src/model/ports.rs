//! The ports: what a product room may ask of a store, a log or a bank, in the domain's verbs.

mod accesses;
mod client_rights;
mod consent_desk;
mod consents;
mod customer_accounts;
mod customers;
mod fetch;
mod grants;
mod keys;
mod log;
mod outbox;
mod permissions;
mod replay;
mod room_door;
mod second_factor;
mod sessions;
mod watcher;

pub use accesses::{AccessRow, Accesses, LogIndex, Outcome};
pub use client_rights::{ClientRights, NotOpen};
pub use consent_desk::{
    Answer, AskedFor, CHOSEN_ACCOUNT, ConsentDesk, Declined, DeskAgreed, DeskEnding, DeskFault,
    DeskForm, DeskOver, DeskPage, DeskSaid, DeskStep, MayAsk, Seat, SeatedCustomer, WhoAsks,
};
pub use consents::{
    AgreedConsent, Change, Changed, Choices, Consent, Consents, Decided, DueConsent, EndedConsent,
    Keep, Lodge, Spend, StandingConsent, Withdrawal,
};
pub use customer_accounts::{AccountUnavailable, CustomerAccounts, OwnAccount};
pub use customers::{Customer, CustomerAuth, CustomersUnavailable, LogIn};
pub use fetch::{Fetch, FetchFailed, FetchRequest, Fetched};
pub use grants::{
    Approval, Code, CodeState, Finish, FoundCode, Grant, Grants, Push, PushedRequest, Redeem,
    Redemption, RefreshToken, Revoked,
};
pub use keys::{
    KeyRing, KeyUse, Published, SealedKey, StoreUnavailable, distrust, has_begun, lay_by, lives,
    may_go, publish, schedule,
};
pub use log::{AuditLog, AuditUnavailable, Receipt};
pub use outbox::{Outbox, OutboxId, Posted};
pub use permissions::{Look, Looked, Looker, Permissions, WithdrawalSaid, Withdrawn};
pub use replay::{Claim, Replay};
pub use room_door::{ROOM_BODY_BYTES_MAX, RoomCall, RoomDoor, RoomFault};
pub use second_factor::{FactorBegun, FactorSaid, SecondFactor, ToConfirm};
pub use sessions::{Session, Sessions};
pub use watcher::{Call, Called, Stage, Step, Trace, Trail, Verdict, Watcher};
