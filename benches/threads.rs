//! The time of one value when several threads seal and open under the installed keyring. The time
//! is that of the clock, divided by the values of all threads: two threads on two cores halve it.
//! The bare primitive shows the share of the machine.

#![expect(clippy::disallowed_types, reason = "the bare primitives are the baseline")]

mod measure;
mod peers;

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use diesel::pg::Pg;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::sql_types::Ciphertext;
use diesel_envelope::{Encrypted, Keyring};

use measure::Group;
use peers::*;

const TEXT: &str = "bobby.tables@example.org";
const THREADS: [usize; 6] = [1, 2, 3, 4, 6, 8];
/// The number of values that each thread seals and opens: for so long that the operating system moves
/// a thread to a core that is free.
const VALUES: usize = 100_000;
/// Two threads have at least 1.8 times the throughput of one.
const BUDGET: f64 = 1.0 / 1.8;

fn main() {
    let keyring = Keyset::generate()
        .and_then(|document| Keyring::from_keyset(&document, &Options::default()));
    keyring.and_then(Keyring::install).expect("a keyring, for the first time");
    let key = raw_key();
    let raw = || {
        || {
            let sealed = raw_seal(&key, AAD, black_box(TEXT).as_bytes());
            black_box(raw_open(&key, AAD, &sealed));
        }
    };
    let own = || {
        let value = Encrypted::<String, Email>::from(TEXT);
        let mut binds = RawBytesBindCollector::<Pg>::new();
        move || {
            postgres_values::write::<Ciphertext, _>(&mut binds, black_box(&value));
            let sealed = binds.binds[0].as_deref().expect("a value");
            black_box(postgres_read::<Ciphertext, Encrypted<String, Email>>(sealed));
        }
    };
    let (raw, own) = (&raw, &own);
    let cores = thread::available_parallelism().map_or(1, usize::from);

    let mut group = Group::new("seal and open 24 bytes on several threads", "value");
    for threads in THREADS {
        group = group.plot("threads", threads).timed(
            named("aws-lc-rs", threads),
            VALUES * threads,
            move || all(threads, raw),
        );
        if threads > 1 {
            group = group.beside(&named("aws-lc-rs", 1));
        }
        group = group.timed(named("Encrypted<String>", threads), VALUES * threads, move || {
            all(threads, own)
        });
        if threads > 1 {
            let budget = (threads == 2 && cores > 1).then_some(BUDGET);
            group = group.compare(&named("Encrypted<String>", 1), budget);
        }
    }
    group.run(20);
}

fn named(case: &str, threads: usize) -> String {
    format!("{case}, {threads} thread{}", if threads == 1 { "" } else { "s" })
}

/// Makes an act in each of this many threads and repeats it. Returns the time from the first start
/// to the last end.
fn all<A: FnMut()>(threads: usize, make: &(impl Fn() -> A + Sync)) -> Duration {
    let barrier = Barrier::new(threads);
    let work = || {
        let mut act = make();
        barrier.wait();
        let start = Instant::now();
        for _ in 0..VALUES {
            act();
        }
        (start, Instant::now())
    };
    let times: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let start = times.iter().map(|(start, _)| *start).min().expect("a thread");
    let end = times.iter().map(|(_, end)| *end).max().expect("a thread");
    end - start
}
