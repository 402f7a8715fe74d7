//! Pages: their size, what leads from one to the next, and walks through lists that change meanwhile.

mod cursor;
mod foreign;
mod lists;
mod people;
mod size;
mod talk;
mod walk;
