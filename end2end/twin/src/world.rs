//! What all parts of a running twin share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{
    Api,
    clock::Clock,
    fault::Faults,
    feed::Feed,
    mail::MailFolder,
    network::Network,
    options::TwinOptions,
    stripe::StripeState,
    truth::{Call, Truth},
};

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: TwinOptions,
    pub(crate) clock: Clock,
    pub(crate) http: reqwest::Client,
    pub(crate) mail: MailFolder,
    state: Mutex<State>,
    stop: watch::Receiver<bool>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) network: Network,
    pub(crate) faults: Faults<Api>,
    pub(crate) stripe: StripeState,
    pub(crate) feed: Feed,
    pub(crate) calls: Vec<Call>,
    pub(crate) storeside_url: Option<String>,
}

impl World {
    pub(crate) fn new(
        options: TwinOptions,
        clock: Clock,
        http: reqwest::Client,
        mail: MailFolder,
        stop: watch::Receiver<bool>,
    ) -> Arc<Self> {
        let state = State {
            network: Network::new(crate::demo_cards(), &options.store, options.settings),
            faults: Faults::default(),
            feed: Feed::new(options.events),
            stripe: StripeState::new(options.webhooks),
            calls: Vec::new(),
            storeside_url: options.storeside_url.clone(),
        };
        Arc::new(Self { options, clock, http, mail, state: Mutex::new(state), stop })
    }

    /// Never held over an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere does not make the books wrong: every change is one call.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when the twin stops.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.stop.clone();
        // An error means that the twin is gone, which is what is waited for.
        async move { drop(stop.wait_for(|stopped| *stopped).await) }
    }

    pub(crate) fn truth(&self) -> Truth {
        let now = self.clock.now();
        let state = self.state();
        let (trips, events) = (state.network.trips().to_vec(), state.feed.log.clone());
        Truth { now, trips, calls: state.calls.clone(), events }
    }
}
