//! The verbs of sessions for code that does not await.

use super::backend::SessionBackend;
use super::draft::Values;
use super::id::{SessionHandle, SessionId};
use super::login::Login;
use super::manage::{NewSession, SessionInfo};
use super::page::{Cursor, Page};
use super::record::Record;
use crate::error::Error;

/// [`SessionBackend`] for command lines and batches: each verb waits where it stands.
///
/// With the memory store nothing waits and no runtime is needed. Do not call it from asynchronous
/// code, whose thread it would hold up.
#[derive(Clone, Debug)]
pub struct BlockingSessions(SessionBackend);

impl BlockingSessions {
    pub(super) fn new(backend: SessionBackend) -> Self {
        Self(backend)
    }

    /// As [`SessionBackend::create_session`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn create_session(&self, login: impl Into<Login>) -> Result<NewSession, Error> {
        pollster::block_on(self.0.create_session(login))
    }

    /// As [`SessionBackend::get_session`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn get_session(&self, id: &SessionId) -> Result<Option<Record>, Error> {
        pollster::block_on(self.0.get_session(id))
    }

    /// As [`SessionBackend::update_session`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn update_session(
        &self,
        id: &SessionId,
        change: impl Fn(&mut Values) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Record, Error> {
        pollster::block_on(self.0.update_session(id, change))
    }

    /// As [`SessionBackend::rotate_session`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn rotate_session(&self, id: &SessionId) -> Result<SessionId, Error> {
        pollster::block_on(self.0.rotate_session(id))
    }

    /// As [`SessionBackend::delete_session`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn delete_session(&self, id: &SessionId) -> Result<bool, Error> {
        pollster::block_on(self.0.delete_session(id))
    }

    /// As [`SessionBackend::clear_sessions`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn clear_sessions(&self, subject: &str) -> Result<usize, Error> {
        pollster::block_on(self.0.clear_sessions(subject))
    }

    /// As [`SessionBackend::sessions_of`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn sessions_of(&self, subject: &str) -> Result<Vec<SessionInfo>, Error> {
        pollster::block_on(self.0.sessions_of(subject))
    }

    /// As [`SessionBackend::all_sessions`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn all_sessions(
        &self,
        from: Option<Cursor>,
        most: usize,
    ) -> Result<Page<SessionInfo>, Error> {
        pollster::block_on(self.0.all_sessions(from, most))
    }

    /// As [`SessionBackend::revoke`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn revoke(&self, handle: SessionHandle) -> Result<bool, Error> {
        pollster::block_on(self.0.revoke(handle))
    }

    /// As [`SessionBackend::revoke_own`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn revoke_own(&self, subject: &str, handle: SessionHandle) -> Result<bool, Error> {
        pollster::block_on(self.0.revoke_own(subject, handle))
    }

    /// As [`SessionBackend::revoke_others`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn revoke_others(&self, id: &SessionId) -> Result<SessionId, Error> {
        pollster::block_on(self.0.revoke_others(id))
    }

    /// As [`SessionBackend::revoke_by_upstream`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn revoke_by_upstream(&self, issuer: &str, session_id: &str) -> Result<usize, Error> {
        pollster::block_on(self.0.revoke_by_upstream(issuer, session_id))
    }

    /// As [`SessionBackend::sweep`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn sweep(&self) -> Result<usize, Error> {
        pollster::block_on(self.0.sweep())
    }
}
