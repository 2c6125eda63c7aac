//! Which messages are well formed.

use super::*;

type Lines<'a> = [(&'a str, &'a str)];

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "https"), (":authority", "a.example"), (":path", "/")];

fn section(lines: &Lines<'_>) -> FieldSection {
    let mut section = FieldSection::new();
    lines.iter().for_each(|(name, value)| {
        section.push(&Field::new(name.as_bytes(), value.as_bytes()));
    });
    section
}

/// The outcome for a section, received under the plain rules.
fn received(kind: Kind, lines: &Lines<'_>) -> Result<Head, MessageError> {
    check(kind, &section(lines), Rules::default())
}

fn sent(kind: Kind, lines: &Lines<'_>) -> Result<Head, MessageError> {
    let fields = lines.iter().map(|(name, value)| Field::new(name.as_bytes(), value.as_bytes()));
    check_outgoing(kind, fields, Rules::default())
}

/// A GET request with more lines at its end.
fn get_with<'a>(more: &Lines<'a>) -> Vec<(&'a str, &'a str)> {
    GET.iter().chain(more).copied().collect()
}

/// A GET request without one of its lines.
fn get_without(name: &str) -> Vec<(&'static str, &'static str)> {
    GET.into_iter().filter(|line| line.0 != name).collect()
}

/// A GET request with another value of one of its lines.
fn get_but<'a>(name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let line = |line: (&'a str, &'a str)| if line.0 == name { (line.0, value) } else { line };
    GET.into_iter().map(line).collect()
}

#[test]
fn the_head_tells_what_http3_needs() {
    let lines = get_with(&[("content-length", "12"), ("priority", "u=1, i"), ("cookie", "a=b")]);
    let priority = Some(Priority { urgency: 1, incremental: true, ..Priority::default() });
    let head = Head { method: Method::Get, content_length: Some(12), priority, ..Head::default() };
    assert_eq!(received(Kind::Request, &lines), Ok(head));
    assert!(!head.is_interim());
    let methods = [("HEAD", Method::Head), ("OPTIONS", Method::Options), ("get", Method::Other)];
    for (name, method) in methods {
        let head = received(Kind::Request, &get_but(":method", name));
        assert_eq!(head.map(|head| head.method), Ok(method));
    }
    let head = received(Kind::Response, &[(":status", "204"), ("priority", "u=1")]);
    assert_eq!(head, Ok(Head { status: 204, ..Head::default() }));
}

// RFC 9114 section 4.2.
#[test]
fn names_with_upper_case_letters_or_other_wrong_characters_are_malformed() {
    for name in ["Accept", "x y", "", "x:", "x\0", "x\u{e9}", "x\r", "x(y)"] {
        assert_eq!(received(Kind::Request, &get_with(&[(name, "1")])), Err(MessageError::BadName));
        assert_eq!(received(Kind::Trailers, &[(name, "1")]), Err(MessageError::BadName));
    }
    assert_eq!(received(Kind::Request, &[(":Method", "GET")]), Err(MessageError::UnknownPseudo));
}

// RFC 9114 sections 4.2 and 10.3.
#[test]
fn values_with_control_characters_or_blanks_at_the_ends_are_malformed() {
    for value in ["a\0", "a\rb", "a\nb", "\u{7f}", "\u{1}", " a", "a ", "\ta", " "] {
        let lines = get_with(&[("x", value)]);
        assert_eq!(received(Kind::Request, &lines), Err(MessageError::BadValue), "{value:?}");
        assert_eq!(
            received(Kind::Request, &get_but(":authority", value)),
            Err(MessageError::BadValue)
        );
    }
    assert!(received(Kind::Request, &get_with(&[("x", "a \t\u{e9}"), ("y", "")])).is_ok());
}

