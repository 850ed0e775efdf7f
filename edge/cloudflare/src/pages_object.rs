//! The status pages that an aggregator has handed over: one Durable Object that keeps them and gives them out. It is asked
//! by this worker alone, which has verified who sends; what is older than what is kept changes nothing.

use crate::object_storage::ObjectStorage;
use edgewatch_core::platform::StorageError;
use edgewatch_protocol::edge_page::{
    AssetsWanted, PageHead, PageList, PageMark, PagesWanted, document_bytes, pack, unpack,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};
use worker::{DurableObject, Env, Method, Request, Response, Result, State, durable_object, wasm_bindgen};

/// The name of the binding in `wrangler.toml`.
pub const OBJECT_BINDING: &str = "PAGES";
/// The one object of it.
pub const OBJECT_NAME: &str = "pages";
/// What addresses of the object begin with.
pub const ORIGIN: &str = "https://pages";

const LIST_KEY: &str = "page-list";

fn mark_key(slug: &str) -> String {
    format!("page-mark/{slug}")
}

fn parcel_key(slug: &str) -> String {
    format!("page/{slug}")
}

fn asset_key(name: &str) -> String {
    format!("asset/{name}")
}

/// What of a page is asked for: the body of `POST /documents`.
#[derive(Serialize, Deserialize)]
pub struct Wish {
    /// The page.
    pub slug: String,
    /// The address below it.
    pub path: String,
    /// The language that was chosen, if one was.
    pub chosen: Option<String>,
    /// The value of `Accept-Language`.
    pub accepted: String,
}

/// What is answered, before the document's bytes.
#[derive(Clone, Serialize, Deserialize)]
pub struct Given {
    /// When the page was made.
    pub taken_at_ms: i64,
    /// Lengths of time in the document's language: see [`PageHead::lengths`].
    pub lengths: Vec<(i64, String)>,
    /// The value of `Content-Type`.
    pub content_type: String,
    /// The value of `Content-Security-Policy`.
    pub policy: Option<String>,
}

/// An asset, before its bytes.
#[derive(Serialize, Deserialize)]
pub struct AssetHead {
    /// The value of `Content-Type`.
    pub content_type: String,
}

/// The object.
#[durable_object]
pub struct PagesObject {
    state: State,
    storage: OnceCell<ObjectStorage>,
    /// Parcels that were asked for, so that not every visitor has one read.
    parcels: RefCell<BTreeMap<String, Rc<Parcel>>>,
}

struct Parcel {
    head: PageHead,
    documents: Vec<u8>,
}

impl DurableObject for PagesObject {
    fn new(state: State, _env: Env) -> Self {
        Self {
            state,
            storage: OnceCell::new(),
            parcels: RefCell::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let parts: Vec<_> = path.trim_start_matches('/').splitn(2, '/').collect();
        let body = request.bytes().await?;
        let answer = match (request.method(), parts.as_slice()) {
            (Method::Put, ["pages"]) => self.take_list(&body),
            (Method::Put, ["pages", slug]) => self.take_page(slug, &body),
            (Method::Put, ["assets", name]) => self.take_asset(name, &body),
            (Method::Get, ["assets", name]) => self.give_asset(name),
            (Method::Post, ["documents"]) => self.give_document(&body),
            _ => return Response::error("not found", 404),
        };
        match answer.map_err(|error| worker::Error::RustError(error.to_string()))? {
            Answer::Bytes(bytes) => Response::from_bytes(bytes),
            Answer::Older => Response::error("something newer is kept", 409),
            Answer::Unreadable => Response::error("cannot be read", 400),
            Answer::Nothing => Response::error("not found", 404),
        }
    }
}

enum Answer {
    Bytes(Vec<u8>),
    Older,
    Unreadable,
    Nothing,
}

type Kept = std::result::Result<Answer, StorageError>;

fn json(value: &impl Serialize) -> Kept {
    let bytes = serde_json::to_vec(value).map_err(|error| StorageError(error.to_string()))?;
    Ok(Answer::Bytes(bytes))
}

impl PagesObject {
    fn storage(&self) -> std::result::Result<&ObjectStorage, StorageError> {
        if let Some(storage) = self.storage.get() {
            return Ok(storage);
        }
        let storage = ObjectStorage::open(&self.state)?;
        Ok(self.storage.get_or_init(|| storage))
    }

    fn read<T: DeserializeOwned>(&self, key: &str) -> std::result::Result<Option<T>, StorageError> {
        let record = self.storage()?.get(key)?;
        Ok(record.and_then(|record| serde_json::from_slice(&record).ok()))
    }

    fn write(&self, key: &str, value: &impl Serialize) -> std::result::Result<(), StorageError> {
        let record = serde_json::to_vec(value).map_err(|error| StorageError(error.to_string()))?;
        self.storage()?.put(key, &record)
    }

