//! Where the built artefacts are. One that is missing is a failure, not a reason to test nothing.

use std::path::{Path, PathBuf};

/// The repository.
///
/// # Panics
/// Never: this crate lies in it.
pub fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("this crate lies in the repository").to_owned()
}

/// A binary of this workspace, built beside the tests.
///
/// # Panics
/// When it is not built.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this program's own path");
    // Tests lie in `deps`, one below the binaries; benches' programs beside them.
    let found = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "the binary `{name}` is not built beside {}: run `make build`",
            test.display()
        )
    })
}

/// Makes sure that the worker is built and can be run.
///
/// # Panics
/// When it is not.
pub fn require_worker() {
    for path in [
        "build/index.js",
        "build/index_bg.wasm",
        "node_modules/workerd/package.json",
    ] {
        assert!(
            repository().join(path).is_file(),
            "{path} is missing: run `make build`"
        );
    }
}
