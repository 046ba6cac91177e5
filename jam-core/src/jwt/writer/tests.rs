//! Whatever is written is what serde_json writes, and is judged as the strict scan judges it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use proptest::prelude::*;
use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::*;
use crate::ErrorKind;
use crate::jwt::policy::Policy;

/// What the scan says of what serde_json writes, after it was seen that one pass says the same or
/// leaves it to the scan.
fn verdict<T: Serialize + ?Sized>(claims: &T) -> (Result<(), ErrorKind>, Pass) {
    let policy = Policy { audiences: vec!["a".into(), "b".into()], ..Policy::default() };
    let mut by_rule = Observer::new(&policy, None);
    let mut observer = Observer::new(&policy, None);
    let json = write(claims, &mut observer).unwrap();
    assert_eq!(json, serde_json::to_string(claims).unwrap());
    let verdict = by_rule.scan(&json);
    if !observer.complete {
        return (verdict, Pass::Two);
    }
    assert_eq!(verdict, Ok(()), "passed in one pass: {json}");
    assert_eq!(observer.expires_at(), by_rule.expires_at(), "{json}");
    for without_expiry in [false, true] {
        let by_rule = by_rule.judge_minting(without_expiry);
        assert_eq!(observer.judge_minting(without_expiry), by_rule, "{json}");
    }
    (verdict, Pass::One)
}

/// How many passes it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    One,
    Two,
}

const GOOD: (Result<(), ErrorKind>, Pass) = (Ok(()), Pass::One);
const BROKEN: (Result<(), ErrorKind>, Pass) = (Err(ErrorKind::Malformed), Pass::Two);
const WRONG_TYPE: (Result<(), ErrorKind>, Pass) = (Err(ErrorKind::MalformedClaim), Pass::Two);

/// An object with members in this order, the same name twice if need be.
struct Ordered<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Ordered<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

#[derive(Serialize)]
struct Flat<'a, T> {
    exp: u64,
    sub: &'a str,
    #[serde(flatten)]
    rest: T,
}

#[derive(Serialize)]
enum Variant {
    Unit,
    Newtype(u8),
    Tuple(u8, String),
    Struct { a: Option<u8>, b: () },
}

#[derive(Serialize)]
struct Wrapped<T>(T);

#[derive(Serialize)]
struct Pair(u8, &'static str);

#[test]
fn every_kind_of_value_is_written_as_serde_json_writes_it() {
    #[derive(Serialize)]
    struct Numbers {
        a: (u8, u16, u32, u64, u128, i8, i16, i32, i64, i128),
        least: (i8, i16, i32, i64, i128),
        most: (u64, u128, i64),
        floats: (f32, f64, f32, f64, f64, f64, f64),
    }
    let numbers = Numbers {
        a: (0, 1, 10, 99, 100, 7, 8, 9, 10, 11),
        least: (i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN),
        most: (u64::MAX, u128::MAX, i64::MAX),
        floats: (0.1, 0.1, f32::NAN, f64::NAN, f64::INFINITY, 1e300, -0.0),
    };
    assert_eq!(verdict(&numbers), GOOD);
    let texts = [
        "",
        "a",
        "abc",
        "abcd",
        "abcdefgh",
        "ü€😀",
        "\"\\/\u{8}\u{c}\n\r\t\u{1}\u{7f}",
        "sieben\n",
    ];
    assert_eq!(verdict(&json!({ "texts": texts, "flags": [true, false, null] })), GOOD);
    assert_eq!(verdict(&Ordered(vec![("c", 'c'), ("d", '"'), ("e", '😀')])), GOOD);
    let variants = [
        Variant::Unit,
        Variant::Newtype(1),
        Variant::Tuple(2, "b".into()),
        Variant::Struct { a: None, b: () },
    ];
    assert_eq!(verdict(&BTreeMap::from([("v", Wrapped(Some(variants)))])), GOOD);
    assert_eq!(verdict(&BTreeMap::from([("p", (Pair(1, "x"), [(); 0], Wrapped([""])))])), GOOD);
}

#[test]
fn what_is_shown_by_display_or_given_as_bytes_is_written_alike() {
    struct Bytes;
    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&[0, 10, 255])
        }
    }
    struct Shown;
    impl Serialize for Shown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("a{}\"{}", 1, "\u{1f600}"))
        }
    }
    assert_eq!(verdict(&BTreeMap::from([("bytes", Bytes)])), GOOD);
    assert_eq!(verdict(&BTreeMap::from([("sub", Shown)])), GOOD);
    assert_eq!(verdict(&BTreeMap::from([("exp", Shown)])), WRONG_TYPE);
}

