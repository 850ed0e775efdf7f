//! A report's files: made of its document when they are asked for, few at a time.

use super::make::unpack;
use crate::store::report::find_document;
use edgewatch_client::report_schedule::ReportFormat;
use edgewatch_report::{
    csv,
    document::ReportDocument,
    html::{self, Offer},
    json,
    pdf::{self, FontFile},
    xlsx,
};
use sqlx::PgPool;
use std::{error::Error, sync::Arc};
use tokio::sync::Semaphore;

/// Setting a PDF takes a processor for a while.
static AT_A_TIME: Semaphore = Semaphore::const_new(2);

/// A report as a file.
#[derive(Clone, Debug)]
pub struct ReportFile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub format: ReportFormat,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The stored document or a format.
    #[error("a report's file cannot be made: {0}")]
    Rendering(#[source] Box<dyn Error + Send + Sync>),
}

/// The document of a report; `None` if there is no such report, or it is not made yet.
pub async fn read_document(pool: &PgPool, id: i32) -> Result<Option<ReportDocument>, FileError> {
    let Some(packed) = find_document(pool, id).await? else {
        return Ok(None);
    };
    unpack(&packed).map(Some).map_err(FileError::Rendering)
}

/// A report in a format; a PDF takes from these fonts what its own lack.
pub async fn render(
    document: ReportDocument,
    format: ReportFormat,
    fonts: Arc<[FontFile]>,
) -> Result<ReportFile, FileError> {
    let fault = |error: Box<dyn Error + Send + Sync>| FileError::Rendering(error);
    let _permit = AT_A_TIME.acquire().await.map_err(|error| fault(error.into()))?;
    let rendering = tokio::task::spawn_blocking(move || -> Result<_, Box<dyn Error + Send + Sync>> {
        let bytes = match format {
            ReportFormat::Html => html::render(&document).into_bytes(),
            ReportFormat::Pdf => pdf::render(&document, &fonts)?,
            ReportFormat::Csv => csv::render(&document).into_bytes(),
            ReportFormat::Xlsx => xlsx::render(&document)?,
            ReportFormat::Json => json::render(&document)?,
        };
        let name = file_name(&document, format);
        Ok(ReportFile { name, format, bytes })
    });
    rendering
        .await
        .map_err(|error| fault(error.into()))?
        .map_err(fault)
}

/// A report to be looked at, with what can be had beside it.
pub async fn render_page(document: ReportDocument, offers: Vec<Offer>) -> Result<String, FileError> {
    let fault = |error: Box<dyn Error + Send + Sync>| FileError::Rendering(error);
    let _permit = AT_A_TIME.acquire().await.map_err(|error| fault(error.into()))?;
    let rendering = tokio::task::spawn_blocking(move || html::render_with(&document, &offers));
    rendering.await.map_err(|error| fault(error.into()))
}

/// A name that every file system and header takes: `report-12-acme-october-2026.pdf`.
fn file_name(document: &ReportDocument, format: ReportFormat) -> String {
    let mut words = String::new();
    for character in document.title.chars() {
        if character.is_ascii_alphanumeric() {
            words.push(character.to_ascii_lowercase());
        } else if !words.ends_with('-') && !words.is_empty() {
            words.push('-');
        }
    }
    words.truncate(60);
    let words = words.trim_end_matches('-');
    let dash = if words.is_empty() { "" } else { "-" };
    format!("report-{}{dash}{words}.{}", document.id, format.as_str())
}
