//! Whose sessions are whose.

use std::collections::BTreeSet;

use jam_core::session::Owner;

use crate::store::case::{Case, Fault, Hands, Needs, ensure};
use crate::store::maker::{IDLE, Made, anonymous, at, resting_on, session, upstream};
use crate::store::stage::Stage;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("list.own", "a list holds the live sessions of its owner, and no others", own),
        Case::new("list.expired", "what has expired is on no list", expired),
        Case::new("list.login", "a login puts an anonymous session on its subject's list", login),
        Case::new("list.relogin", "a login as another moves a session between lists", relogin),
        Case::new("list.bytes", "subjects are compared byte by byte", bytes),
        Case::new("list.upstream", "a provider's login is its issuer and its id together", pairs),
        Case::new("list.unlinked", "a login that rests on nothing leaves its provider", unlinked),
        Case::new("page.all", "the pages hold all live sessions, of whatever size they are", pages),
        Case::new("remove-all.subject", "all of a subject's end, and are named once", subject),
        Case::new("remove-all.except", "one of them may be left alone", except),
        Case::new("remove-all.gone", "whoever is gone ends no others", except_gone),
        Case::new("remove-all.upstream", "all that rest on one login elsewhere end", by_upstream),
        Case::new("remove-all.expired", "what has expired is not counted", remove_expired),
        Case::new("list.undecodable", "what cannot be read is on no list", unreadable_list)
            .needs(Needs::BrokenRecords),
        Case::new("remove-all.undecodable", "what cannot be read ends with the others", unreadable)
            .needs(Needs::BrokenRecords),
        Case::new("remove-all.moved", "what is another's by now is left alone", moved),
    ]
}

fn handles(made: &[&Made]) -> BTreeSet<jam_core::session::SessionHandle> {
    made.iter().map(|made| made.handle).collect()
}

fn lists(stage: &Stage, now: u64, owner: Owner<'_>, made: &[&Made]) -> Result<(), Fault> {
    let listed = stage.list(at(now), owner)?;
    ensure!(listed == handles(made), "{owner:?} has {listed:?}, and not {:?}", handles(made));
    Ok(())
}

fn own(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let (one, other) = (session(at(0), "alice")?, session(at(0), "alice")?);
    let (bobs, nobodys) = (session(at(0), "bob")?, anonymous(at(0))?);
    for made in [&one, &other, &bobs, &nobodys] {
        stage.keep(at(0), made)?;
    }
    lists(stage, 0, Owner::Subject("alice"), &[&one, &other])?;
    lists(stage, 0, Owner::Subject("bob"), &[&bobs])?;
    lists(stage, 0, Owner::Subject("carol"), &[])?;
    lists(stage, 0, Owner::Subject(""), &[])
}

fn expired(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let (one, other) = (session(at(0), "alice")?, session(at(100), "alice")?);
    stage.keep(at(0), &one)?;
    stage.keep(at(100), &other)?;
    lists(stage, IDLE - 1, Owner::Subject("alice"), &[&one, &other])?;
    lists(stage, IDLE, Owner::Subject("alice"), &[&other])
}

fn login(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = anonymous(at(0))?;
    stage.keep(at(0), &made)?;
    let next = made.next(at(1), |session| session.login(resting_on("alice", "op", "s")))?;
    stage.replace(at(1), &made, &next)?;
    lists(stage, 1, Owner::Subject("alice"), &[&next])?;
    lists(stage, 1, Owner::Upstream { issuer: "op", session_id: "s" }, &[&next])
}

fn relogin(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    let bobs = made.next(at(1), |session| session.login("bob"))?;
    stage.replace(at(1), &made, &bobs)?;
    lists(stage, 1, Owner::Subject("alice"), &[])?;
    lists(stage, 1, Owner::Subject("bob"), &[&bobs])?;
    let back = bobs.next(at(2), |session| session.login("alice"))?;
    stage.replace(at(2), &bobs, &back)?;
    lists(stage, 2, Owner::Subject("alice"), &[&back])?;
    lists(stage, 2, Owner::Subject("bob"), &[])
}

