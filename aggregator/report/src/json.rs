//! A report as JSON: the [`ReportDocument`] as it is.

use crate::document::ReportDocument;

/// The report, indented.
pub fn render(document: &ReportDocument) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(document)?;
    bytes.push(b'\n');
    Ok(bytes)
}
