//! A running twin, and what a test asks of it.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinError, JoinHandle},
};
use uuid::Uuid;

use crate::{
    Api, Cart, CartLine, EventName, EventSettings, Fault, Mail, SendOrder, Settings, Tap, Times, Truth, TwinOptions,
    Visit, Walk, WalkError, WalkOrder, amazon,
    card::Card,
    clock::Clock,
    control,
    mail::{self, MailFolder},
    stripe::{self, Stripe},
    world::World,
};

/// A twin that listens until it is dropped.
#[derive(Debug)]
pub struct Twin {
    world: Arc<World>,
    addr: SocketAddr,
    smtp_addr: SocketAddr,
    stop: watch::Sender<bool>,
    listening: JoinHandle<io::Result<()>>,
}

/// Why a twin did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("port {} on {} is in use: is another twin running?", .0.port(), .0.ip())]
    PortInUse(SocketAddr),
    #[error("cannot listen on {addr}")]
    Listen { addr: SocketAddr, source: io::Error },
    #[error("cannot use the clock file {}", path.display())]
    ClockFile { path: PathBuf, source: io::Error },
    #[error("cannot use the mail folder {}", path.display())]
    MailFolder { path: PathBuf, source: io::Error },
    #[error("cannot make an HTTP client")]
    HttpClient(#[source] reqwest::Error),
}

impl Twin {
    /// Binds both listeners and starts to answer.
    ///
    /// # Errors
    ///
    /// A port that is in use, a folder or file that cannot be written.
    pub async fn start(options: TwinOptions) -> Result<Self, StartError> {
        // An error means that somebody in this program has installed a provider already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = Clock::open(options.clock_file.clone())
            .map_err(|source| StartError::ClockFile { path: options.clock_file.clone().unwrap_or_default(), source })?;
        let mail = MailFolder::open(options.mail_dir.clone())
            .map_err(|(path, source)| StartError::MailFolder { path, source })?;
        // The twin talks to this machine only; a proxy of the environment would be in the way.
        let http = reqwest::Client::builder().no_proxy().build().map_err(StartError::HttpClient)?;
        let (listener, addr) = bind(options.addr).await?;
        let (smtp, smtp_addr) = bind(options.smtp_addr).await?;
        let (stop, stopped) = watch::channel(false);
        let world = World::new(options, clock, http, mail, stopped);
        let routes: Router =
            amazon::routes().merge(stripe::routes()).merge(control::routes()).with_state(Arc::clone(&world));
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(world.stopped());
        let listening = tokio::spawn(serving.into_future());
        tokio::spawn(mail::serve(smtp, Arc::clone(&world)));
        Ok(Self { world, addr, smtp_addr, stop, listening })
    }

    /// Listens until the listener fails; a dropped future leaves the twin running.
    ///
    /// # Errors
    ///
    /// What the listener died of.
    pub async fn run(&mut self) -> io::Result<()> {
        (&mut self.listening).await.unwrap_or_else(|error: JoinError| Err(io::Error::other(error)))
    }

    /// The base address of Amazon's APIs and of the control page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    #[must_use]
    pub fn smtp_addr(&self) -> SocketAddr {
        self.smtp_addr
    }

    /// Where mails are kept; Storeside may write here too with `MAIL_URL=file:…`.
    #[must_use]
    pub fn mail_dir(&self) -> &Path {
        self.world.mail.path()
    }

    /// Says where Storeside's connectors are from now on.
    pub fn point_at(&self, storeside_url: &str) {
        self.world.state().storeside_url = Some(storeside_url.to_owned());
    }

    /// A shopper taps a card at the gate: a new trip.
    ///
    /// # Errors
    ///
    /// An unknown card, or a Storeside that does not answer. A denial is an answer.
    pub async fn tap(&self, visit: impl Into<Visit>) -> Result<Tap, WalkError> {
        self.world.tap(visit.into()).await
    }

    /// The very same gate event once more.
    ///
    /// # Errors
    ///
    /// A Storeside that does not answer.
    pub async fn repeat_tap(&self, tap: &Tap) -> Result<Tap, WalkError> {
        self.world.repeat_tap(tap).await
    }

