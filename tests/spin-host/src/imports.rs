//! Spin's own imports: variables and the key-value store.

use crate::component::State;
use spin::{
    key_value::key_value::{self, Error, HostStoreWithStore},
    variables::variables,
};
use std::io;
use wasmtime::component::{Accessor, FutureReader, HasSelf, Linker, Resource, StreamReader};

wasmtime::component::bindgen!({
    path: "wit",
    world: "spin-imports",
    imports: { default: trappable },
    with: { "spin:key-value/key-value.store": OpenStore },
});

/// The one store that an application has by default.
const DEFAULT_STORE: &str = "default";

/// An open store: there is only one, in the state.
pub struct OpenStore;

/// Offers them to the component.
pub fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    SpinImports::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

impl variables::Host for State {}

impl<T: 'static> variables::HostWithStore<T> for HasSelf<State> {
    async fn get(
        accessor: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, variables::Error>> {
        let value =
            accessor.with(|mut access| access.get().surroundings.variables.get(name.as_str()).cloned());
        Ok(value.ok_or(variables::Error::Undefined(name)))
    }
}

impl key_value::Host for State {}

impl key_value::HostStore for State {
    fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

fn failed(error: &io::Error) -> Error {
    Error::Other(error.to_string())
}

impl<T: 'static> HostStoreWithStore<T> for HasSelf<State> {
    async fn open(
        accessor: &Accessor<T, Self>,
        label: String,
    ) -> wasmtime::Result<Result<Resource<OpenStore>, Error>> {
        if label != DEFAULT_STORE {
            return Ok(Err(Error::NoSuchStore));
        }
        accessor
            .with(|mut access| access.get().table.push(OpenStore))
            .map(Ok)
            .map_err(Into::into)
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        _store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let value = accessor.with(|mut access| access.get().surroundings.store.get(&key));
        Ok(value.map_err(|error| failed(&error)))
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        _store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let set = accessor.with(|mut access| access.get().surroundings.store.set(&key, &value));
        Ok(set.map_err(|error| failed(&error)))
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        _store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let deleted = accessor.with(|mut access| access.get().surroundings.store.delete(&key));
        Ok(deleted.map_err(|error| failed(&error)))
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        _store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        let value = accessor.with(|mut access| access.get().surroundings.store.get(&key));
        Ok(value.map(|value| value.is_some()).map_err(|error| failed(&error)))
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        _store: Resource<OpenStore>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        accessor.with(|mut access| {
            let (keys, result) = match access.get().surroundings.store.keys() {
                Ok(keys) => (keys, Ok(())),
                Err(error) => (Vec::new(), Err(failed(&error))),
            };
            let keys = StreamReader::new(&mut access, keys)?;
            let result = FutureReader::new(&mut access, async move { wasmtime::error::Ok(result) })?;
            Ok((keys, result))
        })
    }
}
