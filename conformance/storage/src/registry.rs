//! All cases.
