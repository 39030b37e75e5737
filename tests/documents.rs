//! Compiles the snippets of the documents, which take the features of all databases and of AWS.

#[cfg(all(doctest, feature = "aws", feature = "postgres"))]
#[doc = include_str!("../README.md")]
struct Readme;