fn bytes(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let subjects = [
        "alice",
        "Alice",
        "alice ",
        " alice",
        "alicé",
        "alice\u{301}",
        "al%",
        "a_ice",
        "alice:1",
        "alice'",
        "{alice}",
        "*",
        "ß",
        "ss",
        "ı",
        "i",
    ];
    let made: Vec<Made> = subjects.iter().map(|s| session(at(0), *s)).collect::<Result<_, _>>()?;
    for made in &made {
        stage.keep(at(0), made)?;
    }
    for (subject, made) in subjects.iter().zip(&made) {
        lists(stage, 0, Owner::Subject(subject), &[made])?;
    }
    for (subject, made) in subjects.iter().zip(&made) {
        let removed = stage.remove_all(at(0), Owner::Subject(subject), None)?;
        ensure!(removed == handles(&[made]), "{subject:?}: {removed:?} are removed");
    }
    Ok(())
}

fn pairs(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let logins = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ("a:b", "c"), ("a", "b:c")];
    let mut made = Vec::new();
    for (issuer, id) in logins {
        let (one, other) =
            (upstream(at(0), "alice", issuer, id)?, upstream(at(0), "bob", issuer, id)?);
        stage.keep(at(0), &one)?;
        stage.keep(at(0), &other)?;
        made.push((one, other));
    }
    for ((issuer, session_id), (one, other)) in logins.into_iter().zip(&made) {
        lists(stage, 0, Owner::Upstream { issuer, session_id }, &[one, other])?;
    }
    // A subject of the same name is somebody else.
    lists(stage, 0, Owner::Subject("abc"), &[])
}

fn unlinked(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = upstream(at(0), "alice", "op", "s")?;
    stage.keep(at(0), &made)?;
    let next = made.next(at(1), |session| session.login("bob"))?;
    stage.replace(at(1), &made, &next)?;
    lists(stage, 1, Owner::Upstream { issuer: "op", session_id: "s" }, &[])?;
    let next = {
        let again = next.next(at(2), |session| session.login(resting_on("bob", "op", "t")))?;
        stage.replace(at(2), &next, &again)?;
        again
    };
    lists(stage, 2, Owner::Upstream { issuer: "op", session_id: "t" }, &[&next])?;
    lists(stage, 2, Owner::Upstream { issuer: "op", session_id: "s" }, &[])
}

fn subject(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made: Vec<Made> = (0..5).map(|_| session(at(0), "alice")).collect::<Result<_, _>>()?;
    let (bobs, nobodys) = (session(at(0), "bob")?, anonymous(at(0))?);
    for made in made.iter().chain([&bobs, &nobodys]) {
        stage.keep(at(0), made)?;
    }
    let removed = stage.remove_all(at(1), Owner::Subject("alice"), None)?;
    let expected = handles(&made.iter().collect::<Vec<_>>());
    ensure!(removed == expected, "{removed:?} are named as removed");
    for made in &made {
        stage.lacks(at(1), made.handle)?;
    }
    lists(stage, 1, Owner::Subject("alice"), &[])?;
    stage.holds(at(1), &bobs)?;
    stage.holds(at(1), &nobodys)?;
    let removed = stage.remove_all(at(1), Owner::Subject("alice"), None)?;
    ensure!(removed.is_empty(), "{removed:?} are removed once more");
    Ok(())
}

fn except(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made: Vec<Made> = (0..3).map(|_| session(at(0), "alice")).collect::<Result<_, _>>()?;
    let bobs = session(at(0), "bob")?;
    for made in made.iter().chain([&bobs]) {
        stage.keep(at(0), made)?;
    }
    let [one, kept, other] = made.as_slice() else { return Err(Fault::new("three were made")) };
    let removed = stage.remove_all(at(1), Owner::Subject("alice"), Some(kept.handle))?;
    ensure!(removed == handles(&[one, other]), "{removed:?} are named as removed");
    stage.holds(at(1), kept)?;
    lists(stage, 1, Owner::Subject("alice"), &[kept])?;
    stage.holds(at(1), &bobs)
}

fn by_upstream(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let (one, other) = (upstream(at(0), "alice", "op", "s")?, upstream(at(0), "bob", "op", "s")?);
    let (elsewhere, here) = (upstream(at(0), "alice", "op", "t")?, session(at(0), "alice")?);
    for made in [&one, &other, &elsewhere, &here] {
        stage.keep(at(0), made)?;
    }
    let owner = Owner::Upstream { issuer: "op", session_id: "s" };
    let removed = stage.remove_all(at(1), owner, None)?;
    ensure!(removed == handles(&[&one, &other]), "{removed:?} are named as removed");
    lists(stage, 1, owner, &[])?;
    lists(stage, 1, Owner::Subject("bob"), &[])?;
    lists(stage, 1, Owner::Subject("alice"), &[&elsewhere, &here])
}