#[test]
fn structs_maps_and_flattened_ones_pass_in_one_pass() {
    let nested = json!({ "roles": ["a", { "b": { "c": [] } }], "exp": "not at the top", "aud": 1 });
    assert_eq!(verdict(&Flat { exp: 5, sub: "a", rest: BTreeMap::from([("n", &nested)]) }), GOOD);
    assert_eq!(
        verdict(&Flat { exp: 5, sub: "a", rest: Flat { exp: 6, sub: "", rest: () } }),
        BROKEN
    );
    assert_eq!(verdict(&Flat { exp: 5, sub: "a", rest: BTreeMap::from([("exp", 6)]) }), BROKEN);
    assert_eq!(verdict(&Some(Wrapped(json!({ "exp": 1, "aud": ["a", "b"] })))), GOOD);
    assert_eq!(verdict(&json!({})), GOOD);
}

#[test]
fn hole04_what_is_no_object_never_passes() {
    assert_eq!(verdict(&[1, 2]), BROKEN);
    assert_eq!(verdict(&(1, "a")), BROKEN);
    assert_eq!(verdict(&Value::Null), BROKEN);
    assert_eq!(verdict("{}"), BROKEN);
    assert_eq!(verdict(&5), BROKEN);
    assert_eq!(verdict(&None::<u8>), BROKEN);
    assert_eq!(verdict(&[json!({ "exp": 1 })]), BROKEN);
    assert_eq!(verdict(&Variant::Unit), BROKEN);
    assert_eq!(verdict(&*raw("[{}]")), BROKEN);
}

#[test]
fn variants_at_the_top_are_objects_with_one_claim() {
    #[derive(Serialize)]
    #[allow(non_camel_case_types)]
    enum Claim {
        exp(u64),
        aud(u8, u8),
        iss { a: u8 },
    }
    assert_eq!(verdict(&Claim::exp(5)), GOOD);
    assert_eq!(verdict(&Claim::aud(1, 2)), WRONG_TYPE);
    assert_eq!(verdict(&Claim::iss { a: 1 }), WRONG_TYPE);
    assert_eq!(verdict(&Variant::Struct { a: Some(1), b: () }), (Ok(()), Pass::Two));
    assert_eq!(verdict(&Variant::Tuple(1, String::new())), (Ok(()), Pass::Two));
}

#[test]
fn hole13_names_that_come_twice_are_left_to_the_scan_at_every_level() {
    assert_eq!(verdict(&Ordered(vec![("a", 1), ("b", 2), ("a", 3)])), BROKEN);
    assert_eq!(verdict(&Ordered(vec![("a\n", 1), ("a\n", 2)])), BROKEN);
    assert_eq!(verdict(&BTreeMap::from([("n", Ordered(vec![("a", 1), ("a", 1)]))])), BROKEN);
    assert_eq!(verdict(&json!({ "n": [0, { "a": 1 }, { "a": 1 }] })), GOOD);
    let twice = [Ordered(vec![("a", 1)]), Ordered(vec![("a", 1), ("a", 1)])];
    assert_eq!(verdict(&BTreeMap::from([("n", twice)])), BROKEN);
    // More names than one pass compares.
    let many = |count: usize| (0..count).map(|n| (format!("n{n}"), n)).collect::<Vec<_>>();
    assert_eq!(verdict(&Ordered(many(16))), GOOD);
    assert_eq!(verdict(&Ordered(many(17))), (Ok(()), Pass::Two));
    assert_eq!(verdict(&Ordered([many(17), many(1)].concat())), BROKEN);
}

