//! A storage adapter of one's own.
