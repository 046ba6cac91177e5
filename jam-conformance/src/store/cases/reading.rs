//! Reading: what is found, and until when.

use std::time::Duration;

use jam_core::ErrorKind;
use jam_core::session::{Login, Record, SessionHandle};

use crate::store::case::{Case, Fault, Hands, Needs, ensure};
use crate::store::maker::{ABSOLUTE, IDLE, anonymous, at, session};
use crate::store::stage::{Stage, kind};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("load.unknown", "a key that nothing was stored under finds nothing", unknown),
        Case::new("load.live", "a record comes back to the byte, with when it was last seen", live),
        Case::new("load.any-bytes", "values, subjects and keys of any bytes come back", any_bytes),
        Case::new("load.large", "a record of 64 KiB comes back", large),
        Case::new("load.idle", "a session is found until its idle end, and not at it", idle),
        Case::new(
            "load.absolute",
            "a session in use is found until its absolute end, and not at it",
            absolute,
        ),
        Case::new(
            "load.undecodable",
            "bytes that are no record are `UndecodableRecord`, neither nothing nor an outage",
            undecodable,
        )
        .needs(Needs::BrokenRecords),
        Case::new(
            "remove.undecodable",
            "what cannot be read can be removed, which says that it could not be read",
            undecodable_removed,
        )
        .needs(Needs::BrokenRecords),
    ]
}

fn unknown(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    stage.lacks(at(0), SessionHandle::from_bytes([7; 16]))
}

fn live(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let now = at(5) + Duration::from_millis(789);
    for made in [anonymous(now)?, session(now, Login::new("alice").scopes(["user"]))?] {
        stage.keep(now, &made)?;
        stage.holds(now, &made)?;
        let seen = stage.load(now, made.handle)?.map(|record| record.last_seen());
        ensure!(seen == Some(now), "last seen at {seen:?}, not {now:?}");
    }
    Ok(())
}

fn any_bytes(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let odd = "quote ' double \" back\\slash % _ \0 \u{1} \n \u{fffd} Ünï ☃ \u{10ffff} -- ; DROP";
    let made = session(at(0), Login::new("Ünï ' \" ; \\ %").value(odd, odd))?;
    stage.keep(at(0), &made)?;
    stage.holds(at(0), &made)?;
    for byte in [0, 1, b'\n', b'%', b'\'', b':', 0x7f, 0x80, 0xff] {
        let handle = SessionHandle::from_bytes([byte; 16]);
        let mut odd = anonymous(at(0))?;
        odd.handle = handle;
        stage.keep(at(0), &odd)?;
        stage.holds(at(0), &odd)?;
    }
    Ok(())
}

fn large(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), Login::new("alice").value("k", &"x".repeat(65_000)))?;
    stage.keep(at(0), &made)?;
    stage.holds(at(0), &made)
}

fn idle(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    stage.holds(at(IDLE) - Duration::from_millis(1), &made)?;
    stage.lacks(at(IDLE), made.handle)?;
    stage.lacks(at(IDLE + 1), made.handle)
}

fn absolute(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    for after in (IDLE / 2..ABSOLUTE).step_by(300) {
        stage.touch(at(after), made.handle)?;
    }
    let end = |record: Record| record.expires_at();
    let ends = stage.load(at(ABSOLUTE - 1), made.handle)?.map(end);
    ensure!(ends == Some(at(ABSOLUTE)), "it ends at {ends:?}");
    stage.lacks(at(ABSOLUTE), made.handle)
}

fn undecodable(stage: &Stage, hands: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    (hands.break_record)(made.handle)?;
    let loaded = stage.try_load(at(0), made.handle)?;
    let found = kind(&loaded);
    ensure!(found == Some(ErrorKind::UndecodableRecord), "a broken record is {loaded:?}");
    Ok(())
}

fn undecodable_removed(stage: &Stage, hands: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    (hands.break_record)(made.handle)?;
    let removed = stage.try_remove(at(0), made.handle)?;
    let said = kind(&removed);
    ensure!(said == Some(ErrorKind::UndecodableRecord), "removing a broken record: {removed:?}");
    stage.lacks(at(0), made.handle)
}
