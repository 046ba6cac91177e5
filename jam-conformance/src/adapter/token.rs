//! The tokens that cases carry. Constants, so that every run sends the same bytes; a test signs
//! each of them again with jam-core.

/// Names as they stand in requests, and the tokens.
pub(crate) const TOKENS: &[(&str, &str)] = &[
    (
        "alice",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsInNjb3BlIjoidXNlciIsImV4cCI6MTgwMDAwMzYwMH0.vvxEIflGMpR91agEzSWSMU9_eQEzPm6dUCMUkhm0qFw",
    ),
    (
        "bob",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJib2IiLCJzY29wZSI6InVzZXIgYWRtaW4iLCJleHAiOjE4MDAwMDM2MDB9.tf8NDdMuV62LtteDtBsKNh-fWbq0njD-ga--aks1aCY",
    ),
    (
        "forged",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsInNjb3BlIjoidXNlciIsImV4cCI6MTgwMDAwMzYwMH0.tf8NDdMuV62LtteDtBsKNh-fWbq0njD-ga--aks1aCY",
    ),
    (
        "carol",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyIjoiY2Fyb2wiLCJleHAiOjE4MDAwMDM2MDB9.Y_YjHeAE6Nn9WtMv7QFkBDafFIwDR8KQpxrcLbdF86Q",
    ),
    (
        "expired",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MTgwMDAwMDAwMH0.WSQv0DpB8VwIsjFn0GiQ_NQeq7gB-PXngoPMTnv4PDQ",
    ),
    (
        "early",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsIm5iZiI6MTgwMDAwMzAwMCwiZXhwIjoxODAwMDAzNjAwfQ.04oA7JPcbH4Owdguoln0VaqqbpCK7ZAg4NwdvNR92kA",
    ),
    (
        "addressed",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImF1ZCI6ImFwaTovL290aGVyIiwiZXhwIjoxODAwMDAzNjAwfQ.zmgBon1CIp-eSt4ejIWrkg8dsMyTiQqQKlB1inb3HN8",
    ),
    (
        "stranger",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MTgwMDAwMzYwMH0.-_CatjdLchtA2aCsZoeOBnsVhSER4eK3lDrhzf9HUDY",
    ),
    (
        "p.ed",
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpOi8va2l0Iiwic3ViIjoiZG9yYSIsInNjb3BlIjoiYWRtaW4iLCJleHAiOjE4MDAwMDM2MDB9.aQLkJ2X7VShNEcWpPOaM0VtWUopGmr6xiUhm4Cg1SX8ztAj1_hlsrkkfPeY_UdeKLDTSJpbJt-PZPbVEwlNlCw",
    ),
    (
        "p.hs",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImhzIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjpbImFwaTovL3NwYXJlIiwiYXBpOi8vbW9yZSJdLCJzdWIiOiJkb3JhIiwic2NvcGUiOiJhZG1pbiIsImV4cCI6MTgwMDAwMzYwMH0.jtFL0vzAbmnMODv3JujlZMe8kw77DGLjM3y0t6GUyJY",
    ),
    (
        "p.bare",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6ImFwcGxpY2F0aW9uL2F0K0pXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpOi8va2l0Iiwic3ViIjoiZG9yYSIsInNjb3BlIjoiYWRtaW4iLCJleHAiOjE4MDAwMDM2MDB9.09dmp33Xg_M5uhpenBWmFXMrOfczLJOYtKr69vNusSM",
    ),
    (
        "p.audience",
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpOi8vb3RoZXIiLCJzdWIiOiJkb3JhIiwic2NvcGUiOiJhZG1pbiIsImV4cCI6MTgwMDAwMzYwMH0.2dbZL7lrTiiG5Ge2KUyJnmkW6ibPcoy7BwuNYvgVtKoi-bv3k0L6hOMgZVvuR6te01CkrR19aS6H3W8IdJTxDg",
    ),
    (
        "p.no-audience",
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiZG9yYSIsInNjb3BlIjoiYWRtaW4iLCJleHAiOjE4MDAwMDM2MDB9.i9SAF8CzyzDfnPSTNRkAwSvwm6GG_JUZVS2yjq6JxQpTEIoyxLU_jleC8zPfm18GY20_17ttHhsQSmMn5W1NBA",
    ),
    (
        "p.issuer",
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUiLCJhdWQiOiJhcGk6Ly9raXQiLCJzdWIiOiJkb3JhIiwic2NvcGUiOiJhZG1pbiIsImV4cCI6MTgwMDAwMzYwMH0.zUwPV__DCst9vcS2V2_4kYub6LQMtoT7Ds8HUb7vC-UYr2pG34aKfq_Bt4clTvCYPGRNIAnG0MPqc7y6v5nrBQ",
    ),
    (
        "p.type",
        "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpOi8va2l0Iiwic3ViIjoiZG9yYSIsInNjb3BlIjoiYWRtaW4iLCJleHAiOjE4MDAwMDM2MDB9.kZcqYXdzpa_tZ6f-JUM0BCoi26_4qx7PYklZ3cb5U9gLouGHI3TqTLf3N_E_6zLg9Hr7pKusD3GRJzDlZ5ZRCw",
    ),
    (
        "p.kid",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6InJldGlyZWQifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpOi8va2l0Iiwic3ViIjoiZG9yYSIsInNjb3BlIjoiYWRtaW4iLCJleHAiOjE4MDAwMDM2MDB9.wEOkaHgLm70uqARRvVpySozl-A1P884ghoTAYaP8suQ",
    ),
    (
        "p.algorithm",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpOi8va2l0Iiwic3ViIjoiZG9yYSIsInNjb3BlIjoiYWRtaW4iLCJleHAiOjE4MDAwMDM2MDB9.oql-X8jzu3bFq0bD7_Q5Bus5ClYQWZlaTc1Wj6V4UpU",
    ),
    (
        "p.expired",
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpOi8va2l0Iiwic3ViIjoiZG9yYSIsInNjb3BlIjoiYWRtaW4iLCJleHAiOjE4MDAwMDAwMDB9.wHDn_BEK5yk3I_VFxyjIdXSivcMEoP8LYShfurOdNvCLbgXRtmIxhX_fvuLlZrO8IKPF6ZZkWZup7ztPDZ-0DQ",
    ),
    (
        "p.no-subject",
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpOi8va2l0IiwiZXhwIjoxODAwMDAzNjAwfQ.gR1W6m_ioli-1htqc4iW2qKIMz2xnVWX9VkQPKi283yTA3QFUsvGG5QPtrYIxZ0BlL4WXAM8uzB-pDKAIV1RDA",
    ),
    (
        "p.large",
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpOi8va2l0Iiwic3ViIjoiZG9yYSIsInNjb3BlIjoiYWRtaW4iLCJwYWRkaW5nIjoieHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHgiLCJleHAiOjE4MDAwMDM2MDB9.dmtUGzzvQ0Bmv_sAIgLE4o4YD8U05sOfxJug2ydv8tUwgZoA4zfRgbTAaeEFB269igms_ThWHLUxfh64eSxKCA",
    ),
];

