//! The icons: drawn on a 16-pixel grid with one stroke width, in the colour of the text around them.

use leptos::prelude::*;

/// An icon by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// All is well.
    Check,
    /// A warning.
    Warning,
    /// A failure.
    Cross,
    /// Not known.
    Question,
    /// Paused; also the action.
    Pause,
    /// Resume.
    Play,
    /// Maintenance.
    Wrench,
    /// Add.
    Plus,
    /// Find.
    Search,
    /// Monitors.
    Pulse,
    /// Regions.
    Globe,
    /// A user.
    Person,
    /// Sign out.
    Exit,
    /// The light theme.
    Sun,
    /// The dark theme.
    Moon,
    /// The system's theme.
    Screen,
    /// Change.
    Pencil,
    /// Remove.
    Bin,
    /// Further.
    ChevronRight,
    /// Back.
    ChevronLeft,
    /// Copy.
    Copy,
    /// Leads away from here.
    External,
    /// Try.
    Bolt,
    /// Again.
    Retry,
    /// A key or token.
    Key,
    /// Evidence.
    Shield,
    /// Not connected.
    Offline,
    /// One after the other.
    Steps,
    /// To and fro.
    Exchange,
    /// A called procedure.
    Braces,
    /// A connection.
    Plug,
    /// A datagram.
    Send,
    /// An echo.
    Target,
    /// Where a name leads.
    Signpost,
    /// A date.
    Calendar,
    /// A time of day.
    Clock,
    /// A heartbeat.
    Heart,
    /// A program.
    Terminal,
    /// Be told.
    Bell,
    /// Earlier.
    ArrowUp,
    /// Later.
    ArrowDown,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Check => "M3 8.5 6.5 12 13 4.5",
            Self::Warning => "M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.2",
            Self::Cross => "m4 4 8 8M12 4l-8 8",
            Self::Question => "M5.7 6a2.4 2.4 0 1 1 3.4 2.2c-.8.4-1.1.8-1.1 1.7M8 12.2v.2",
            Self::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Self::Play => "M5 3.2v9.6L12.8 8z",
            Self::Wrench => {
                "M10.9 2.4a3.6 3.6 0 0 0-4 5L2.6 11.7a1.2 1.2 0 0 0 1.7 1.7l4.3-4.3a3.6 3.6 0 0 0 5-4L11.4 7.3 9 6.9 8.7 4.6z"
            }
            Self::Plus => "M8 3v10M3 8h10",
            Self::Search => "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.3 10.3 13.5 13.5",
            Self::Pulse => "M1.5 8.5h3l2-5.5 3 10 2-4.5h3",
            Self::Globe => {
                "M8 1.7a6.3 6.3 0 1 1 0 12.6A6.3 6.3 0 0 1 8 1.7M1.9 8h12.2M8 1.7c2.3 2 2.6 4.2 2.6 6.3S10.3 12.3 8 14.3c-2.3-2-2.6-4.2-2.6-6.3S5.7 3.7 8 1.7"
            }
            Self::Person => {
                "M8 2.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6M2.7 13.8c.500-2.6 2.6-3.8 5.3-3.8s4.8 1.2 5.3 3.8"
            }
            Self::Exit => "M6.5 2.5h-3v11h3M10 5l3 3-3 3M13 8H6.5",
            Self::Sun => {
                "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.8.8M11.8 11.8l.8.8M12.6 3.4l-.8.8M4.2 11.8l-.8.8"
            }
            Self::Moon => "M13.3 9.7A5.6 5.6 0 0 1 6.3 2.7a5.6 5.6 0 1 0 7 7z",
            Self::Screen => "M2 3h12v8H2zM5.5 13.5h5M8 11v2.5",
            Self::Pencil => "M11 2.5 13.5 5 5.5 13H3v-2.5zM9.3 4.2l2.5 2.5",
            Self::Bin => "M2.5 4.2h11M6 4.2V2.5h4v1.7M4 4.2l.6 9.3h6.8l.6-9.3M6.7 7v4M9.3 7v4",
            Self::ChevronRight => "m6 3.5 4.5 4.5L6 12.5",
            Self::ChevronLeft => "M10 3.5 5.5 8l4.5 4.5",
            Self::Copy => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
            Self::External => "M9.5 2.5h4v4M13.5 2.5 7.5 8.5M11.5 9.5v4h-9v-9h4",
            Self::Bolt => "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
            Self::Retry => "M13 8a5 5 0 1 1-1.6-3.7M13.2 1.8v3h-3",
            Self::Key => {
                "M10.5 2.3a3.2 3.2 0 1 1-1.7 5.9L4 13H2.5v-2.5l.700-.200v-1.3h1.3l2.9-3a3.2 3.2 0 0 1 3.1-3.7M11 5v.1"
            }
            Self::Shield => "M8 1.7 13 3.5v4c0 3.3-2 5.6-5 6.8-3-1.2-5-3.5-5-6.8v-4zM5.8 8l1.6 1.6 2.9-3.2",
            Self::Steps => "M6.5 4h7M6.5 8h7M6.5 12h7M2.5 4h1M2.5 8h1M2.5 12h1",
            Self::Exchange => "M2.5 5.5h10M9.5 2.5 12.5 5.5l-3 3M13.5 10.5h-10M6.5 7.5l-3 3 3 3",
            Self::Braces => {
                "M6 2.5c-1.5 0-2 .7-2 2v1.5c0 1.2-.6 2-1.5 2 .9 0 1.5.8 1.5 2v1.5c0 1.3.5 2 2 2M10 2.5c1.5 0 2 .7 2 2v1.5c0 1.2.6 2 1.5 2-.9 0-1.5.8-1.5 2v1.5c0 1.3-.5 2-2 2"
            }
            Self::Plug => "M6 1.8v3.2M10 1.8v3.2M3.8 5h8.4v2.5a4.2 4.2 0 0 1-8.4 0zM8 11.7v2.5",
            Self::Send => "M14 2 7.2 8.8M14 2 9.7 14 7.2 8.8 2 6.3z",
            Self::Target => {
                "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8 8v.1"
            }
            Self::Signpost => "M8 1.8v12.4M8 3.2h4.5l1.7 1.7-1.7 1.7H8M8 8H3.5L1.8 9.7l1.7 1.7H8",
            Self::Calendar => "M2.5 3.5h11v10h-11zM2.5 6.7h11M5.5 1.8v3M10.5 1.8v3",
            Self::Clock => "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 4.5V8l2.3 1.6",
            Self::Heart => "M8 13.5C3.8 10.5 2 8.4 2 6a3 3 0 0 1 6-1 3 3 0 0 1 6 1c0 2.4-1.8 4.5-6 7.5z",
            Self::Terminal => "M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10h3",
            Self::Bell => {
                "M3 11.5c1-1 1.2-2.2 1.2-4.4a3.8 3.8 0 0 1 7.6 0c0 2.2.2 3.4 1.2 4.4zM6.6 13.6a1.5 1.5 0 0 0 2.8 0M8 1.8v1.4"
            }
            Self::ArrowUp => "M8 13V3M4 7l4-4 4 4",
            Self::ArrowDown => "M8 3v10M4 9l4 4 4-4",
            Self::Offline => {
                "M2 2l12 12M4.5 8.7A5 5 0 0 1 7 7.3M2 6.2a8.5 8.5 0 0 1 2.4-1.6M8 4a8.5 8.5 0 0 1 6 2.2M9.7 7.5a5 5 0 0 1 1.8 1.2M8 12.3v.1"
            }
        }
    }

    /// The drawing, hidden from screen readers: a text beside it says the same.
    pub fn view(self) -> AnyView {
        html! {
            <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
                <path d=self.path() />
            </svg>
        }
    }
}

/// The mark of Edgewatch: a pulse at the edge of a circle.
pub fn logo() -> AnyView {
    html! {
        <svg class="logo" viewBox="0 0 24 24" aria-hidden="true">
            <path class="logo-ring" d="M19.6 7.2A9 9 0 1 0 21 12" />
            <path class="logo-pulse" d="M3 12h5l2.5-5 3.5 10 2.5-5H21" />
        </svg>
    }
}