    /// Forgets every page that is not in the list, and tells which of it are wanted.
    fn take_list(&self, body: &[u8]) -> Kept {
        let Ok(list) = serde_json::from_slice::<PageList>(body) else {
            return Ok(Answer::Unreadable);
        };
        let known: Option<PageList> = self.read(LIST_KEY)?;
        if known.is_some_and(|known| known.at_ms > list.at_ms) {
            return Ok(Answer::Older);
        }
        let storage = self.storage()?;
        for key in storage.list("page-mark/")? {
            let slug = key.trim_start_matches("page-mark/");
            if !list.pages.iter().any(|page| page.slug == slug) {
                storage.delete(&key)?;
                storage.delete(&parcel_key(slug))?;
                self.parcels.borrow_mut().remove(slug);
            }
        }
        self.write(LIST_KEY, &list)?;
        let mut pages = Vec::new();
        for page in list.pages {
            let held: Option<PageMark> = self.read(&mark_key(&page.slug))?;
            if page.replaces(held.as_ref()) {
                pages.push(page.slug);
            }
        }
        json(&PagesWanted { pages })
    }

    /// Keeps a page that the last list names, and tells which of its assets are lacking.
    fn take_page(&self, slug: &str, body: &[u8]) -> Kept {
        let Some((head, _)) = unpack::<PageHead>(body) else {
            return Ok(Answer::Unreadable);
        };
        let list: Option<PageList> = self.read(LIST_KEY)?;
        let is_listed = list.is_some_and(|list| list.pages.iter().any(|page| page.slug == slug));
        if head.mark.slug != slug || !is_listed {
            return Ok(Answer::Nothing);
        }
        let held: Option<PageMark> = self.read(&mark_key(slug))?;
        if held.is_some_and(|held| held.taken_at_ms > head.mark.taken_at_ms) {
            return Ok(Answer::Older);
        }
        let storage = self.storage()?;
        storage.put(&parcel_key(slug), body)?;
        self.write(&mark_key(slug), &head.mark)?;
        self.parcels.borrow_mut().remove(slug);
        let known: BTreeSet<_> = storage.list("asset/")?.into_iter().collect();
        let mut assets = head.assets;
        assets.retain(|name| !known.contains(&asset_key(name)));
        json(&AssetsWanted { assets })
    }

    /// Keeps an asset, and forgets those that no page refers to any more.
    fn take_asset(&self, name: &str, body: &[u8]) -> Kept {
        let storage = self.storage()?;
        let mut wanted = BTreeSet::new();
        for key in storage.list("page/")? {
            let parcel = self.parcel(key.trim_start_matches("page/"))?;
            wanted.extend(
                parcel
                    .iter()
                    .flat_map(|parcel| parcel.head.assets.iter().map(|name| asset_key(name))),
            );
        }
        if !wanted.contains(&asset_key(name)) {
            return Ok(Answer::Nothing);
        }
        storage.put(&asset_key(name), body)?;
        for key in storage.list("asset/")? {
            if !wanted.contains(&key) {
                storage.delete(&key)?;
            }
        }
        Ok(Answer::Bytes(Vec::new()))
    }

    fn give_asset(&self, name: &str) -> Kept {
        let asset = self.storage()?.get(&asset_key(name))?;
        Ok(asset.map_or(Answer::Nothing, Answer::Bytes))
    }

    fn give_document(&self, body: &[u8]) -> Kept {
        let Ok(wish) = serde_json::from_slice::<Wish>(body) else {
            return Ok(Answer::Unreadable);
        };
        let Some(parcel) = self.parcel(&wish.slug)? else {
            return Ok(Answer::Nothing);
        };
        let Some(index) = parcel
            .head
            .find(&wish.path, wish.chosen.as_deref(), &wish.accepted)
        else {
            return Ok(Answer::Nothing);
        };
        let (Some(document), Some(bytes)) = (
            parcel.head.documents.get(index),
            document_bytes(&parcel.head, &parcel.documents, index),
        ) else {
            return Ok(Answer::Nothing);
        };
        let language = document.language.as_ref().unwrap_or(&parcel.head.language);
        let given = Given {
            taken_at_ms: parcel.head.mark.taken_at_ms,
            lengths: parcel.head.lengths.get(language).cloned().unwrap_or_default(),
            content_type: document.content_type.clone(),
            policy: document.policy.clone(),
        };
        Ok(Answer::Bytes(pack(&given, &[bytes])))
    }

    fn parcel(&self, slug: &str) -> std::result::Result<Option<Rc<Parcel>>, StorageError> {
        if let Some(parcel) = self.parcels.borrow().get(slug) {
            return Ok(Some(Rc::clone(parcel)));
        }
        let Some(record) = self.storage()?.get(&parcel_key(slug))? else {
            return Ok(None);
        };
        let Some((head, documents)) = unpack::<PageHead>(&record) else {
            return Ok(None);
        };
        let parcel = Rc::new(Parcel {
            head,
            documents: documents.to_vec(),
        });
        self.parcels
            .borrow_mut()
            .insert(slug.to_owned(), Rc::clone(&parcel));
        Ok(Some(parcel))
    }
}
