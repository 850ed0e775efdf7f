//! The component in wasmtime: an instance for each event.

use crate::{imports, key_value::Directory};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use std::{collections::BTreeMap, fs, path::Path};
use wasmtime::{
    Cache, CacheConfig, Config, Engine, Store,
    component::{Component, InstancePre, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p2::pipe::MemoryOutputPipe};
use wasmtime_wasi_http::{
    WasiHttpCtx, WasiHttpCtxView, WasiHttpView, default_hooks,
    p3::{Request, bindings::ServicePre},
};

/// The cron trigger, as the component exports it.
mod cron {
    wasmtime::component::bindgen!({
        path: "../../edge/spin/cron/wit",
        world: "checks-cron",
        exports: { default: async | store },
    });
}

/// The most that one event may print.
const MAX_OUTPUT_BYTES: usize = 1 << 20;

/// What the component finds around it.
#[derive(Clone)]
pub struct Surroundings {
    /// The application's variables.
    pub variables: BTreeMap<&'static str, String>,
    /// The default key-value store.
    pub store: Directory,
    /// Whether sockets may be dialled.
    pub allows_tcp: bool,
}

/// The state of an instance.
pub struct State {
    pub(crate) surroundings: Surroundings,
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
}

/// A compiled component.
pub struct SpinComponent {
    engine: Engine,
    instance: InstancePre<State>,
    surroundings: Surroundings,
}

impl SpinComponent {
    /// Compiles the component, or takes what an earlier run compiled.
    ///
    /// # Errors
    /// When it cannot be read, or asks for something that is not offered.
    pub fn load(path: &Path, surroundings: Surroundings) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        let mut cache = CacheConfig::new();
        cache.with_directory(std::env::temp_dir().join("edgewatch-spin-host"));
        config.cache(Some(Cache::new(cache)?));
        let engine = Engine::new(&config)?;
        let component = Component::new(&engine, fs::read(path)?)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
        imports::add_to_linker(&mut linker)?;
        Ok(Self {
            instance: linker.instantiate_pre(&component)?,
            engine,
            surroundings,
        })
    }

    /// Fires the cron trigger; what the component printed.
    ///
    /// # Errors
    /// When it traps, or says that the event was not handled.
    pub async fn fire_cron(&self, timestamp: u64) -> wasmtime::Result<String> {
        let (mut store, output) = self.store();
        let instance = cron::ChecksCronPre::new(self.instance.clone())?
            .instantiate_async(&mut store)
            .await?;
        let event = cron::spin::cron::cron_types::Metadata { timestamp };
        let handled = store
            .run_concurrent(async |accessor| instance.call_handle_cron_event(accessor, event).await)
            .await??;
        let printed = printed(&output);
        match handled {
            Ok(()) => Ok(printed),
            Err(cron::spin::cron::cron_types::Error::Other(message)) => Err(wasmtime::Error::msg(message)),
        }
    }

    /// Hands a request to the HTTP trigger; the answer and what the component printed.
    ///
    /// # Errors
    /// When it traps or does not answer.
    pub async fn handle(&self, request: http::Request<Bytes>) -> wasmtime::Result<http::Response<Bytes>> {
        let (mut store, output) = self.store();
        let service = ServicePre::new(self.instance.clone())?
            .instantiate_async(&mut store)
            .await?;
        let (request, sent) = Request::from_http(default_hooks(), request.map(Full::new));
        let answer = store
            .run_concurrent(async |accessor| {
                let answered = async {
                    let response = service.handle(accessor, request).await??;
                    let response = accessor.with(|access| response.into_http(access, async { Ok(()) }))?;
                    let (parts, body) = response.into_parts();
                    let body = body.collect().await?.to_bytes();
                    wasmtime::error::Ok(http::Response::from_parts(parts, body))
                };
                let (answer, _) = futures::join!(answered, sent);
                answer
            })
            .await??;
        print!("{}", printed(&output));
        Ok(answer)
    }

    fn store(&self) -> (Store<State>, MemoryOutputPipe) {
        let output = MemoryOutputPipe::new(MAX_OUTPUT_BYTES);
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(output.clone()).inherit_stderr();
        // As in Spin: names are not looked up for sockets, and datagrams are not offered.
        wasi.allow_tcp(self.surroundings.allows_tcp).allow_udp(false);
        if self.surroundings.allows_tcp {
            wasi.socket_addr_check(|_, _| Box::pin(async { true }));
        }
        let state = State {
            surroundings: self.surroundings.clone(),
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
        };
        (Store::new(&self.engine, state), output)
    }
}

fn printed(output: &MemoryOutputPipe) -> String {
    String::from_utf8_lossy(&output.contents()).into_owned()
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: default_hooks(),
        }
    }
}
