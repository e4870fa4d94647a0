//! Amazon's own APIs: payment, feedback and identity.
//!
//! Every call goes the same way: recorded, its signature verified, a waiting fault met, the body read strictly, and then the
//! card network decides.

mod answer;
mod feedback;
mod identity;
mod payment;
mod request;

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;

use crate::{Api, Fault, network::Refusal, signature, truth::Call, world::World};
use answer::Answer;
pub(crate) use answer::Lost;
use request::Fields;

pub(crate) fn routes() -> Router<Arc<World>> {
    Api::ALL.into_iter().fold(Router::new(), |router, api| {
        let answer = move |State(world): State<Arc<World>>, request: axum::extract::Request| async move {
            let (parts, body) = request.into_parts();
            match axum::body::to_bytes(body, request::BYTES_MAX).await {
                Ok(body) => serve(&world, api, &parts, body).await,
                Err(_) => Answer::refused(&Refusal::bad("the body is too large or broken off")).into_response(),
            }
        };
        router.route(api.path(), post(answer))
    })
}

async fn serve(world: &Arc<World>, api: Api, parts: &Parts, body: Bytes) -> Response {
    let call = record(world, api, &body);
    let (credentials, scope) = (&world.options.storeside_credentials, &world.options.storeside_scope);
    if let Err(untrusted) = signature::verify(parts, &body, credentials, scope, world.clock.system_time()) {
        return call.answer(world, Answer::forbidden(&untrusted));
    }
    let fault = world.state().faults.take(api);
    let answer = match fault {
        None => act(world, api, &body).await,
        Some(Fault::Delay(pause)) => {
            let answer = act(world, api, &body).await;
            call.close(world, &answer, false);
            tokio::time::sleep(pause).await;
            answer
        }
        Some(Fault::TooManyRequests) => Answer::too_many_requests(),
        Some(Fault::ServiceException) => Answer::service_exception(),
        Some(Fault::ServiceUnavailable { retry_after_seconds }) => Answer::service_unavailable(retry_after_seconds),
        Some(Fault::Hang) => {
            world.stopped().await;
            return Body::new(answer::Lost).into_response();
        }
        Some(Fault::FailAfterEffect) => {
            act(world, api, &body).await;
            Answer::service_exception()
        }
        Some(Fault::LoseAnswer) => {
            let answer = act(world, api, &body).await;
            return call.lose(world, answer);
        }
    };
    call.answer(world, answer)
}

async fn act(world: &Arc<World>, api: Api, body: &[u8]) -> Answer {
    let answer = decide(world, api, body);
    world.tell().await;
    answer
}

fn decide(world: &World, api: Api, body: &[u8]) -> Answer {
    let decided = Fields::read(body).and_then(|fields| match api {
        Api::Adjust => payment::adjust(world, &fields),
        Api::Capture => payment::capture(world, &fields),
        Api::Cancel => payment::cancel(world, &fields),
        Api::Refund => payment::refund(world, &fields),
        Api::TransactionalData => payment::transactional_data(world, &fields),
        Api::PaymentStatus => feedback::payment_status(world, &fields),
        Api::ShopperIdentity => identity::shopper(world, &fields),
    });
    decided.unwrap_or_else(|refusal| Answer::refused(&refusal))
}

/// Where a call stands in the truth.
struct Recorded(usize);

fn record(world: &World, api: Api, body: &[u8]) -> Recorded {
    let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let trip = body["shoppingTripId"].as_str().map(str::to_owned);
    let at = world.clock.now();
    let mut state = world.state();
    state.calls.push(Call { api, trip, status: None, answered: false, reason: None, at, done_at: None });
    Recorded(state.calls.len() - 1)
}

impl Recorded {
    fn answer(self, world: &World, answer: Answer) -> Response {
        self.close(world, &answer, true);
        answer.into_response()
    }

    fn lose(self, world: &World, answer: Answer) -> Response {
        self.close(world, &answer, false);
        Body::new(answer::Lost).into_response()
    }

    fn close(&self, world: &World, answer: &Answer, answered: bool) {
        let now = world.clock.now();
        let call = &mut world.state().calls[self.0];
        call.done_at = Some(now);
        call.status = Some(answer.status.as_u16());
        call.answered = answered;
        call.reason.clone_from(&answer.reason);
    }
}
