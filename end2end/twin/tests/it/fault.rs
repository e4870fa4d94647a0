use std::time::{Duration, Instant, SystemTime};

use twin::{Api, Fault, Times};

use crate::support::*;

#[tokio::test]
async fn throttling_and_failures_have_the_shapes_of_the_contract_and_no_effect() {
    let (twin, tap) = inside("visa").await;
    twin.fault(Api::Adjust, Fault::TooManyRequests, 1);
    twin.fault(Api::Adjust, Fault::ServiceException, 1);
    twin.fault(Api::Adjust, Fault::ServiceUnavailable { retry_after_seconds: 7 }, 1);

    let throttled = post(&twin, ADJUST, &charge(tap.trip, "5.00")).await;
    assert_eq!((throttled.status, throttled.retry_after.as_deref()), (429, Some("600")));
    let failed = post(&twin, ADJUST, &charge(tap.trip, "5.00")).await;
    assert_eq!(failed.error(), (500, "ServiceException".to_owned()));
    let away = post(&twin, ADJUST, &charge(tap.trip, "5.00")).await;
    assert_eq!(away.text, r#"{"errorMsg":"ServiceUnavailableException","retryAfter":"7"}"#);
    assert_eq!(twin.truth().trip(tap.trip).adjust_calls, 0);

    assert_eq!(post(&twin, ADJUST, &charge(tap.trip, "5.00")).await.status, 200, "the faults are used up");
}

#[tokio::test]
async fn a_lost_answer_has_its_effect_and_gives_the_caller_nothing() {
    let (twin, tap) = inside("visa").await;
    post(&twin, ADJUST, &charge(tap.trip, "5.00")).await;
    twin.fault(Api::Capture, Fault::LoseAnswer, 1);
    let body = charge(tap.trip, "5.00").to_string();
    let lost = try_post(&twin, CAPTURE, &body, STORESIDE, SystemTime::now()).await;
    assert!(lost.is_none(), "{lost:?}");

    let truth = twin.truth();
    assert_eq!(truth.trip(tap.trip).captures_minor, [500]);
    let call = truth.calls_for(Api::Capture, tap.trip).next().unwrap();
    assert_eq!((call.status, call.answered), (Some(200), false));
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await.status, 200);
    assert_eq!(twin.charges(tap.trip), 1);
}

#[tokio::test]
async fn a_hanging_api_gives_neither_effect_nor_answer() {
    let (twin, tap) = inside("visa").await;
    twin.fault(Api::Cancel, Fault::Hang, Times::Always);
    let hanging = tokio::time::timeout(Duration::from_millis(200), post(&twin, CANCEL, &trip(tap.trip))).await;
    assert!(hanging.is_err());
    assert!(!twin.truth().trip(tap.trip).cancelled);
    assert_eq!(twin.truth().calls[0].status, None);
    twin.clear_faults(Api::Cancel);
    assert_eq!(post(&twin, CANCEL, &trip(tap.trip)).await.status, 200);
}

#[tokio::test]
async fn a_delayed_answer_comes_late_and_its_effect_at_once() {
    let (twin, tap) = inside("visa").await;
    twin.fault(Api::Cancel, Fault::Delay(Duration::from_millis(300)), 2);
    let asked = Instant::now();
    assert_eq!(post(&twin, CANCEL, &trip(tap.trip)).await.status, 200);
    assert!(asked.elapsed() >= Duration::from_millis(300));

    let other = twin.tap("amex").await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(150), post(&twin, CANCEL, &trip(other.trip))).await;
    assert!(given_up.is_err());
    assert!(twin.truth().trip(other.trip).cancelled);
}

#[tokio::test]
async fn a_dropped_twin_answers_no_more() {
    let (twin, tap) = inside("visa").await;
    let (url, smtp) = (twin.url(), twin.smtp_addr());
    drop((twin, tap));
    let gone = async || client().get(&url).send().await.is_err() && tokio::net::TcpStream::connect(smtp).await.is_err();
    let patience = Instant::now() + Duration::from_secs(5);
    while !gone().await {
        assert!(Instant::now() < patience, "the listeners are still there");
        tokio::task::yield_now().await;
    }
}
