//! What a request does to its session: recorded as it goes, applied when it is written. Applying is
//! repeated whenever somebody else wrote first, so each operation says what to do, not what results.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::draft::{Draft, Holder, Values, Who};
use super::id::VerifierHash;
use super::login::{Login, grant};
use super::policy::{SessionPolicy, Undecodable};
use super::record::Record;
use crate::error::{Error, ErrorKind};

type UpdateFn = dyn Fn(Option<&str>) -> Result<Option<String>, Error> + Send + Sync;
type ValuesFn = dyn Fn(&mut Values) -> Result<(), Error> + Send + Sync;

#[derive(Clone)]
pub(crate) enum Op {
    Set {
        name: String,
        json: String,
    },
    /// Nothing is written unless the value is still this.
    Expect {
        name: String,
        json: Option<String>,
    },
    Remove {
        name: String,
    },
    /// From JSON text to JSON text.
    Update {
        name: String,
        apply: Arc<UpdateFn>,
    },
    Values(Arc<ValuesFn>),
    Login(Box<Login>),
    Grant(Vec<String>),
    Rotate,
    Destroy,
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set { .. } => "Set",
            Self::Expect { .. } => "Expect",
            Self::Remove { .. } => "Remove",
            Self::Update { .. } => "Update",
            Self::Values(_) => "Values",
            Self::Login(_) => "Login",
            Self::Grant(_) => "Grant",
            Self::Rotate => "Rotate",
            Self::Destroy => "Destroy",
        })
    }
}

/// What the operations come to, on top of one state of the record.
pub(crate) struct Plan {
    /// The session afterwards; none when it is over, or there never was one.
    pub(crate) draft: Option<Draft>,
    /// The session that there was is over; a draft is another one.
    pub(crate) ends: bool,
    /// The session goes on under a new id.
    pub(crate) rotates: bool,
    /// Somebody proved who he is: whatever became of the old session, this one begins.
    pub(crate) logs_in: bool,
}

impl Plan {
    pub(crate) fn of(
        ops: &[Op],
        base: Option<&Record>,
        policy: &SessionPolicy,
        now: Duration,
    ) -> Result<Self, Error> {
        let draft = base.map(Record::draft);
        let mut plan = Self { draft, ends: false, rotates: false, logs_in: false };
        for op in ops {
            plan.apply(op, base.is_some(), policy, now)?;
        }
        Ok(plan)
    }

    fn apply(
        &mut self,
        op: &Op,
        had_session: bool,
        policy: &SessionPolicy,
        now: Duration,
    ) -> Result<(), Error> {
        let begin = || anonymous(policy, now);
        match op {
            Op::Set { name, json } => {
                self.draft.get_or_insert_with(begin).values.put(name, json.clone())
            }
            Op::Expect { name, json } => {
                let values = self.draft.as_ref().map(|draft| &draft.values);
                if values.and_then(|values| values.text(name)) != json.as_deref() {
                    return Err(ErrorKind::Conflict.into());
                }
            }
            Op::Remove { name } => {
                // Nothing to take out is no reason to begin a session.
                if let Some(draft) = &mut self.draft {
                    draft.values.remove(name);
                }
            }
            Op::Update { name, apply } => {
                let before = self.draft.as_ref().and_then(|draft| draft.values.text(name));
                let mut after = apply(before);
                if after.as_ref().is_err_and(|e| e.kind() == ErrorKind::UndecodableRecord) {
                    after = match policy.undecodable {
                        Undecodable::Deny => after,
                        Undecodable::DropKey => apply(None),
                        Undecodable::FreshSession => {
                            self.apply(&Op::Destroy, had_session, policy, now)?;
                            apply(None)
                        }
                    };
                }
                match after? {
                    Some(json) => self.draft.get_or_insert_with(begin).values.put(name, json),
                    None => _ = self.draft.as_mut().map(|draft| draft.values.remove(name)),
                }
            }
            Op::Values(change) => change(&mut self.draft.get_or_insert_with(begin).values)?,
            Op::Login(login) => {
                login.apply(self.draft.get_or_insert_with(begin), policy, now)?;
                self.rotates = true;
                self.logs_in = true;
            }
            Op::Grant(scopes) => {
                grant(self.draft.as_mut().ok_or_else(super::login::not_logged_in)?, scopes)?;
                self.rotates = true;
            }
            Op::Rotate => self.rotates |= self.draft.is_some(),
            Op::Destroy => {
                self.draft = None;
                self.rotates = false;
                self.logs_in = false;
                self.ends = had_session;
            }
        }
        Ok(())
    }
}

/// A session of nobody's, with nothing in it.
fn anonymous(policy: &SessionPolicy, now: Duration) -> Draft {
    let created = Duration::from_secs(now.as_secs());
    Draft {
        version: 0,
        created,
        absolute_end: created.saturating_add(policy.absolute),
        idle_timeout: policy.idle,
        last_seen: now,
        verifier_hash: VerifierHash([0; 16]),
        remembered: false,
        shared: false,
        holder: Holder::Anew(Who::default()),
        values: Values::default(),
    }
}