#[test]
fn hole13_names_that_are_no_text_are_compared_as_they_are_written() {
    #[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
    #[serde(untagged)]
    enum Name {
        Number(i64),
        Flag(bool),
        Letter(char),
        Text(&'static str),
        Some(Option<Wrapped2>),
        Variant(Plain),
    }
    #[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
    struct Wrapped2(u8);
    #[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
    enum Plain {
        One,
    }
    let all = [
        (Name::Number(-1), 0),
        (Name::Flag(true), 0),
        (Name::Letter('"'), 0),
        (Name::Text("1"), 0),
        (Name::Some(Some(Wrapped2(2))), 0),
        (Name::Variant(Plain::One), 0),
    ];
    assert_eq!(verdict(&Ordered(all.into())), GOOD);
    assert_eq!(verdict(&Ordered(vec![(Name::Number(1), 0), (Name::Text("1"), 0)])), BROKEN);
    assert_eq!(verdict(&Ordered(vec![(Name::Flag(true), 0), (Name::Text("true"), 0)])), BROKEN);
    assert_eq!(verdict(&Ordered(vec![(1.5, 0), (2.5, 0)])), GOOD);
}

#[test]
fn text_that_is_json_already_is_judged_like_everything_else() {
    let with =
        |json: &str| verdict(&Flat { exp: 1, sub: "", rest: BTreeMap::from([("r", raw(json))]) });
    for good in
        ["1", "-1.5e3", "\"a\\u0062\"", "[1, {\"a\":[]}]", "{ \"a\" : { \"a\" : 1 } }", "null"]
    {
        assert_eq!(with(good), GOOD, "{good}");
    }
    for bad in [r#"{"a":1,"a":2}"#, r#"[{"a":1,"\u0061":2}]"#, r#""\ud800""#] {
        assert_eq!(with(bad), BROKEN, "{bad}");
    }
    let top = |json: &str| verdict(&BTreeMap::from([("exp", raw(json))]));
    assert_eq!(top("17e8"), GOOD);
    assert_eq!(top("1700000000.5"), GOOD);
    assert_eq!(top("-1"), WRONG_TYPE);
    assert_eq!(top("\"1\""), WRONG_TYPE);
    assert_eq!(verdict(&*raw(r#"{"exp":1}"#)), (Ok(()), Pass::Two));
    assert_eq!(verdict(&*raw(r#"{"exp":1,"exp":1}"#)), BROKEN);
    let list = to_raw_value(&["a", "x"]).unwrap();
    assert_eq!(verdict(&BTreeMap::from([("aud", list)])), GOOD);
}

#[test]
fn what_only_pretends_to_be_json_already_never_passes() {
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::RawValue")]
    struct Fake<T> {
        #[serde(rename = "$serde_json::private::RawValue")]
        text: T,
    }
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::RawValue")]
    struct Empty {}
    for text in ["", "}", "{", "\u{1}", "01", "1 2", "1,\"a\":2"] {
        assert_eq!(verdict(&BTreeMap::from([("a", Fake { text })])), BROKEN, "{text}");
    }
    assert_eq!(verdict(&BTreeMap::from([("a", Fake { text: "1" })])), GOOD);
    // A second claim, smuggled in, is judged as well.
    let smuggled = |text| verdict(&BTreeMap::from([("a", Fake { text })]));
    assert_eq!(smuggled(r#"1,"exp":2"#), (Ok(()), Pass::Two));
    assert_eq!(smuggled(r#"1,"exp":"2""#), WRONG_TYPE);
    assert_eq!(verdict(&BTreeMap::from([("a", Empty {})])), BROKEN);
    let policy = Policy::default();
    let error = write(&Fake { text: 5 }, &mut Observer::new(&policy, None)).unwrap_err();
    assert_eq!(
        error.to_string(),
        serde_json::to_string(&Fake { text: 5 }).unwrap_err().to_string()
    );
}

#[test]
fn hole02_registered_claims_of_the_wrong_type_never_pass() {
    for claims in [
        json!({ "exp": -1 }),
        json!({ "exp": "1" }),
        json!({ "exp": 253_402_300_800_u64 }),
        json!({ "exp": null }),
        json!({ "exp": f64::NAN }),
        json!({ "nbf": [] }),
        json!({ "iat": true }),
        json!({ "iss": 1 }),
        json!({ "sub": null }),
        json!({ "jti": ["a"] }),
        json!({ "aud": { "a": 1 } }),
        json!({ "aud": ["a", 1] }),
    ] {
        assert_eq!(verdict(&claims), WRONG_TYPE, "{claims}");
    }
    for claims in [
        json!({ "exp": 1.5, "nbf": 0, "iat": 253_402_300_799_u64 }),
        json!({ "exp": 1e9, "sub": "\n", "aud": "\"", "iss": "" }),
        json!({ "sub": "a", "jti": "b", "aud": [] }),
    ] {
        assert_eq!(verdict(&claims), GOOD, "{claims}");
    }
    assert_eq!(verdict(&BTreeMap::from([("exp", 1_u128 << 100)])), WRONG_TYPE);
    assert_eq!(verdict(&BTreeMap::from([("exp", 1_i128)])), GOOD);
}

#[test]
fn hole12_depth_and_count_are_bounded_as_in_the_scan() {
    let deep = |levels: usize| {
        let innermost = json!(0);
        json!({ "a": (0..levels).fold(innermost, |inner, _| json!([inner])) })
    };
    assert_eq!(verdict(&deep(63)), GOOD);
    assert_eq!(verdict(&deep(64)), BROKEN);
    assert_eq!(verdict(&deep(100)), BROKEN);
    let raw_at = |levels: usize, inner: &str| {
        let json = format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
        verdict(&BTreeMap::from([("a", [raw(&json)])]))
    };
    assert_eq!(raw_at(62, "0"), GOOD);
    assert_eq!(raw_at(63, "0"), BROKEN);
    let wide = |count: usize| json!({ "a": vec![json!({ "x": 0, "y": 0 }); count] });
    assert_eq!(verdict(&wide(1023)), GOOD);
    assert_eq!(verdict(&wide(1024)), (Err(ErrorKind::TooLarge), Pass::Two));
    let many = format!("[{}]", vec![r#"{"x":0}"#; 2046].join(","));
    let with_many = |more: Vec<(&'static str, Box<RawValue>)>| {
        verdict(&Ordered([vec![("a", raw(&many))], more].concat()))
    };
    assert_eq!(with_many(vec![("b", raw("0"))]), GOOD);
    let refused = (Err(ErrorKind::TooLarge), Pass::Two);
    assert_eq!(with_many(vec![("b", raw("0")), ("c", raw("0"))]), refused);
}

/// A value that cannot be written.
struct Failing;

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        seq.serialize_element(&1)?;
        Err(S::Error::custom("failing"))
    }
}

#[test]
fn errors_are_those_of_serde_json() {
    fn same<T: Serialize>(claims: &T) {
        let policy = Policy::default();
        let error = write(claims, &mut Observer::new(&policy, None)).unwrap_err();
        assert_eq!(error.to_string(), serde_json::to_string(claims).unwrap_err().to_string());
    }
    same(&Failing);
    same(&BTreeMap::from([("a", Failing)]));
    same(&Ordered(vec![((1, 2), 0)]));
    same(&Ordered(vec![(f64::NAN, 0)]));
    same(&Ordered(vec![(Failing, 0)]));
    same(&Ordered(vec![((), 0)]));
}

#[test]
fn a_type_that_passes_over_errors_or_breaks_the_order_never_passes() {
    type Step = fn(&mut dyn FnMut(Part));
    enum Part {
        Key(&'static str),
        Value,
        Failing,
        FailingKey,
    }
    struct Loose(Step);
    impl Serialize for Loose {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            (self.0)(&mut |part| {
                let _ = match part {
                    Part::Key(name) => map.serialize_key(name),
                    Part::Value => map.serialize_value(&1),
                    Part::Failing => map.serialize_value(&Failing),
                    Part::FailingKey => map.serialize_key(&()),
                };
            });
            map.end()
        }
    }
    use Part::{Failing as F, FailingKey as X, Key, Value as V};
    let steps: [Step; 6] = [
        |go| go(Key("a")),
        |go| [Key("a"), Key("b"), V].into_iter().for_each(go),
        |go| [V].into_iter().for_each(go),
        |go| [Key("a"), V, V].into_iter().for_each(go),
        |go| [Key("a"), F, Key("b"), V].into_iter().for_each(go),
        |go| [X, V].into_iter().for_each(go),
    ];
    let policy = Policy::default();
    for (number, step) in steps.into_iter().enumerate() {
        for claims in [&Loose(step) as &dyn Fenced, &BTreeMap::from([("n", Loose(step))])] {
            let mut observer = Observer::new(&policy, None);
            let json = claims.written(&mut observer);
            assert!(!observer.complete, "step {number}: {json}");
            assert_eq!(observer.scan(&json), Err(ErrorKind::Malformed), "step {number}: {json}");
        }
    }
}

trait Fenced {
    fn written(&self, observer: &mut Observer<'_>) -> String;
}

impl<T: Serialize> Fenced for T {
    fn written(&self, observer: &mut Observer<'_>) -> String {
        write(self, observer).unwrap()
    }
}

#[test]
fn values_are_asked_once() {
    struct Once(Cell<u8>);
    impl Serialize for Once {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.set(self.0.get() + 1);
            serializer.collect_seq([1, 1])
        }
    }
    let policy = Policy::default();
    let claims = BTreeMap::from([("a", Once(Cell::new(0)))]);
    let json = write(&claims, &mut Observer::new(&policy, None)).unwrap();
    assert_eq!((json.as_str(), claims["a"].0.get()), (r#"{"a":[1,1]}"#, 1));
}

/// Any tree, its objects with names that may come twice.
#[derive(Clone)]
enum Tree {
    Leaf(Value),
    Raw(Box<RawValue>),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(value) => value.serialize(serializer),
            Self::Raw(value) => value.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

fn leaves() -> impl Strategy<Value = Tree> {
    let raws = [r#"{"a":1}"#, r#"{"a":1,"a":1}"#, " 1 ", r#""\ud800""#, r#""a""#, "[[1e9]]"];
    prop_oneof![
        any::<u64>().prop_map(|n| Tree::Leaf(n.into())),
        any::<i64>().prop_map(|n| Tree::Leaf(n.into())),
        any::<f64>().prop_map(|n| Tree::Leaf(n.into())),
        any::<bool>().prop_map(|n| Tree::Leaf(n.into())),
        ".{0,12}".prop_map(|text| Tree::Leaf(text.into())),
        prop::sample::select(raws.map(str::trim).map(raw).to_vec()).prop_map(Tree::Raw),
    ]
}

fn trees() -> impl Strategy<Value = Tree> {
    let names = prop_oneof![
        prop::sample::select(vec!["exp", "nbf", "iat", "iss", "sub", "aud", "jti", "a", "b"])
            .prop_map(String::from),
        ".{0,10}",
    ];
    leaves().prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::List),
            prop::collection::vec((names.clone(), inner), 0..20).prop_map(Tree::Object),
        ]
    })
}

proptest! {
    #[test]
    fn any_tree_is_written_and_judged_as_by_serde_json_and_the_scan(tree in trees()) {
        let (by_rule, pass) = verdict(&tree);
        prop_assert!(by_rule.is_ok() || pass == Pass::Two);
    }
}