#[cfg(test)]
mod tests {
    use super::TOKENS;
    use crate::adapter::setup::{NOW, PRIVATE, PUBLIC, SECRET};
    use jam_core::jwt::{JwtBackend, JwtBackendBuilder};
    use jam_core::key::{Algorithm, Key, KeyRing};
    use serde_json::value::RawValue;

    fn secret(secret: &str) -> Key {
        Key::from_secret(Algorithm::HS256, secret).unwrap()
    }

    fn with_id(id: &str) -> Key {
        secret(SECRET).with_id(id).unwrap()
    }

    fn ed() -> Key {
        let public = format!(r#""kty":"OKP","crv":"Ed25519","kid":"ed","x":"{PUBLIC}""#);
        let jwk = format!(r#"{{{public},"d":"{PRIVATE}"}}"#);
        Key::from_jwk(Some(Algorithm::EdDSA), &jwk).unwrap()
    }

    fn backend(key: Key) -> JwtBackendBuilder {
        JwtBackend::builder(KeyRing::new([key]).unwrap())
    }

    /// Claims of text, since the order of members counts; `exp` unless it is among them.
    fn sign(backend: JwtBackendBuilder, claims: &str) -> String {
        let exp = if claims.contains("\"exp\"") {
            String::new()
        } else {
            format!(",\"exp\":{}", NOW + 3600)
        };
        let claims = RawValue::from_string(format!("{{{claims}{exp}}}")).unwrap();
        backend.build().unwrap().signer().sign(&claims).unwrap()
    }

    fn plain(claims: &str) -> String {
        sign(backend(secret(SECRET)), claims)
    }

    const ISSUER: &str = r#""iss":"https://issuer.example""#;
    const AUDIENCE: &str = r#""aud":"api://kit""#;
    const SUBJECT: &str = r#""sub":"dora","scope":"admin""#;

    fn policy(key: Key, kind: &str, claims: &[&str]) -> String {
        sign(backend(key).token_type(kind), &claims.join(","))
    }

    fn plain_tokens() -> Vec<(&'static str, String)> {
        let alice = plain(r#""sub":"alice","scope":"user""#);
        let bob = plain(r#""sub":"bob","scope":"user admin""#);
        let (head, _) = alice.rsplit_once('.').unwrap();
        let (_, signature) = bob.rsplit_once('.').unwrap();
        let forged = format!("{head}.{signature}");
        let other = backend(secret(&SECRET.to_uppercase()));
        vec![
            ("alice", alice),
            ("bob", bob),
            ("forged", forged),
            ("carol", plain(r#""user":"carol""#)),
            ("expired", plain(&format!(r#""sub":"alice","exp":{NOW}"#))),
            ("early", plain(&format!(r#""sub":"alice","nbf":{}"#, NOW + 3000))),
            ("addressed", plain(r#""sub":"alice","aud":"api://other""#)),
            ("stranger", sign(other, r#""sub":"alice""#)),
        ]
    }

    fn policy_tokens() -> Vec<(&'static str, String)> {
        let bare = secret(&format!("{SECRET}-without-an-id"));
        let all = [ISSUER, AUDIENCE, SUBJECT];
        let audiences = r#""aud":["api://spare","api://more"]"#;
        let (expired, padding) =
            (format!(r#""exp":{NOW}"#), format!(r#""padding":"{}""#, "x".repeat(200)));
        let with = |more: &str| policy(ed(), "at+jwt", &[ISSUER, AUDIENCE, SUBJECT, more]);
        vec![
            ("p.ed", policy(ed(), "at+jwt", &all)),
            ("p.hs", policy(with_id("hs"), "at+jwt", &[ISSUER, audiences, SUBJECT])),
            ("p.bare", policy(bare, "application/at+JWT", &all)),
            ("p.audience", policy(ed(), "at+jwt", &[ISSUER, r#""aud":"api://other""#, SUBJECT])),
            ("p.no-audience", policy(ed(), "at+jwt", &[ISSUER, SUBJECT])),
            (
                "p.issuer",
                policy(ed(), "at+jwt", &[r#""iss":"https://other.example""#, AUDIENCE, SUBJECT]),
            ),
            ("p.type", policy(ed(), "JWT", &all)),
            ("p.kid", policy(with_id("retired"), "at+jwt", &all)),
            ("p.algorithm", policy(with_id("ed"), "at+jwt", &all)),
            ("p.expired", with(&expired)),
            ("p.no-subject", policy(ed(), "at+jwt", &[ISSUER, AUDIENCE])),
            ("p.large", with(&padding)),
        ]
    }

    #[test]
    fn each_token_is_the_one_that_core_signs() {
        let signed: Vec<_> = plain_tokens().into_iter().chain(policy_tokens()).collect();
        let table: String =
            signed.iter().map(|(name, token)| format!("    ({name:?}, {token:?}),\n")).collect();
        let known: Vec<_> =
            TOKENS.iter().map(|(name, token)| (*name, (*token).to_owned())).collect();
        assert_eq!(known, signed, "the table should be\n{table}");
    }
}
