//! The `edgewatch` binary.

fn main() {}
