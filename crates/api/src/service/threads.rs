//! Threads that serve connections beside the one that accepts them, each with a runtime of its own.

use std::io;
use std::thread::JoinHandle;

use tocos_engine::Engine;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// They run until this is dropped or ended.
#[derive(Debug, Default)]
pub(super) struct Threads {
    runtimes: Vec<Handle>,
    ends: Vec<oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Starts so many. Each wakes those who wait on it for what became durable.
    ///
    /// # Errors
    /// The system gives no thread, or none of what a runtime needs.
    pub(super) fn start(count: usize, engine: &Engine) -> io::Result<Self> {
        let mut all = Self::default();
        for number in 0..count {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (end, ended) = oneshot::channel();
            all.runtimes.push(runtime.handle().clone());
            all.ends.push(end);
            let engine = engine.clone();
            let run = move || {
                runtime.block_on(async move {
                    // It ends with the engine; requests are still answered then.
                    let notifier = tokio::spawn(async move { engine.notify_durable().await });
                    // An error is as good: then nobody is left who would say so.
                    let _ended = ended.await;
                    notifier.abort();
                });
            };
            all.threads.push(std::thread::Builder::new().name(format!("tocos-http-{}", number + 2)).spawn(run)?);
        }
        Ok(all)
    }

    /// Where connections can be served.
    pub(super) fn runtimes(&self) -> Vec<Handle> {
        self.runtimes.clone()
    }

    /// Ends them, and what they still do.
    pub(super) fn end(self) {
        drop(self.ends);
        for thread in self.threads {
            // One that panicked has already said so.
            let _ended = thread.join();
        }
    }
}
