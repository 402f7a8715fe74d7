//! The live feed of a chat, simulated: whatever the bus, the readers and the writers do, every reader receives
//! exactly the messages after its start, in order, once, and in the end all of them.

mod bus;
mod history;
mod judged;
mod loss;
mod reader;
mod runs;
mod shortcut;
mod simulation;
mod start;
