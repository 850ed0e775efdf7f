//! Text as glyphs: the fonts that go into a PDF, and how wide text is in them.
//!
//! The fonts are Inter (`fonts/README.md`), with figures of equal width. A character that they lack is taken from the
//! fonts that the caller has to offer; one that nobody has is replaced.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, Feature, UnicodeBuffer, ttf_parser::Tag};
use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

static REGULAR: &[u8] = include_bytes!("../../fonts/Inter-Regular.otf");
static STRONG: &[u8] = include_bytes!("../../fonts/Inter-SemiBold.otf");

/// What stands for a character that no font has: a white square.
const REPLACEMENT: char = '\u{25a1}';

/// A font file as it was read, TrueType or OpenType; of a collection its first font is meant.
#[derive(Clone, Debug)]
pub struct FontFile(Arc<Vec<u8>>);

impl FontFile {
    /// A font file with these bytes; `None` if they are none.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let file = Self(Arc::new(bytes));
        file.load().is_some().then_some(file)
    }

    fn load(&self) -> Option<Loaded<'_>> {
        Loaded::of(Arc::clone(&self.0).into(), &self.0)
    }
}

struct Loaded<'a> {
    font: Font,
    face: Face<'a>,
}

impl<'a> Loaded<'a> {
    fn of(data: krilla::Data, bytes: &'a [u8]) -> Option<Self> {
        Some(Self {
            font: Font::new(data, 0)?,
            face: Face::from_slice(bytes, 0)?,
        })
    }
}

/// The fonts of a document.
pub(super) struct Fonts<'a> {
    regular: Vec<Loaded<'a>>,
    strong: Vec<Loaded<'a>>,
    shaped: RefCell<HashMap<(bool, String), Rc<Shaped>>>,
}

/// A line of text in glyphs. Lengths are in parts of the size of type.
pub(super) struct Shaped {
    /// Stretches of one font each: their text, and where each begins.
    pub stretches: Vec<Stretch>,
    /// How wide it is.
    pub width: f32,
}

/// A stretch of one font.
pub(super) struct Stretch {
    pub font: Font,
    pub text: String,
    pub glyphs: Vec<KrillaGlyph>,
    pub begins: f32,
}

impl<'a> Fonts<'a> {
    /// Inter, and what else there is for what it lacks.
    pub fn new(others: &'a [FontFile]) -> Self {
        let all = |own: &'static [u8]| {
            let own = Loaded::of(own.into(), own);
            own.into_iter()
                .chain(others.iter().filter_map(FontFile::load))
                .collect()
        };
        Self {
            regular: all(REGULAR),
            strong: all(STRONG),
            shaped: RefCell::default(),
        }
    }

    /// How wide a line of text is, in points.
    pub fn width(&self, text: &str, size: f32, strong: bool) -> f32 {
        self.shape(text, strong).width * size
    }

    /// A line of text in glyphs.
    pub fn shape(&self, text: &str, strong: bool) -> Rc<Shaped> {
        let key = (strong, text.to_owned());
        if let Some(known) = self.shaped.borrow().get(&key) {
            return Rc::clone(known);
        }
        let shaped = Rc::new(self.shape_anew(text, strong));
        self.shaped.borrow_mut().insert(key, Rc::clone(&shaped));
        shaped
    }

    fn shape_anew(&self, text: &str, strong: bool) -> Shaped {
        let fonts = if strong { &self.strong } else { &self.regular };
        let font_of = |character| {
            let has = |loaded: &Loaded| loaded.face.glyph_index(character).is_some();
            fonts.iter().position(has)
        };
        // Stretches of characters of one font.
        let mut parts = Vec::<(usize, String)>::new();
        for character in text.chars().filter(|character| !character.is_control()) {
            let (font, character) = match font_of(character) {
                Some(font) => (font, character),
                None => (0, REPLACEMENT),
            };
            match parts.last_mut() {
                Some((last, part)) if *last == font => part.push(character),
                _ => parts.push((font, character.to_string())),
            }
        }
        let mut width = 0.0;
        let mut stretches = Vec::with_capacity(parts.len());
        for (font, part) in parts {
            let Some(loaded) = fonts.get(font) else { continue };
            let glyphs = glyphs(&loaded.face, &part);
            let begins = width;
            width += glyphs.iter().map(|glyph| glyph.x_advance).sum::<f32>();
            stretches.push(Stretch {
                font: loaded.font.clone(),
                text: part,
                glyphs,
                begins,
            });
        }
        Shaped { stretches, width }
    }

    /// A text in lines that are no wider than so many points. Words break only where one alone is too wide.
    pub fn wrap(&self, text: &str, size: f32, strong: bool, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let mut line = String::new();
            for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
                let longer = if line.is_empty() {
                    word.to_owned()
                } else {
                    format!("{line} {word}")
                };
                if self.width(&longer, size, strong) <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = self.broken(word, size, strong, width, &mut lines);
            }
            lines.push(line);
        }
        lines
    }

    /// The rest of a word, after those of its parts that fill a line each.
    fn broken(&self, word: &str, size: f32, strong: bool, width: f32, lines: &mut Vec<String>) -> String {
        let mut rest = String::new();
        for character in word.chars() {
            rest.push(character);
            if self.width(&rest, size, strong) > width && rest.chars().count() > 1 {
                rest.pop();
                lines.push(std::mem::take(&mut rest));
                rest.push(character);
            }
        }
        rest
    }

    /// A line of text that is no wider than so many points: cut with an ellipsis, if it has to be.
    pub fn cut(&self, text: &str, size: f32, strong: bool, width: f32) -> String {
        if self.width(text, size, strong) <= width {
            return text.to_owned();
        }
        let mut kept: Vec<char> = text.chars().collect();
        while kept.pop().is_some() {
            let cut = format!("{}…", kept.iter().collect::<String>().trim_end());
            if self.width(&cut, size, strong) <= width {
                return cut;
            }
        }
        String::new()
    }
}

fn glyphs(face: &Face<'_>, text: &str) -> Vec<KrillaGlyph> {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(Direction::LeftToRight);
    // Figures of equal width, so that columns of them stand below each other.
    let tabular = Feature::new(Tag::from_bytes(b"tnum"), 1, ..);
    let output = rustybuzz::shape(face, &[tabular], buffer);
    let (infos, positions) = (output.glyph_infos(), output.glyph_positions());
    let em = face.units_per_em() as f32;
    let ends = |index: usize| {
        let cluster = infos[index].cluster;
        let next = infos[index..].iter().find(|info| info.cluster > cluster);
        next.map_or(text.len(), |info| info.cluster as usize)
    };
    let placed = infos.iter().zip(positions).enumerate();
    let glyphs = placed.map(|(index, (info, position))| {
        KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            position.x_advance as f32 / em,
            position.x_offset as f32 / em,
            position.y_offset as f32 / em,
            position.y_advance as f32 / em,
            info.cluster as usize..ends(index),
            None,
        )
    });
    glyphs.collect()
}