// RFC 9114 section 4.2.
#[test]
fn connection_specific_fields_are_malformed() {
    let names = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
    for line in names.map(|name| (name, "x")).into_iter().chain([("te", "gzip"), ("te", "")]) {
        let error = Err(MessageError::ConnectionSpecific);
        assert_eq!(received(Kind::Request, &get_with(&[line])), error, "{line:?}");
        assert_eq!(received(Kind::Response, &[(":status", "200"), line]), error, "{line:?}");
        assert_eq!(received(Kind::Trailers, &[line]), error, "{line:?}");
        assert_eq!(sent(Kind::Request, &get_with(&[line])), error, "{line:?}");
    }
    assert!(received(Kind::Request, &get_with(&[("te", "trailers")])).is_ok());
    assert!(sent(Kind::Request, &get_with(&[("te", "Trailers")])).is_ok());
}

#[test]
fn upgrades_pass_for_hosts_that_ask_for_them() {
    let rules = Rules { upgrade_fields: true, ..Rules::default() };
    let upgrade = [("connection", "Upgrade"), ("upgrade", "websocket")];
    let switching = [(":status", "101"), upgrade[0], upgrade[1]];
    assert!(check(Kind::Request, &section(&get_with(&upgrade)), rules).is_ok());
    let head = check(Kind::Response, &section(&switching), rules);
    assert!(head.is_ok_and(|head| head.is_interim()));
    let kept = section(&get_with(&[("keep-alive", "5")]));
    assert_eq!(check(Kind::Request, &kept, rules), Err(MessageError::ConnectionSpecific));
    // RFC 9114 section 4.5.
    assert_eq!(received(Kind::Response, &switching[..1]), Err(MessageError::SwitchingProtocols));
    assert_eq!(sent(Kind::Response, &switching[..1]), Err(MessageError::SwitchingProtocols));
}

// RFC 9114 section 4.3.
#[test]
fn pseudo_fields_are_known_unique_and_first() {
    let cases = [
        (get_with(&[(":status", "200")]), MessageError::UnknownPseudo),
        (get_with(&[(":x", "1")]), MessageError::UnknownPseudo),
        (get_with(&[(":path", "/")]), MessageError::DuplicatePseudo),
        (vec![GET[0], GET[1], ("x", "1"), GET[2], GET[3]], MessageError::LatePseudo),
    ];
    for (lines, error) in cases {
        assert_eq!(received(Kind::Request, &lines), Err(error), "{lines:?}");
    }
    let response = |line| received(Kind::Response, &[(":status", "200"), line]);
    assert_eq!(response((":path", "/")), Err(MessageError::UnknownPseudo));
    assert_eq!(response((":status", "200")), Err(MessageError::DuplicatePseudo));
    for name in [":status", ":path", ":x"] {
        let trailers = [("x", "1"), (name, "2")];
        assert_eq!(received(Kind::Trailers, &trailers[1..]), Err(MessageError::PseudoInTrailers));
        assert_eq!(received(Kind::Trailers, &trailers), Err(MessageError::LatePseudo));
    }
}

// RFC 9114 section 4.3.1.
#[test]
fn a_request_needs_method_scheme_path_and_authority() {
    let missing = [
        (":method", MessageError::NoMethod),
        (":scheme", MessageError::NoScheme),
        (":path", MessageError::NoPath),
        (":authority", MessageError::NoAuthority),
    ];
    for (name, error) in missing {
        assert_eq!(received(Kind::Request, &get_without(name)), Err(error));
    }
    let bad = [
        (":method", "", MessageError::BadMethod),
        (":method", "GE T", MessageError::BadMethod),
        (":scheme", "", MessageError::BadScheme),
        (":scheme", "1s", MessageError::BadScheme),
        (":path", "", MessageError::BadPath),
        (":path", "x", MessageError::BadPath),
        (":path", "*", MessageError::BadPath),
        (":path", "/a b", MessageError::BadPath),
        (":authority", "", MessageError::BadAuthority),
        (":authority", "a b", MessageError::BadAuthority),
        (":authority", "user@a", MessageError::BadAuthority),
    ];
    for (name, value, error) in bad {
        assert_eq!(received(Kind::Request, &get_but(name, value)), Err(error), "{name} {value}");
    }
    let mut asterisk = get_but(":path", "*");
    asterisk[0].1 = "OPTIONS";
    assert!(received(Kind::Request, &asterisk).is_ok());
    let urn = [(":method", "GET"), (":scheme", "urn"), (":path", "")];
    assert!(received(Kind::Request, &urn).is_ok());
}

