//! Shades of the colour that a page's owner has chosen, in which text can be read: WCAG's contrast of 4.5 : 1 at least,
//! on every ground of the light and of the dark theme.
//!
//! The hue stays and the lightness moves, in Oklab, where equal steps look equal.

/// The ground that is hardest to read on: of the light theme its darkest (`--sunken`), of the dark one its lightest
/// (`--hover`, `--raised`).
const LIGHT_GROUND: Rgb = Rgb([0xee, 0xf1, 0xf5]);
const DARK_GROUND: Rgb = Rgb([0x17, 0x1d, 0x27]);

const WHITE: Rgb = Rgb([255; 3]);
const BLACK: Rgb = Rgb([0; 3]);

/// What can be read at any size.
const READABLE: f64 = 4.5;

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    /// Reads `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// `#rrggbb`.
    pub fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    fn linear(self) -> [f64; 3] {
        self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    /// WCAG's relative luminance.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// WCAG's contrast with another colour, 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance() + 0.05, other.luminance() + 0.05);
        (a / b).max(b / a)
    }

    /// The same hue at another lightness, 0 to 1; paler where the screen has no such colour.
    fn with_lightness(self, lightness: f64) -> Self {
        let [red, green, blue] = self.linear();
        let long = (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
        let medium = (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
        let short = (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
        let a = 1.977_998_495_1 * long - 2.428_592_205_0 * medium + 0.450_593_709_9 * short;
        let b = 0.025_904_037_1 * long + 0.782_771_766_2 * medium - 0.808_675_766_0 * short;
        (0..=20)
            .rev()
            .find_map(|step| from_oklab(lightness, a, b, f64::from(step) / 20.0))
            .unwrap_or(BLACK)
    }
}

/// The colour of a lightness and of a part of a chroma, if the screen has it.
fn from_oklab(lightness: f64, a: f64, b: f64, part: f64) -> Option<Rgb> {
    let (a, b) = (a * part, b * part);
    let long = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let medium = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let short = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let linear = [
        4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
        -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
        -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short,
    ];
    let within = linear.iter().all(|part| (-0.001..=1.001).contains(part));
    (within || part == 0.0).then(|| {
        Rgb(linear.map(|part| {
            let part = part.clamp(0.0, 1.0);
            let encoded = if part <= 0.003_130_8 {
                part * 12.92
            } else {
                1.055 * part.powf(1.0 / 2.4) - 0.055
            };
            (encoded * 255.0).round() as u8
        }))
    })
}

/// The colour itself where it can be read on a ground, or else the nearest lightness of it that can.
fn readable(accent: Rgb, ground: Rgb) -> Rgb {
    if accent.contrast(ground) >= READABLE {
        return accent;
    }
    let lighter = ground.luminance() < 0.18;
    let steps = (0..=100).map(|step| f64::from(step) / 100.0);
    let mut shades = steps.map(|step| accent.with_lightness(if lighter { step } else { 1.0 - step }));
    shades
        .find(|shade| shade.contrast(ground) >= READABLE)
        .unwrap_or(if lighter { WHITE } else { BLACK })
}

/// The declarations of a page's own colour; `None` where it cannot be read.
pub fn style(accent: &str) -> Option<String> {
    let accent = Rgb::parse(accent)?;
    let (light, dark) = (readable(accent, LIGHT_GROUND), readable(accent, DARK_GROUND));
    // Where white cannot be read on it, black can.
    let on_brand = if accent.contrast(WHITE) >= READABLE {
        WHITE
    } else {
        BLACK
    };
    Some(format!(
        ":root{{--brand:{};--on-brand:{};--accent:light-dark({},{});--focus:var(--accent)}}",
        accent.hex(),
        on_brand.hex(),
        light.hex(),
        dark.hex()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_has_shades_that_can_be_read() {
        for red in (0..=255).step_by(51) {
            for green in (0..=255).step_by(51) {
                for blue in (0..=255).step_by(51) {
                    let accent = Rgb([red, green, blue]);
                    for ground in [LIGHT_GROUND, DARK_GROUND] {
                        let shade = readable(accent, ground);
                        assert!(
                            shade.contrast(ground) >= READABLE,
                            "{accent:?} on {ground:?}: {shade:?}"
                        );
                    }
                    assert!(accent.contrast(WHITE).max(accent.contrast(BLACK)) >= READABLE);
                }
            }
        }
    }

    #[test]
    fn the_hue_stays() {
        let yellow = readable(Rgb([0xff, 0xdd, 0x00]), LIGHT_GROUND);
        let [red, green, blue] = yellow.0;
        assert!(red > green && green > blue && red - blue > 80, "{yellow:?}");
        let readable_already = Rgb([0x1f, 0x55, 0xd6]);
        assert_eq!(readable(readable_already, LIGHT_GROUND), readable_already);
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let contrast = WHITE.contrast(Rgb([0x76; 3]));
        assert!((contrast - 4.54).abs() < 0.01, "{contrast}");
        assert_eq!(Rgb::parse("#12ab"), None);
        assert_eq!(Rgb::parse("#12ab3g"), None);
        assert_eq!(Rgb::parse("#1f55d6"), Some(Rgb([0x1f, 0x55, 0xd6])));
        assert_eq!(style("red"), None);
    }
}
