//! What the tests of the whole system share: the scripted target, whose every behaviour is known in advance, and the
//! system itself, made of the built artefacts.

pub mod system;
pub mod target;
