//! The commands about the gate, as people type them.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::demo_items;

use crate::programs::Programs;

const RISK: &str = include_str!("../../../end2end/demo/risk.csv");

/// Whether a command succeeded, what it said, and what it complained of.
fn run(programs: &Programs, arguments: &[&str]) -> (bool, String, String) {
    let output = programs.command_piped(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[sqlx::test(migrations = "../migrations")]
async fn rules_for_the_gate_are_imported_compared_published_and_rolled_back_and_mistakes_are_told_by_line_and_column(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let programs = Programs::with_nothing_running(connect).await;
    assert!(run(&programs, &["seed"]).0);
    let path = programs.folder.join("risk.csv");
    let file = path.to_str().unwrap();
    let import = |text: &str| {
        std::fs::write(&path, text).unwrap();
        run(&programs, &["import", "risk", file, "--as", "ann"])
    };
    let heading = RISK.lines().next().unwrap();
    let rows = [
        ("a,threshold,,,,,,,", "line 2, amount: is empty, and threshold needs it"),
        ("b,threshold,5.001,,,,,,", "line 3, amount: 5.001 has more than the 2 decimal places of USD"),
        ("c,threshold,5,usd,,,,,", "line 4, currency: \"usd\" must be three capital letters, like USD"),
        ("d,threshold,5.5,JPY,,,,,", "line 5, amount: 5.5 has more than the 0 decimal places of JPY"),
        ("e,threshold,5,,3,,,,", "line 6, incidents: means nothing for threshold: leave it empty"),
        ("f,conditional,5,,,,,,much", "line 7, hold: \"much\" is not a number like 12.50; a hold is an amount"),
        ("g,conditional,0,,,,,,+balance", "line 8, amount: the amount must be more than nothing"),
        ("h,conditional,5,,,,,,2000 %", "line 9, hold: the hold must be between 0 % and 1000 %"),
        ("i,incidents,,,0,,,,", "line 10, incidents: the number of unpaid visits must be at least 1"),
        ("j,incidents,,,3,9999,,,", "line 11, within_days: the window must be 1 to 3650 days"),
        ("k,risk,,,,,BadDebt,deny,", "line 12, risk: BadDebt is judged by our own records"),
        ("l,risk,,,,,ExpiredCard,shrug,", "line 13, action: \"shrug\" must be one of deny, condition"),
        ("m,risk,,,,,ExpiredCard,condition,", "line 14, hold: is empty, and condition needs it"),
        ("n,risk,,,,,ExpiredCard,deny,50 %", "line 15, hold: means nothing for deny: leave it empty"),
        ("o,guess,,,,,,,", "line 16, kind: \"guess\" must be one of threshold, conditional, incidents, sum, risk"),
        ("p,sum,-1,,,,,,", "line 17, amount: the amount must not be negative"),
        ("p,sum,1,,,,,,", "line 18, rule: another rule has this name (line 17)"),
        (",sum,1,,,,,,", "line 19, rule: is empty"),
        ("q,risk,,,,,Mould,condition,+balance", "line 20, hold: +balance needs a balance"),
        ("r,risk,,,,,Mould,deny,", "line 21, kind: the rule q says something about the same already (line 20)"),
    ];
    let lines = rows.map(|(row, _)| row).join("\n");
    let (done, _, why) = import(&format!("{heading}\n{lines}\n"));
    assert!(!done && why.contains("20 mistakes, nothing was imported"), "{why}");
    for (_, reason) in rows {
        assert!(why.contains(reason), "{reason}\nis not in\n{why}");
    }
    assert!(import("rule,kind,ammount\n").2.contains("\"ammount\" is no column of this file"));

    let (done, said, why) = import(RISK);
    assert!(done && said.contains("7 rows are now in the draft"), "{said}{why}");
    for line in [
        "Rules for the gate: 7 differ",
        "+ small-debts: a balance below 5.00 USD opens",
        "+ first-debt: a balance below 30.00 USD for at most 1 visits opens with the balance added to the hold",
        "+ repeat-offender: 3 unpaid visits within 90 days deny",
        "+ large-debts: a balance over 250.00 USD denies",
        "+ medium-risk: NonpaymentMediumRisk opens with 50 % of the hold",
        "+ unvetted-card: FailureToVetCard denies",
        "+ moved-house: BillingAddressInvalid is accepted",
    ] {
        assert!(said.contains(line), "{line}\nis not in\n{said}");
    }
    let (done, _, why) = run(&programs, &["rules", "publish", "--as", "ann"]);
    assert!(!done && why.contains("a second person must publish it"), "{why}");
    let (done, said, _) = run(&programs, &["rules", "publish", "--as", "ben"]);
    assert!(done && said.contains("the gate decides the next tap by it"), "{said}");
    assert!(run(&programs, &["rules", "list"]).1.contains("(7 rows of risk.csv)"));
    let (done, said, _) = import(&RISK.replace("5.00,USD,,,,,\n", "6.00,USD,,,,,\n"));
    assert!(done && said.contains("- small-debts: a balance below 5.00 USD opens"), "{said}");
    assert!(run(&programs, &["rules", "publish", "--as", "ben"]).0);
    assert!(run(&programs, &["rules", "rollback", "--as", "ben"]).0);
    let in_force =
        "SELECT rules ->> 0 FROM rule_set JOIN rule_part ON rule_part_id = risk_id ORDER BY in_force_from DESC LIMIT 1";
    let first: String = sqlx::query_scalar(in_force).fetch_one(&programs.database).await.unwrap();
    assert!(first.contains("500"), "the rollback brought the first list back: {first}");
}

#[sqlx::test(migrations = "../migrations")]
async fn staff_block_allow_clear_and_list_instruments_and_look_at_decisions_and_print_signs(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let programs = Programs::prepare(connect).await;
    let debtor = programs.twin.walk("insufficient", &demo_items(2)).await.unwrap().trip;
    programs.until_ended(debtor, "uncollected").await;
    let visa = programs.twin.card("visa").unwrap().instrument;
    assert!(programs.twin.tap("visa").await.unwrap().admitted());

    let denied = programs.twin.tap("insufficient").await.unwrap();
    let (done, said, why) = run(&programs, &["gate", "show", &denied.gate_event.to_string()]);
    assert!(done, "{why}");
    for words in [
        "DENIED",
        "reason: outstanding_balance, rule: any_balance",
        "outstanding: 10.32 USD",
        "differs from Amazon's recommendation: deny",
        "the shopper may be told: An earlier visit is not paid yet.",
        &format!("http://{}/balance", programs.addr),
    ] {
        assert!(said.contains(words), "{words}\nis not in\n{said}");
    }
    let (done, _, why) = run(&programs, &["gate", "show", "no-such-event"]);
    assert!(!done && why.contains("no tap with the gate event no-such-event was decided"), "{why}");

    let by = ["--as", "ann", "--reason", "seen on the camera of the gate"];
    let block = |until: &str, by: &[&str]| {
        let words = [&["gate", "block", visa.as_str(), "--until", until][..], by].concat();
        run(&programs, &words)
    };
    let (done, said, why) = block("2035-12-01T06:00:00Z", &by);
    assert!(done && said.contains("stays out at every store until 2035-12-01T06:00:00Z"), "{said}{why}");
    assert!(!programs.twin.tap("visa").await.unwrap().admitted(), "the running program knows at once");
    assert!(run(&programs, &["gate", "list"]).1.contains("seen on the camera of the gate"));
    assert!(block("2020-01-01T00:00:00Z", &by).2.contains("--until must be later than now"));
    assert!(block("tomorrow", &by).2.contains("is not a moment like"));
    assert!(block("2035-12-01T06:00:00Z", &["--as", "ann", "--reason", "short"]).2.contains("10 to 500 characters"));
    assert!(block("2035-12-01T06:00:00Z", &["--as", "zoe", by[2], by[3]]).2.contains("nobody named zoe works here"));
    assert!(!run(&programs, &["gate", "block", &visa, by[0], by[1], by[2], by[3]]).0, "no end is no answer");

    let clear = [&["gate", "clear", visa.as_str()][..], &by].concat();
    assert!(run(&programs, &clear).1.contains("is on no list at every store any more"));
    assert!(run(&programs, &clear).2.contains("the instrument is on no list there"));
    assert!(programs.twin.tap("visa").await.unwrap().admitted());
    let insufficient = programs.twin.card("insufficient").unwrap().instrument;
    let until = ["--until", "2035-12-01T06:00:00Z", "--store", "TEST_STORE_001"];
    let allow = [&["gate", "allow", insufficient.as_str()][..], &until, &by].concat();
    assert!(run(&programs, &allow).1.contains("comes in at TEST_STORE_001 until"));
    let allowed = programs.twin.tap("insufficient").await.unwrap();
    assert!(allowed.admitted());
    let shown = run(&programs, &["gate", "show", &allowed.gate_event.to_string()]).1;
    assert!(shown.contains("reason: allowed, rule: allow_list"), "never silently: {shown}");

    let (done, sign, _) = run(&programs, &["gate", "sign", "--store", "TEST_STORE_001"]);
    assert!(done && sign.starts_with("<svg ") && sign.trim_end().ends_with("</svg>"), "{sign}");
    assert!(sign.contains(&format!(">{}/balance</text>", programs.addr)), "{sign}");
    assert!(run(&programs, &["gate", "sign", "--store", "ELSEWHERE"]).2.contains("is not served here"));
}
