//! RFC 9421 HTTP message signatures as Edgewatch uses them: Ed25519 over a fixed set of components.