    /// Sends the cart of a trip; again for the same tap, it is the same trip with a new request id.
    ///
    /// # Errors
    ///
    /// A Storeside that does not answer.
    pub async fn send_cart(&self, tap: &Tap, lines: &[CartLine]) -> Result<Cart, WalkError> {
        self.world.send_cart(tap, lines).await
    }

    /// The very same cart once more, request id included.
    ///
    /// # Errors
    ///
    /// A Storeside that does not answer.
    pub async fn repeat_cart(&self, cart: &Cart) -> Result<Cart, WalkError> {
        self.world.repeat_cart(cart).await
    }

    /// A whole visit: tap, and if the gate opens, the cart.
    ///
    /// # Errors
    ///
    /// An unknown card, or a Storeside that does not answer.
    pub async fn walk(&self, visit: impl Into<Visit>, lines: &[CartLine]) -> Result<Walk, WalkError> {
        let order = WalkOrder { lines: lines.to_vec(), ..WalkOrder::of(visit.into()) };
        self.world.walk(order).await
    }

    /// Lets the next calls of one API go wrong (`1`, or [`Times::Always`]).
    pub fn fault(&self, api: Api, fault: Fault, times: impl Into<Times>) {
        self.world.state().faults.add(api, fault, times.into());
    }

    /// Takes back every fault of one API.
    pub fn clear_faults(&self, api: Api) {
        self.world.state().faults.clear(Some(api));
    }

    /// Chooses what the twin does where the contract is silent.
    pub fn set(&self, settings: Settings) {
        self.world.state().network.settings = settings;
    }

    /// Chooses how Storeside is told of what happens from now on.
    pub fn tell_events(&self, settings: impl Into<EventSettings>) {
        self.world.state().feed.settings = settings.into();
    }

    /// Sends the events that are held. The status of each answer, in the order of sending.
    ///
    /// # Errors
    ///
    /// A Storeside that does not answer.
    pub async fn send_events(&self, order: SendOrder) -> Result<Vec<u16>, WalkError> {
        self.world.send_held(order).await
    }

    /// Sends one event that need not be true, at once: of a trip that never was, or of a capture that nobody made. The status of
    /// the answer.
    ///
    /// # Errors
    ///
    /// A Storeside that does not answer.
    pub async fn send_event(&self, name: EventName, trip: Uuid, amount_minor: Option<i64>) -> Result<u16, WalkError> {
        self.world.invent_event(name, trip, amount_minor).await
    }

    /// The bank takes back what a capture charged, and the feed tells of it as its settings say. `false`: there was no charge.
    pub async fn decline_capture(&self, trip: Uuid) -> bool {
        self.world.decline_capture(trip).await
    }

    /// What is asked of Stripe.
    #[must_use]
    pub fn stripe(&self) -> Stripe<'_> {
        Stripe { world: &self.world }
    }

    /// Adds a card, or changes the one of that name.
    pub fn put_card(&self, card: Card) {
        self.world.state().network.put_card(card);
    }

    /// The card of that name.
    #[must_use]
    pub fn card(&self, name: &str) -> Option<Card> {
        self.world.state().network.card(name).cloned()
    }

    /// Moves the twin's clock, and the shared file if there is one, to this many seconds from real time.
    ///
    /// # Errors
    ///
    /// When the clock file cannot be written.
    pub fn set_clock_offset(&self, seconds: i64) -> io::Result<()> {
        self.world.clock.set_offset_seconds(seconds)
    }

    /// What really happened until now.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.world.truth()
    }

    /// Every mail in the folder, newest first.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn mails(&self) -> io::Result<Vec<Mail>> {
        self.world.mail.list()
    }

    /// How many times the card of a trip was charged.
    #[must_use]
    #[track_caller]
    pub fn charges(&self, trip: Uuid) -> usize {
        self.truth().trip(trip).captures_minor.len()
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

async fn bind(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let listener = TcpListener::bind(addr).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse(addr),
        _ => StartError::Listen { addr, source },
    })?;
    let bound = listener.local_addr().map_err(|source| StartError::Listen { addr, source })?;
    Ok((listener, bound))
}