// RFC 9114 section 4.3.1.
#[test]
fn host_may_stand_for_authority_but_not_against_it() {
    let host_alone: Vec<_> = get_without(":authority").into_iter().chain([("host", "a")]).collect();
    assert!(received(Kind::Request, &host_alone).is_ok());
    let with_host = |host| received(Kind::Request, &get_with(&[("host", host)]));
    assert!(with_host("a.example").is_ok() && with_host("A.example").is_ok());
    assert_eq!(with_host("b.example"), Err(MessageError::AuthorityNotHost));
    assert_eq!(with_host(""), Err(MessageError::AuthorityNotHost));
    let twice = get_with(&[("host", "a.example"), ("host", "a.example")]);
    assert_eq!(received(Kind::Request, &twice), Err(MessageError::DuplicateHost));
    let mut empty = host_alone;
    empty[3].1 = "";
    assert_eq!(received(Kind::Request, &empty), Err(MessageError::BadAuthority));
}

// RFC 9114 section 4.4.
#[test]
fn connect_has_method_and_authority_only() {
    let connect = [(":method", "CONNECT"), (":authority", "a.example:443")];
    let head = received(Kind::Request, &connect);
    assert_eq!(head.map(|head| head.method), Ok(Method::Connect));
    for line in [(":scheme", "https"), (":path", "/")] {
        let lines = [connect[0], connect[1], line];
        assert_eq!(received(Kind::Request, &lines), Err(MessageError::ConnectWithTarget));
    }
    assert_eq!(received(Kind::Request, &connect[..1]), Err(MessageError::NoAuthority));
    let host = [connect[0], ("host", "a.example:443")];
    assert_eq!(received(Kind::Request, &host), Err(MessageError::NoAuthority));
}

// RFC 9220 section 3, RFC 8441 section 4.
#[test]
fn extended_connect_needs_the_setting_and_a_whole_target() {
    let mut lines = get_with(&[(":protocol", "websocket")]);
    assert_eq!(received(Kind::Request, &lines), Err(MessageError::ProtocolWithoutConnect));
    lines[0].1 = "CONNECT";
    assert_eq!(received(Kind::Request, &lines), Err(MessageError::ExtendedConnectDisabled));
    assert_eq!(sent(Kind::Request, &lines), Err(MessageError::ExtendedConnectDisabled));
    let rules = Rules { extended_connect: true, ..Rules::default() };
    let head = check(Kind::Request, &section(&lines), rules);
    assert_eq!(head.map(|head| head.method), Ok(Method::ExtendedConnect));
    let missing = [MessageError::NoScheme, MessageError::NoAuthority, MessageError::NoPath];
    for (index, error) in missing.into_iter().enumerate() {
        let mut lines = lines.clone();
        lines.remove(index + 1);
        assert_eq!(check(Kind::Request, &section(&lines), rules), Err(error));
    }
    lines[4].1 = "";
    assert_eq!(check(Kind::Request, &section(&lines), rules), Err(MessageError::BadProtocol));
}

// RFC 9114 section 4.3.2, RFC 9110 section 15.
#[test]
fn a_response_needs_a_status_of_three_digits() {
    assert_eq!(received(Kind::Response, &[]), Err(MessageError::NoStatus));
    assert_eq!(received(Kind::Response, &[("x", "1")]), Err(MessageError::NoStatus));
    for status in ["", "20", "2000", "2x0", "099", "+20"] {
        let head = received(Kind::Response, &[(":status", status)]);
        assert_eq!(head, Err(MessageError::BadStatus), "{status}");
    }
    for (status, interim) in [("100", true), ("103", true), ("200", false), ("599", false)] {
        let head = received(Kind::Response, &[(":status", status)]);
        assert!(head.is_ok_and(|head| head.is_interim() == interim), "{status}");
    }
}

