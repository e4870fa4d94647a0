use super::*;

#[test]
fn a_tail_is_four_digits_however_they_are_typed() {
    for typed in ["4242", " 42 42 ", "42-42"] {
        assert_eq!(typed.parse::<CardTail>().map(|it| it.expose().to_owned()), Ok("4242".to_owned()), "{typed}");
    }
    for typed in ["", "424", "42421", "424a", "٤٢٤٢", "\u{202e}4242", "💳"] {
        assert_eq!(typed.parse::<CardTail>().err(), Some(CardFactError::Tail), "{typed}");
    }
}

#[test]
fn a_whole_card_number_is_refused_for_what_it_is_and_is_in_no_error() {
    for typed in ["4242424242424242", "4242 4242 4242 4242", "4242-4242", "card 378282246310005!"] {
        let refused = typed.parse::<CardTail>().err().unwrap();
        assert_eq!(refused, CardFactError::WholeNumber, "{typed}");
        assert!(!format!("{refused} {refused:?}").contains("4242"));
    }
    assert_eq!("4242424242424242".parse::<CardExpiry>().err(), Some(CardFactError::WholeNumber));
}

#[test]
fn an_expiry_is_read_as_cards_have_it() {
    for typed in ["09/31", "9/31", "09 / 2031", "9-2031", "0931", "092031"] {
        let read = typed.parse::<CardExpiry>().map(|it| (it.month(), it.year()));
        assert_eq!(read, Ok((9, 2031)), "{typed}");
    }
    for typed in ["", "13/31", "00/31", "9", "9/1", "9/31/1", "sep 31", "٠٩/٣١"] {
        assert_eq!(typed.parse::<CardExpiry>().err(), Some(CardFactError::Expiry), "{typed}");
    }
}

#[test]
fn a_last_fact_is_the_strongest_that_was_typed() {
    let total = |typed| {
        LastFact::new(typed, "").map(|it| match it {
            LastFact::Total(total) => Some(total.to_string()),
            LastFact::Statement(_) | LastFact::Missing => None,
        })
    };
    for typed in ["14.81", "$14.81", " 14,81 ", "€ 14.81"] {
        assert_eq!(total(typed), Ok(Some("14.81".to_owned())), "{typed}");
    }
    for typed in ["-1", "1.2.3", "fourteen", "1,234.50", "99999999999999999999", "NaN"] {
        assert_eq!(total(typed), Err(CardFactError::Total), "{typed}");
    }
    assert_eq!(LastFact::new(" ", " ").unwrap().fact(), Fact::Missing);
    assert_eq!(LastFact::new("nonsense", " ABC-1 ").unwrap().fact(), Fact::Statement);
    for typed in ["a b", "\u{202e}x", &"1".repeat(129)] {
        assert!(LastFact::new("", typed).is_err(), "{typed}");
    }
}

#[test]
fn a_day_holds_every_wall_clock_of_it_and_is_a_day_at_all() {
    let claim = CardClaim {
        store: StoreId::new("S").unwrap(),
        day: CardClaim::day("2026-11-21").unwrap(),
        tail: "4242".parse().unwrap(),
        expiry: "09/31".parse().unwrap(),
        last: LastFact::Missing,
    };
    let (from, until) = claim.moments();
    assert_eq!((from.unix_timestamp(), until.unix_timestamp()), (1_795_176_000, 1_795_348_800));
    assert_eq!(format!("{claim:?}"), "CardClaim(…)");
    for typed in ["", "21.11.2026", "2026-02-30", "2026-11-21T00:00"] {
        assert_eq!(CardClaim::day(typed).err(), Some(CardFactError::Day), "{typed}");
    }
    // The ends of the calendar do no harm.
    for day in [Date::MIN, Date::MAX] {
        let (from, until) = CardClaim { day, ..claim.clone() }.moments();
        assert!(from < until);
    }
}
