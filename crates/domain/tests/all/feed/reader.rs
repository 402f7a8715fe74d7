//! A reader: one feed after the other, each from where the one before was cut off.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use duologue_domain::chat::{Message, MessageFeed};
use duologue_domain::error::Failure;
use duologue_domain::id::{ChatId, Id, MessageId};

use super::bus::Bus;
use super::history::{Session, Start};
use super::shortcut::{Globals, ShortcutFeed, Variant};
use super::start;
use crate::support::chat_store::PlainChatStore;
use crate::support::schedule::Boxed;

/// What all readers of a run read from.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) variant: Variant,
    pub(super) store: Arc<PlainChatStore>,
    pub(super) bus: Arc<Bus>,
    pub(super) globals: Globals,
}

impl Sources {
    pub(super) fn newest(&self, chat_id: ChatId) -> i64 {
        self.store.0.behind(|state| i64::try_from(state.chats[&chat_id].messages.len()).unwrap())
    }
}

/// Whether a task was woken since it ran last.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A future that runs only when it was woken, so that a wake-up that is lost is a reader that sleeps for ever.
pub(super) struct Task {
    /// Absent once it has ended.
    future: Option<Boxed<'static, ()>>,
    woken: Arc<Woken>,
    waker: Waker,
}

impl Task {
    pub(super) fn new(future: impl Future<Output = ()> + 'static) -> Self {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        Self { future: Some(Box::pin(future)), waker: woken.clone().into(), woken }
    }

    pub(super) fn is_woken(&self) -> bool {
        self.future.is_some() && self.woken.0.load(Ordering::Relaxed)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.future.is_none()
    }

    pub(super) fn wake(&self) {
        self.waker.wake_by_ref();
    }

    /// One step.
    pub(super) fn run(&mut self) {
        self.woken.0.store(false, Ordering::Relaxed);
        let mut context = Context::from_waker(&self.waker);
        self.future.take_if(|future| future.as_mut().poll(&mut context).is_ready());
    }
}

enum Feed {
    Real(MessageFeed),
    Shortcut(ShortcutFeed),
}

impl Feed {
    async fn open(
        sources: &Sources,
        chat_id: ChatId,
        start: Start,
        message_id: Option<MessageId>,
    ) -> Result<Self, String> {
        let Sources { variant, store, bus, globals } = sources.clone();
        if variant.has_own_feed() {
            return Ok(Self::Shortcut(
                ShortcutFeed::open(variant, (store, bus, globals), chat_id, start).await,
            ));
        }
        let feed = MessageFeed::open(store, &*bus, chat_id, start::of_feed(start, message_id)).await;
        feed.map(Self::Real).map_err(|error| error.describe().reason.as_str().to_owned())
    }

    async fn next(&mut self) -> Result<Vec<Message>, String> {
        match self {
            Self::Real(feed) => {
                feed.next().await.map_err(|error| error.describe().reason.as_str().to_owned())
            }
            Self::Shortcut(feed) => Ok(feed.next().await),
        }
    }
}

/// The outcome of a future, or nothing if it was cancelled before: the future is dropped wherever it stands.
async fn unless_cancelled<T>(cancel: &Cell<bool>, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        if cancel.take() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(context).map(Some)
    })
    .await
}

pub(super) struct Reader {
    pub(super) chat: usize,
    pub(super) chat_id: ChatId,
    /// Absent after a crash, until it resumes.
    pub(super) task: Option<Task>,
    /// A slow reader: it does not run, however often it is woken.
    pub(super) paused: bool,
    pub(super) sessions: Vec<Rc<RefCell<Session>>>,
    cancel: Rc<Cell<bool>>,
}

impl Reader {
    pub(super) fn new(chat: usize, chat_id: ChatId) -> Self {
        Self { chat, chat_id, task: None, paused: false, sessions: Vec::new(), cancel: Rc::default() }
    }

    /// The last message that the reader has, over all its sessions.
    pub(super) fn last(&self) -> Option<(i64, u128)> {
        self.sessions.iter().filter_map(|session| session.borrow().delivered.last().copied()).max()
    }

    pub(super) fn open(&mut self, sources: &Sources, start: Start, message_id: Option<u128>) {
        let (sources, chat_id) = (sources.clone(), self.chat_id);
        let newest_before = sources.newest(chat_id);
        let session =
            Session { start, newest_before, newest_after: None, delivered: Vec::new(), failure: None };
        let session = Rc::new(RefCell::new(session));
        self.sessions.push(session.clone());
        self.cancel = Rc::default();
        let cancel = self.cancel.clone();
        let message_id = message_id.map(|id| MessageId::from_uuid(uuid::Uuid::from_u128(id)));
        self.task = Some(Task::new(async move {
            let outcome = async {
                let mut feed = Feed::open(&sources, chat_id, start, message_id).await?;
                session.borrow_mut().newest_after = Some(sources.newest(chat_id));
                loop {
                    let Some(messages) = unless_cancelled(&cancel, feed.next()).await else { continue };
                    let received = messages?.into_iter();
                    let received = received.map(|one| (one.sequence.0, one.message_id.uuid().as_u128()));
                    session.borrow_mut().delivered.extend(received);
                }
            };
            let Err::<std::convert::Infallible, String>(failure) = outcome.await;
            session.borrow_mut().failure = Some(failure);
        }));
    }

    pub(super) fn cancel(&self) {
        if let Some(task) = &self.task {
            self.cancel.set(true);
            task.wake();
        }
    }
}
