//! What the tests of the whole system share: the scripted target, whose every behaviour is known in advance.

pub mod target;
