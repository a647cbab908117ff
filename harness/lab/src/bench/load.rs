//! Load by the clock: warm up, then measure three windows and take the middle one.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// Requests under way at a time.
pub(super) const IN_FLIGHT: usize = 16;
/// Windows per figure.
pub(super) const WINDOWS: usize = 3;

/// How long a figure is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) warm_up: Duration,
    pub(super) window: Duration,
}

impl Windows {
    /// Calls `operation` with 0, 1, 2, …, [`IN_FLIGHT`] at a time, and gives the operations a second of the middle
    /// window, and how many there were in all, the warm-up's included.
    pub(super) async fn measure<F>(
        self,
        operation: impl Fn(u64) -> F + Clone + Send + 'static,
    ) -> Result<(f64, u64), String>
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let next = Arc::new(AtomicU64::new(0));
        hammer(self.warm_up, &next, &operation).await?;
        let mut rates = Vec::with_capacity(WINDOWS);
        for _ in 0..WINDOWS {
            rates.push(hammer(self.window, &next, &operation).await?);
        }
        Ok((median(rates), next.load(Ordering::Relaxed)))
    }
}

/// Operations a second over `length`; each that was begun is waited for and counted.
async fn hammer<F>(
    length: Duration,
    next: &Arc<AtomicU64>,
    operation: &(impl Fn(u64) -> F + Clone + Send + 'static),
) -> Result<f64, String>
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let (started, before) = (Instant::now(), next.load(Ordering::Relaxed));
    let mut workers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (next, operation) = (Arc::clone(next), operation.clone());
        workers.spawn(async move {
            while started.elapsed() < length {
                operation(next.fetch_add(1, Ordering::Relaxed)).await?;
            }
            Ok::<(), String>(())
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(|why| why.to_string())??;
    }
    let done = next.load(Ordering::Relaxed) - before;
    Ok(done as f64 / started.elapsed().as_secs_f64())
}

/// The middle one; of none, nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Windows = Windows { warm_up: Duration::from_millis(2), window: Duration::from_millis(5) };

    #[tokio::test]
    async fn counts_each_operation_once() {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let operation = move |number| {
            sink.lock().unwrap().push(number);
            async {
                tokio::task::yield_now().await;
                Ok(())
            }
        };
        let (rate, all) = SHORT.measure(operation).await.unwrap();
        assert!(rate > 0.0);
        let mut seen = seen.lock().unwrap().clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..all).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn ends_with_the_first_failure() {
        let failing = |number| async move { if number < 50 { Ok(()) } else { Err("no more".to_owned()) } };
        assert_eq!(SHORT.measure(failing).await, Err("no more".to_owned()));
    }

    #[test]
    fn takes_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
