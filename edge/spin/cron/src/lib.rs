//! Spin's cron trigger as Rust, generated from `wit/cron.wit`.
//!
//! A crate of its own because generated bindings cross the component's boundary by unsafe code, which the component
//! itself forbids. A component implements [`Guest`] and calls [`export!`].

/// What is generated.
pub mod bindings {
    spin_sdk::wit_bindgen::generate!({
        path: "wit",
        world: "checks-cron",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
        export_macro_name: "export",
        pub_export_macro: true,
        default_bindings_module: "::edgewatch_spin_cron::bindings",
        generate_all,
    });
}

pub use bindings::{Error, Guest, Metadata, export};
