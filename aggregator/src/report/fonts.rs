//! The fonts that an installation adds to those of PDF reports.

use edgewatch_report::pdf::FontFile;
use std::{fs, path::PathBuf, sync::Arc};

/// Reads font files, in order.
///
/// # Errors
/// Which file cannot be read or is no font, in one line.
pub fn read_fonts(paths: &[PathBuf]) -> Result<Arc<[FontFile]>, String> {
    let read = |path: &PathBuf| {
        let shown = path.display();
        let bytes = fs::read(path).map_err(|error| format!("EDGEWATCH_REPORT_FONTS: {shown}: {error}"))?;
        FontFile::new(bytes)
            .ok_or_else(|| format!("EDGEWATCH_REPORT_FONTS: {shown} is no TrueType or OpenType font"))
    };
    paths.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_font_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing.ttf");
        assert!(
            read_fonts(std::slice::from_ref(&missing))
                .unwrap_err()
                .contains("missing.ttf: ")
        );
        fs::write(&missing, "no font").unwrap();
        let refused = read_fonts(&[missing]).unwrap_err();
        assert!(
            refused.ends_with("missing.ttf is no TrueType or OpenType font"),
            "{refused}"
        );
        let inter = concat!(env!("CARGO_MANIFEST_DIR"), "/report/fonts/Inter-Regular.otf");
        assert_eq!(read_fonts(&[inter.into()]).unwrap().len(), 1);
    }
}
