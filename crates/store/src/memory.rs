//! A database in memory, for tests that must go the same way every time.
//!
//! A statement is done when the call that asked for it is polled once: nothing waits for another thread, so that a
//! runtime with a paused clock neither jumps ahead meanwhile nor sees answers in an order of chance.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::hints::{self, Board};
use crate::place::Place;
use crate::sql::{Connections, Database};
use crate::{Store, StoreError, open};

/// Says whether the next statement is refused, as by a database that another process holds.
type Refuses = dyn Fn() -> bool + Send + Sync;

/// A database that lives as long as this and the stores that were opened on it.
#[derive(Clone)]
pub struct Memory {
    connection: Arc<Mutex<SqliteConnection>>,
    refuses: Arc<Refuses>,
    board: Arc<Board>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    /// An empty database that refuses whatever `refuses` says.
    pub fn new(refuses: impl Fn() -> bool + Send + Sync + 'static) -> Result<Self, StoreError> {
        let place = place();
        let connection = wait(async {
            let options = SqliteConnectOptions::new()
                .foreign_keys(true)
                .disable_statement_logging();
            let connected = options.connect().await;
            let mut connection = connected.map_err(|source| StoreError::sort(&place, source))?;
            open::prepare(&mut connection, &place).await?;
            Ok::<_, StoreError>(connection)
        })?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            refuses: Arc::new(refuses),
            board: Arc::default(),
        })
    }

    /// Opens the database, as another process would: it knows only what was committed.
    pub fn open(&self) -> Store {
        Store::over(Database {
            connections: Connections::Memory(self.clone()),
            place: Arc::new(place()),
            board: Arc::clone(&self.board),
            name: hints::new_name(),
        })
    }

    /// Takes the connection; none when the database refuses.
    pub(crate) async fn take(&self) -> Option<OwnedMutexGuard<SqliteConnection>> {
        if (self.refuses)() {
            return None;
        }
        Some(Arc::clone(&self.connection).lock_owned().await)
    }

    /// Begins a transaction.
    pub(crate) async fn begin(
        &self,
        how: &'static str,
    ) -> Option<Result<MemoryTransaction, sqlx::Error>> {
        let mut connection = self.take().await?;
        let begun = wait(sqlx::query(how).execute(&mut *connection));
        Some(begun.map(|_| MemoryTransaction {
            connection,
            is_open: true,
        }))
    }
}

/// What messages say of where it is.
fn place() -> Place {
    Place {
        path: ":memory:".into(),
        is_server: false,
    }
}

/// A transaction of a database in memory. Dropped before it is committed, it leaves no trace.
pub(crate) struct MemoryTransaction {
    pub(crate) connection: OwnedMutexGuard<SqliteConnection>,
    is_open: bool,
}

impl MemoryTransaction {
    pub(crate) fn commit(mut self) -> Result<(), sqlx::Error> {
        wait(sqlx::query("commit").execute(&mut *self.connection))?;
        self.is_open = false;
        Ok(())
    }
}

impl Drop for MemoryTransaction {
    fn drop(&mut self) {
        if self.is_open {
            // What cannot be rolled back was never begun.
            let _ = wait(sqlx::query("rollback").execute(&mut *self.connection));
        }
    }
}

/// Wakes a thread.
struct Awake(Thread);

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a statement to its end, on this thread.
pub(crate) fn wait<T>(statement: impl Future<Output = T>) -> T {
    // The runtime must not ask it to pause: nobody would wake it.
    let mut statement = pin!(tokio::task::unconstrained(statement));
    let waker = Waker::from(Arc::new(Awake(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match statement.as_mut().poll(&mut context) {
            Poll::Ready(result) => return result,
            // The driver may park this thread itself meanwhile, and take the token that is ours.
            Poll::Pending => thread::park_timeout(Duration::from_micros(200)),
        }
    }
}