// RFC 9110 section 8.6, RFC 9114 section 4.1.2.
#[test]
fn content_lengths_are_numbers_that_agree() {
    let with = |values: &[&'static str]| {
        let more: Vec<_> = values.iter().map(|value| ("content-length", *value)).collect();
        received(Kind::Request, &get_with(&more)).map(|head| head.content_length)
    };
    assert_eq!(with(&["18446744073709551615"]), Ok(Some(u64::MAX)));
    assert_eq!(with(&["007", "7"]), Ok(Some(7)));
    assert_eq!(with(&["7", "8"]), Err(MessageError::ConflictingContentLength));
    for value in ["", "-1", "+1", "1 2", "0x1", "7, 7", "18446744073709551616"] {
        assert_eq!(with(&[value]), Err(MessageError::BadContentLength), "{value}");
    }
    assert!(received(Kind::Trailers, &[("content-length", "x"), ("host", "")]).is_ok());
}

// RFC 9218 section 5, RFC 9110 section 5.3.
#[test]
fn priority_lines_make_one_field() {
    let with =
        |lines: &Lines<'_>| received(Kind::Request, &get_with(lines)).map(|head| head.priority);
    let priority = Priority { urgency: 1, incremental: true, ..Priority::default() };
    assert_eq!(with(&[]), Ok(None));
    assert_eq!(with(&[("priority", "u=1"), ("priority", "i")]), Ok(Some(priority)));
    let broken = [("priority", "u=1"), ("priority", "u="), ("priority", "i")];
    assert_eq!(with(&broken), Ok(Some(Priority::default())));
}

// RFC 9114 section 4.2.1.
#[test]
fn split_cookies_are_joined() {
    let lines = get_with(&[("cookie", "a=b"), ("x", "1"), ("cookie", "c=d"), ("cookie", "e=f")]);
    let mut joined = section(&lines);
    assert!(received(Kind::Request, &lines).is_ok_and(|head| head.split_cookie));
    join_cookies(&mut joined);
    assert_eq!(joined.len(), 6);
    assert_eq!(joined.get(4), Some(Field::new(b"x", b"1")));
    assert_eq!(joined.get(5), Some(Field::new(b"cookie", b"a=b; c=d; e=f")));
    assert_eq!(joined.size(), joined.iter().map(|field| field.size()).sum::<u64>());
    assert!(check(Kind::Request, &joined, Rules::default()).is_ok_and(|head| !head.split_cookie));
}

// RFC 9114 section 4.2, 4.3 and 10.3.
#[test]
fn what_a_peer_would_call_malformed_is_not_sent() {
    let cases = [
        (("keep-alive", "1"), MessageError::ConnectionSpecific),
        (("x y", "1"), MessageError::BadName),
        (("x", "a\r\nb: c"), MessageError::BadValue),
        (("x", "a\0"), MessageError::BadValue),
        ((":path", "/"), MessageError::DuplicatePseudo),
        ((":x", ""), MessageError::UnknownPseudo),
    ];
    for (line, error) in cases {
        assert_eq!(sent(Kind::Request, &get_with(&[line])), Err(error), "{line:?}");
    }
    assert_eq!(sent(Kind::Request, &get_without(":path")), Err(MessageError::NoPath));
    assert_eq!(sent(Kind::Response, &[("x", "1")]), Err(MessageError::NoStatus));
    assert_eq!(sent(Kind::Trailers, &[(":status", "200")]), Err(MessageError::PseudoInTrailers));
}

#[test]
fn errors_have_words() {
    assert_eq!(MessageError::LatePseudo.to_string(), "pseudo-field behind a regular field");
}
