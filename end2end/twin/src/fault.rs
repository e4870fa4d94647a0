//! What can go wrong on the way to and from Amazon and Stripe, set per API.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

#[cfg(test)]
use crate::Api;

/// What happens to a call that is well signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429 with `Retry-After: 600`; no effect.
    TooManyRequests,
    /// 500 `ServiceException`; no effect.
    ServiceException,
    /// 503 with `retryAfter` in the body; no effect.
    ServiceUnavailable { retry_after_seconds: u32 },
    /// The effect happens at once, the answer comes this much later: maybe after the caller gave up.
    Delay(Duration),
    /// No effect and no answer; the connection stays open.
    Hang,
    /// The effect happens, then the connection closes without an answer.
    LoseAnswer,
    /// The effect happens, and the answer is 500 `ServiceException` all the same.
    FailAfterEffect,
}

/// How many calls a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    Next(u32),
    /// Until cleared.
    Always,
}

impl From<u32> for Times {
    fn from(calls: u32) -> Self {
        Self::Next(calls)
    }
}

/// The faults that wait for calls: first set, first met.
#[derive(Debug)]
pub(crate) struct Faults<K>(BTreeMap<K, VecDeque<(Fault, Times)>>);

impl<K> Default for Faults<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy> Faults<K> {
    pub(crate) fn add(&mut self, api: K, fault: Fault, times: Times) {
        self.0.entry(api).or_default().push_back((fault, times));
    }

    pub(crate) fn clear(&mut self, api: Option<K>) {
        match api {
            Some(api) => drop(self.0.remove(&api)),
            None => self.0.clear(),
        }
    }

    /// The fault that hits this call, counted down.
    pub(crate) fn take(&mut self, api: K) -> Option<Fault> {
        let waiting = self.0.get_mut(&api)?;
        loop {
            let (fault, times) = waiting.front_mut()?;
            let fault = *fault;
            match times {
                Times::Always => return Some(fault),
                Times::Next(0) => drop(waiting.pop_front()),
                Times::Next(left) => {
                    *left -= 1;
                    return Some(fault);
                }
            }
        }
    }

    /// In plain words, for the control page.
    pub(crate) fn describe(&self, name: fn(K) -> &'static str) -> Vec<String> {
        let left = |(api, (fault, times)): (&K, &(Fault, Times))| match times {
            Times::Always => Some(format!("{}: {fault:?}, until cleared", name(*api))),
            Times::Next(0) => None,
            Times::Next(left) => Some(format!("{}: {fault:?}, next {left}", name(*api))),
        };
        self.0.iter().flat_map(|(api, waiting)| waiting.iter().map(move |it| (api, it))).filter_map(left).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_met_in_order_and_run_out() {
        let mut faults = Faults::default();
        faults.add(Api::Adjust, Fault::Hang, Times::Next(0));
        faults.add(Api::Adjust, Fault::TooManyRequests, Times::Next(2));
        faults.add(Api::Adjust, Fault::LoseAnswer, Times::Next(1));
        let met: Vec<_> = (0..4).map(|_| faults.take(Api::Adjust)).collect();
        let (throttled, lost) = (Some(Fault::TooManyRequests), Some(Fault::LoseAnswer));
        assert_eq!(met, [throttled, throttled, lost, None]);
        assert_eq!(faults.take(Api::Capture), None);
    }

    #[test]
    fn a_fault_for_always_stays_until_it_is_cleared() {
        let mut faults = Faults::default();
        faults.add(Api::Capture, Fault::Hang, Times::Always);
        assert!((0..100).all(|_| faults.take(Api::Capture) == Some(Fault::Hang)));
        faults.clear(Some(Api::Adjust));
        assert_eq!(faults.take(Api::Capture), Some(Fault::Hang));
        faults.clear(None);
        assert_eq!(faults.take(Api::Capture), None);
    }
}