fn remove_expired(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let (one, other) = (session(at(0), "alice")?, session(at(100), "alice")?);
    stage.keep(at(0), &one)?;
    stage.keep(at(100), &other)?;
    let removed = stage.remove_all(at(IDLE), Owner::Subject("alice"), None)?;
    ensure!(removed == handles(&[&other]), "{removed:?} are named as removed");
    stage.lacks(at(IDLE), one.handle)
}

fn moved(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = upstream(at(0), "alice", "op", "s")?;
    stage.keep(at(0), &made)?;
    let bobs = made.next(at(1), |session| session.login("bob"))?;
    stage.replace(at(1), &made, &bobs)?;
    for owner in [Owner::Subject("alice"), Owner::Upstream { issuer: "op", session_id: "s" }] {
        let removed = stage.remove_all(at(1), owner, None)?;
        ensure!(removed.is_empty(), "{owner:?} takes {removed:?} with it");
    }
    stage.holds(at(1), &bobs)?;
    lists(stage, 1, Owner::Subject("bob"), &[&bobs])
}

/// Two of alice's sessions, the second of which cannot be read.
fn one_unreadable(stage: &Stage, hands: &Hands<'_>) -> Result<(Made, Made), Fault> {
    let (sound, broken) = (session(at(0), "alice")?, session(at(0), "alice")?);
    stage.keep(at(0), &sound)?;
    stage.keep(at(0), &broken)?;
    (hands.break_record)(broken.handle)?;
    Ok((sound, broken))
}

fn unreadable_list(stage: &Stage, hands: &Hands<'_>) -> Result<(), Fault> {
    let (sound, _) = one_unreadable(stage, hands)?;
    lists(stage, 0, Owner::Subject("alice"), &[&sound])
}

fn unreadable(stage: &Stage, hands: &Hands<'_>) -> Result<(), Fault> {
    let (sound, broken) = one_unreadable(stage, hands)?;
    let _ = stage.try_remove_all(at(0), Owner::Subject("alice"), None)??;
    stage.lacks(at(0), sound.handle)?;
    stage.lacks(at(0), broken.handle)
}

fn pages(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let mut expected = BTreeSet::new();
    ensure!(stage.pages(at(0), 10)?.is_empty(), "an empty store has pages");
    for number in 0..25 {
        let made = match number % 3 {
            0 => anonymous(at(0))?,
            _ => session(at(0), format!("subject {number}").as_str())?,
        };
        stage.keep(at(0), &made)?;
        expected.insert(made.handle);
    }
    let late = session(at(100), "alice")?;
    stage.keep(at(100), &late)?;
    expected.insert(late.handle);
    for most in [1, 7, 26, 100] {
        let found = stage.pages(at(100), most)?;
        ensure!(found == expected, "pages of {most} hold {found:?}, and not {expected:?}");
    }
    let found = stage.pages(at(IDLE), 10)?;
    ensure!(found == [late.handle].into(), "what has expired is on a page: {found:?}");
    Ok(())
}

fn except_gone(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let (one, other) = (session(at(0), "alice")?, session(at(0), "alice")?);
    let (gone, bobs) = (session(at(0), "alice")?, session(at(0), "bob")?);
    for made in [&one, &other, &gone, &bobs] {
        stage.keep(at(0), made)?;
    }
    stage.remove(at(0), gone.handle)?;
    for absent in [gone.handle, bobs.handle] {
        let removed = stage.remove_all(at(0), Owner::Subject("alice"), Some(absent))?;
        ensure!(removed.is_empty(), "somebody who is not there has ended {removed:?}");
    }
    lists(stage, 0, Owner::Subject("alice"), &[&one, &other])?;
    let removed = stage.remove_all(at(0), Owner::Subject("alice"), Some(one.handle))?;
    ensure!(removed == handles(&[&other]), "{removed:?} are named as removed");
    lists(stage, 0, Owner::Subject("alice"), &[&one])
}
