//! Ratios: a contender and its yardstick by turns, in one run on one machine, and what is demanded of them.
//!
//! Absolute figures differ by machine and by the hour; the ratio of two things that were measured a moment apart does
//! so much less. Each round measures both, in changing order; what counts is the median of the rounds' ratios.

mod command;
mod machine;
mod picture;
mod process;
mod report;
mod round;
mod row;
mod rows;
mod serve;

pub use command::main;
