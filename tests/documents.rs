//! Compiles the snippets of the documents. They need the features of all databases and of AWS.

#[cfg(all(doctest, feature = "aws", feature = "postgres"))]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;

    // It shows the command line in an application.
    #[cfg(feature = "postgres")]
    #[doc = include_str!("../docs/columns.md")]
    struct Columns;

    #[doc = include_str!("../docs/compliance.md")]
    struct Compliance;

    #[doc = include_str!("../docs/connection-pooler.md")]
    struct ConnectionPooler;

    #[doc = include_str!("../docs/disaster-recovery.md")]
    struct DisasterRecovery;

    #[doc = include_str!("../docs/existing-data.md")]
    struct ExistingData;

    #[doc = include_str!("../docs/fips.md")]
    struct Fips;

    #[doc = include_str!("../docs/format.md")]
    struct Format;

    #[doc = include_str!("../docs/indexes.md")]
    struct Indexes;

    #[doc = include_str!("../docs/keys.md")]
    struct Keys;

    #[doc = include_str!("../docs/limits.md")]
    struct Limits;

    #[doc = include_str!("../docs/lockbox-and-pgcrypto.md")]
    struct LockboxAndPgcrypto;

    #[doc = include_str!("../docs/metrics.md")]
    struct Metrics;

    #[doc = include_str!("../docs/multi-connection.md")]
    struct MultiConnection;

    #[doc = include_str!("../docs/policies.md")]
    struct Policies;

    #[doc = include_str!("../docs/promises.md")]
    struct Promises;

    #[doc = include_str!("../docs/python.md")]
    struct Python;

    #[doc = include_str!("../docs/rotation.md")]
    struct Rotation;

    #[doc = include_str!("../docs/rows.md")]
    struct Rows;

    #[doc = include_str!("../docs/search.md")]
    struct Search;

    #[doc = include_str!("../docs/speed.md")]
    struct Speed;

    #[doc = include_str!("../docs/testing.md")]
    struct Testing;
}
