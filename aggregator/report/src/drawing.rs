//! Charts as shapes: drawn once, painted as SVG in HTML and as paths in PDF. Lengths in points, y downwards.

/// What something is painted with. The colours are those of the dashboard's light theme (`ui/style/tokens.css`); states
/// differ in lightness as well as in hue, and are told by words too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ink {
    /// What is read.
    Text,
    /// What explains.
    Quiet,
    /// Axes and captions.
    Faint,
    /// Hairlines.
    Line,
    /// Behind panels.
    Ground,
    /// The sheet itself.
    Paper,
    /// The masthead.
    Deep,
    /// On the masthead, what explains.
    OnDeep,
    /// Links.
    Accent,
    /// Up.
    Up,
    /// Text of what is up or held.
    UpText,
    /// Behind it.
    UpSoft,
    /// Degraded.
    Degraded,
    /// Text of what is degraded.
    DegradedText,
    /// Behind it.
    DegradedSoft,
    /// Down.
    Down,
    /// Text of what is down or missed.
    DownText,
    /// Behind it.
    DownSoft,
    /// In maintenance.
    Maintenance,
    /// Not known.
    Unknown,
    /// Not checked.
    Paused,
    /// The median.
    P50,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
}

impl Ink {
    /// Red, green and blue.
    pub fn rgb(self) -> [u8; 3] {
        match self {
            Self::Text => [0x12, 0x18, 0x26],
            Self::Quiet => [0x48, 0x53, 0x66],
            Self::Faint => [0x61, 0x6c, 0x80],
            Self::Line => [0xe2, 0xe6, 0xec],
            Self::Ground => [0xf5, 0xf6, 0xf8],
            Self::Paper => [0xff, 0xff, 0xff],
            Self::Deep => [0x0f, 0x17, 0x26],
            Self::OnDeep => [0xaa, 0xb4, 0xc4],
            Self::Accent | Self::P50 => [0x1f, 0x55, 0xd6],
            Self::Up => [0x0c, 0x9a, 0x80],
            Self::UpText => [0x07, 0x6a, 0x58],
            Self::UpSoft => [0xe1, 0xf4, 0xef],
            Self::Degraded => [0xd9, 0x8e, 0x0b],
            Self::DegradedText => [0x85, 0x53, 0x00],
            Self::DegradedSoft => [0xfc, 0xf0, 0xd9],
            Self::Down => [0xd5, 0x3a, 0x24],
            Self::DownText => [0xb0, 0x2a, 0x16],
            Self::DownSoft => [0xfd, 0xe9, 0xe5],
            Self::Maintenance => [0x4f, 0x70, 0xea],
            Self::Unknown => [0x85, 0x91, 0xa5],
            Self::Paused => [0xc6, 0xcd, 0xd8],
            Self::P95 => [0x2f, 0xa5, 0x9a],
            Self::P99 => [0xa9, 0x8b, 0xd6],
        }
    }
}

/// Where a text stands to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// A shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A filled rectangle.
    Rect {
        /// Its left edge.
        x: f32,
        /// Its upper edge.
        y: f32,
        /// Its width.
        width: f32,
        /// Its height.
        height: f32,
        /// Of its corners.
        radius: f32,
        /// What fills it.
        ink: Ink,
    },
    /// A line through points.
    Line {
        /// The points in order.
        points: Vec<(f32, f32)>,
        /// How wide.
        width: f32,
        /// What it is drawn with.
        ink: Ink,
        /// Whether it is dashed.
        dashed: bool,
    },
    /// A filled outline, lightly.
    Area {
        /// The outline.
        points: Vec<(f32, f32)>,
        /// What fills it.
        ink: Ink,
    },
    /// One line of text.
    Text {
        /// The point that it is anchored to.
        x: f32,
        /// Its baseline.
        y: f32,
        /// The text.
        text: String,
        /// Size of type.
        size: f32,
        /// What it is written with.
        ink: Ink,
        /// Where it stands to the point.
        anchor: Anchor,
        /// Whether it is semi-bold.
        strong: bool,
    },
}

impl Shape {
    /// A rectangle with sharp corners.
    pub fn rect(x: f32, y: f32, width: f32, height: f32, ink: Ink) -> Self {
        Self::rounded(x, y, width, height, 0.0, ink)
    }

    /// A rectangle with round corners.
    pub fn rounded(x: f32, y: f32, width: f32, height: f32, radius: f32, ink: Ink) -> Self {
        Self::Rect {
            x,
            y,
            width,
            height,
            radius,
            ink,
        }
    }

    /// A straight line between two points.
    pub fn line(from: (f32, f32), to: (f32, f32), width: f32, ink: Ink) -> Self {
        Self::Line {
            points: vec![from, to],
            width,
            ink,
            dashed: false,
        }
    }

    /// A text of regular weight.
    pub fn text(x: f32, y: f32, text: impl Into<String>, size: f32, ink: Ink, anchor: Anchor) -> Self {
        Self::Text {
            x,
            y,
            text: text.into(),
            size,
            ink,
            anchor,
            strong: false,
        }
    }

    /// The same text, semi-bold.
    #[must_use]
    pub fn strong(mut self) -> Self {
        if let Self::Text { strong, .. } = &mut self {
            *strong = true;
        }
        self
    }

    /// The same shape elsewhere.
    #[must_use]
    pub fn moved(mut self, dx: f32, dy: f32) -> Self {
        match &mut self {
            Self::Rect { x, y, .. } | Self::Text { x, y, .. } => {
                *x += dx;
                *y += dy;
            }
            Self::Line { points, .. } | Self::Area { points, .. } => {
                for (x, y) in points {
                    *x += dx;
                    *y += dy;
                }
            }
        }
        self
    }
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Its width.
    pub width: f32,
    /// Its height.
    pub height: f32,
    /// What it shows, in words, for who cannot see it.
    pub description: String,
    /// What it consists of; the first are painted first.
    pub shapes: Vec<Shape>,
}
