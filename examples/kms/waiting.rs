//! The same for an asynchronous application: a [`Kek`] that is asked on a thread of its own, and waited for. With a runtime, its
//! own way to do that, or its own connections, take the place of [`OnThread`], and its own loop that of [`block_on`].

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use confidant::{AsyncKek, Kek, KekError, Secret};

type Answer<T> = Result<T, KekError>;

pub struct OnThread<K>(Arc<K>);

impl<K: Kek + Send + Sync + 'static> OnThread<K> {
    pub const fn new(kek: Arc<K>) -> Self {
        Self(kek)
    }
}

impl<K: Kek + Send + Sync + 'static> AsyncKek for OnThread<K> {
    fn kek_ref(&self) -> &[u8] {
        self.0.kek_ref()
    }

    async fn wrap_key(&self, aad: &[u8; 32], key: &Secret<32>) -> Answer<Vec<u8>> {
        let (kek, aad) = (Arc::clone(&self.0), *aad);
        let key = Secret::init_with(|copy| *copy = *key.expose());
        on_thread(move || kek.wrap_key(&aad, &key)).await
    }

    async fn unwrap_key(&self, aad: &[u8; 32], blob: &[u8]) -> Answer<Secret<32>> {
        let (kek, aad, blob) = (Arc::clone(&self.0), *aad, blob.to_vec());
        on_thread(move || kek.unwrap_key(&aad, &blob)).await
    }
}

fn on_thread<T: Send + 'static>(ask: impl FnOnce() -> Answer<T> + Send + 'static) -> Waiting<T> {
    let slot = Arc::new(Mutex::new(Slot { answer: None, waker: None }));
    let delivery = Delivery { slot: Arc::clone(&slot), answer: None };
    thread::spawn(move || delivery.of(ask()));
    Waiting(slot)
}

struct Slot<T> {
    answer: Option<Answer<T>>,
    waker: Option<Waker>,
}

struct Waiting<T>(Arc<Mutex<Slot<T>>>);

impl<T> Future for Waiting<T> {
    type Output = Answer<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer<T>> {
        let mut slot = lock(&self.0);
        slot.waker = Some(context.waker().clone());
        slot.answer.take().map_or(Poll::Pending, Poll::Ready)
    }
}

/// Delivered when dropped: then somebody who waits is woken also if the thread has panicked.
struct Delivery<T> {
    slot: Arc<Mutex<Slot<T>>>,
    answer: Option<Answer<T>>,
}

impl<T> Delivery<T> {
    fn of(mut self, answer: Answer<T>) {
        self.answer = Some(answer);
    }
}

impl<T> Drop for Delivery<T> {
    fn drop(&mut self) {
        let mut slot = lock(&self.slot);
        slot.answer = Some(self.answer.take().unwrap_or(Err(KekError::Unavailable)));
        if let Some(waker) = slot.waker.take() {
            waker.wake();
        }
    }
}

fn lock<T>(slot: &Mutex<Slot<T>>) -> MutexGuard<'_, Slot<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one future on this thread, which sleeps while it waits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Sleeper(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
