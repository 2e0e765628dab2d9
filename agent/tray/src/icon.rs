//! The icon of each state, drawn by us: a shape and a glyph for each, so that no state is told by colour alone.
//!
//! A picture is a short list of plain shapes on a grid of 48 units. It is painted for the panel, and written as SVG for the
//! icon theme, so that both are the same picture. White bodies with dark borders, and a white rim around badges, are seen on
//! light panels as on dark ones.

use crate::state::Look;

/// Side of the grid.
const GRID: f32 = 48.0;
/// Samples of a pixel in each direction.
const FINE: u32 = 4;

type Colour = [u8; 3];
const WHITE: Colour = [255, 255, 255];
const INK: Colour = [24, 39, 75];
const CHIP: Colour = [214, 158, 20];
const LINE: Colour = [134, 146, 171];
const GREEN: Colour = [17, 122, 62];
const BLUE: Colour = [28, 84, 178];
const AMBER: Colour = [255, 184, 28];
const RED: Colour = [190, 30, 45];

/// A filled shape, in units of the grid.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Left, top, width, height, radius of the corners.
    Box(f32, f32, f32, f32, f32),
    /// Centre and radius.
    Disc(f32, f32, f32),
    /// From, to, and the width of the stroke, whose ends are round.
    Stroke(f32, f32, f32, f32, f32),
    /// Three corners.
    Triangle([(f32, f32); 3]),
}

use Shape::{Box, Disc, Stroke, Triangle};

/// What lies above hides what lies below.
type Picture = Vec<(Shape, Colour)>;

/// The picture of a state.
fn picture(look: Look) -> Picture {
    let mut picture = Picture::new();
    match look {
        Look::Stopped => {
            hollow_card(&mut picture);
            struck_out(&mut picture);
        }
        Look::NoReader => {
            reader(&mut picture);
            cross(&mut picture);
        }
        Look::NoCard => {
            reader(&mut picture);
            arrow(&mut picture);
        }
        Look::Card => card(&mut picture),
        Look::Connected => {
            card(&mut picture);
            badge(&mut picture, GREEN);
            picture.extend([
                (Stroke(28.5, 34.5, 32.5, 38.5, 3.6), WHITE),
                (Stroke(32.5, 38.5, 40.5, 29.5, 3.6), WHITE),
            ]);
        }
        Look::Locked => {
            card(&mut picture);
            padlock(&mut picture);
        }
        Look::Attention => {
            card(&mut picture);
            warning(&mut picture);
        }
    }
    picture
}

/// A card with its chip and two lines of text.
fn card(picture: &mut Picture) {
    picture.extend([
        (Box(1.0, 7.0, 46.0, 33.0, 6.0), WHITE),
        (Box(2.5, 8.5, 43.0, 30.0, 5.0), INK),
        (Box(5.5, 11.5, 37.0, 24.0, 2.5), WHITE),
        (Box(9.0, 16.0, 11.0, 9.0, 2.0), CHIP),
        (Stroke(25.0, 17.5, 38.0, 17.5, 2.6), LINE),
        (Stroke(25.0, 23.0, 34.0, 23.0, 2.6), LINE),
        (Stroke(10.5, 30.5, 21.0, 30.5, 2.6), LINE),
    ]);
}

/// The outline of a card that nobody attends to.
fn hollow_card(picture: &mut Picture) {
    picture.extend([
        (Box(1.0, 7.0, 46.0, 33.0, 6.0), WHITE),
        (Box(2.5, 8.5, 43.0, 30.0, 5.0), LINE),
        (Box(6.0, 12.0, 36.0, 23.0, 2.5), WHITE),
    ]);
}

/// A bar across everything.
fn struck_out(picture: &mut Picture) {
    picture.extend([(Stroke(8.0, 42.0, 40.0, 5.0, 9.0), WHITE), (Stroke(8.0, 42.0, 40.0, 5.0, 4.6), RED)]);
}

/// A reader with its slot, and nothing in it.
fn reader(picture: &mut Picture) {
    picture.extend([
        (Box(3.0, 26.0, 42.0, 19.0, 6.0), WHITE),
        (Box(4.5, 27.5, 39.0, 16.0, 5.0), INK),
        (Box(10.0, 31.0, 28.0, 4.0, 2.0), WHITE),
        (Disc(37.0, 39.5, 1.8), CHIP),
    ]);
}

/// The way into the reader.
fn arrow(picture: &mut Picture) {
    picture.extend([
        (Stroke(24.0, 6.0, 24.0, 13.0, 11.0), WHITE),
        (Triangle([(10.0, 11.0), (38.0, 11.0), (24.0, 27.5)]), WHITE),
        (Stroke(24.0, 6.0, 24.0, 13.0, 6.5), BLUE),
        (Triangle([(14.0, 13.0), (34.0, 13.0), (24.0, 24.5)]), BLUE),
    ]);
}

/// Something that is not there.
fn cross(picture: &mut Picture) {
    for (width, colour) in [(9.5, WHITE), (5.2, RED)] {
        picture.extend([
            (Stroke(16.5, 6.0, 31.5, 20.0, width), colour),
            (Stroke(31.5, 6.0, 16.5, 20.0, width), colour),
        ]);
    }
}

/// A round field for a glyph, over the lower right corner of the card.
fn badge(picture: &mut Picture, colour: Colour) {
    picture.extend([(Disc(34.5, 34.0, 13.5), WHITE), (Disc(34.5, 34.0, 11.5), colour)]);
}

/// A closed padlock.
fn padlock(picture: &mut Picture) {
    picture.extend([
        (Disc(34.5, 26.5, 9.5), WHITE),
        (Box(22.5, 25.0, 24.0, 22.0, 4.5), WHITE),
        (Disc(34.5, 26.5, 7.5), INK),
        (Disc(34.5, 26.5, 3.8), WHITE),
        (Box(24.5, 27.5, 20.0, 17.5, 3.0), INK),
        (Disc(34.5, 34.5, 2.6), WHITE),
        (Stroke(34.5, 35.0, 34.5, 39.5, 2.6), WHITE),
    ]);
}

/// A triangle with an exclamation mark.
fn warning(picture: &mut Picture) {
    picture.extend([
        (Triangle([(33.0, 12.5), (49.0, 47.5), (17.0, 47.5)]), WHITE),
        (Triangle([(33.0, 16.0), (46.5, 46.0), (19.5, 46.0)]), INK),
        (Triangle([(33.0, 20.5), (43.5, 44.2), (22.5, 44.2)]), AMBER),
        (Stroke(33.0, 29.0, 33.0, 35.5, 3.6), INK),
        (Disc(33.0, 40.6, 2.1), INK),
    ]);
}

impl Shape {
    fn covers(self, x: f32, y: f32) -> bool {
        match self {
            Box(left, top, width, height, radius) => {
                let (half_width, half_height) = (width / 2.0, height / 2.0);
                let dx = ((x - left - half_width).abs() - (half_width - radius)).max(0.0);
                let dy = ((y - top - half_height).abs() - (half_height - radius)).max(0.0);
                dx.hypot(dy) <= radius
            }
            Disc(cx, cy, radius) => (x - cx).hypot(y - cy) <= radius,
            Stroke(x1, y1, x2, y2, width) => {
                let (along_x, along_y) = (x2 - x1, y2 - y1);
                let length = along_x * along_x + along_y * along_y;
                let at = (((x - x1) * along_x + (y - y1) * along_y) / length).clamp(0.0, 1.0);
                (x - x1 - at * along_x).hypot(y - y1 - at * along_y) <= width / 2.0
            }
            Triangle([a, b, c]) => {
                let side =
                    |(ax, ay): (f32, f32), (bx, by): (f32, f32)| (bx - ax) * (y - ay) - (by - ay) * (x - ax);
                let sides = [side(a, b), side(b, c), side(c, a)];
                sides.iter().all(|side| *side >= 0.0) || sides.iter().all(|side| *side <= 0.0)
            }
        }
    }

    fn svg(self, colour: Colour) -> String {
        let [red, green, blue] = colour;
        let paint = format!("#{red:02x}{green:02x}{blue:02x}");
        match self {
            Box(left, top, width, height, radius) => format!(
                "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" fill=\"{paint}\"/>"
            ),
            Disc(x, y, radius) => format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{paint}\"/>"),
            Stroke(x1, y1, x2, y2, width) => format!(
                "<path d=\"M{x1} {y1}L{x2} {y2}\" stroke=\"{paint}\" stroke-width=\"{width}\" stroke-linecap=\"round\"/>"
            ),
            Triangle([(x1, y1), (x2, y2), (x3, y3)]) => {
                format!("<path d=\"M{x1} {y1}L{x2} {y2}L{x3} {y3}Z\" fill=\"{paint}\"/>")
            }
        }
    }
}

/// The icon of a state as RGBA, `side` pixels high and wide.
pub(crate) fn rgba(look: Look, side: u16) -> Vec<u8> {
    let picture = picture(look);
    let side = u32::from(side);
    let mut pixels = Vec::new();
    for y in 0..side {
        for x in 0..side {
            pixels.extend(pixel(&picture, x, y, side));
        }
    }
    pixels
}

/// One pixel: the mean of its samples, each of which is the uppermost shape's or nothing.
fn pixel(picture: &Picture, x: u32, y: u32, side: u32) -> [u8; 4] {
    let at = |whole: u32, part: u32| (whole as f32 + (part as f32 + 0.5) / FINE as f32) * GRID / side as f32;
    let (mut sum, mut seen) = ([0u32; 3], 0u32);
    for (sub_x, sub_y) in (0..FINE).flat_map(|sub_y| (0..FINE).map(move |sub_x| (sub_x, sub_y))) {
        let uppermost = picture.iter().rev().find(|(shape, _)| shape.covers(at(x, sub_x), at(y, sub_y)));
        if let Some((_, colour)) = uppermost {
            seen += 1;
            for (sum, part) in sum.iter_mut().zip(colour) {
                *sum += u32::from(*part);
            }
        }
    }
    let mean = |sum: u32| u8::try_from(sum / seen.max(1)).unwrap_or(u8::MAX);
    let [red, green, blue] = sum.map(mean);
    [red, green, blue, u8::try_from(seen * 255 / (FINE * FINE)).unwrap_or(u8::MAX)]
}

/// The icon of a state as an SVG file.
pub(crate) fn svg(look: Look) -> String {
    let shapes: String =
        picture(look).iter().map(|(shape, colour)| format!("  {}\n", shape.svg(*colour))).collect();
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 48 48\">\n{shapes}</svg>\n")
}

/// Name of a state's icon in the icon theme.
pub(crate) fn name(look: Look) -> &'static str {
    match look {
        Look::Stopped => "cps-tray-stopped",
        Look::NoReader => "cps-tray-no-reader",
        Look::NoCard => "cps-tray-no-card",
        // The plain card is the program's own icon too.
        Look::Card => "cps-tray",
        Look::Connected => "cps-tray-connected",
        Look::Locked => "cps-tray-locked",
        Look::Attention => "cps-tray-attention",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Light and dark parts alone, as a person sees them who sees no colour.
    fn grey(look: Look, side: u16) -> Vec<u8> {
        let grey = |p: &[u8]| (u32::from(p[0]) * 3 + u32::from(p[1]) * 6 + u32::from(p[2])) / 10;
        let shown = |p: &[u8]| grey(p) * u32::from(p[3]) / 255;
        rgba(look, side).chunks(4).map(|p| u8::try_from(shown(p)).unwrap()).collect()
    }

    #[test]
    fn states_differ_without_colour_at_every_size() {
        for side in [16, 22, 24, 32, 48] {
            for (at, one) in Look::ALL.iter().enumerate() {
                for other in &Look::ALL[at + 1..] {
                    let (a, b) = (grey(*one, side), grey(*other, side));
                    let far = a.iter().zip(&b).filter(|(a, b)| a.abs_diff(**b) > 96).count();
                    let all = usize::from(side) * usize::from(side);
                    assert!(far * 100 >= all * 6, "{one:?} and {other:?} at {side}: {far} of {all}");
                }
            }
        }
    }

    #[test]
    fn every_state_is_seen_on_light_and_dark_panels() {
        for look in Look::ALL {
            let pixels = rgba(look, 22);
            let solid: Vec<&[u8]> = pixels.chunks(4).filter(|p| p[3] == 255).collect();
            let dark = solid.iter().filter(|p| p[..3].iter().all(|part| *part < 128)).count();
            let light = solid.iter().filter(|p| p[..3].iter().all(|part| *part > 200)).count();
            assert!(dark >= 20 || look == Look::Stopped, "{look:?} on a light panel: {dark}");
            assert!(light >= 20, "{look:?} on a dark panel: {light}");
        }
    }

    #[test]
    fn the_packaged_icons_are_these() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../packaging/linux/icons/hicolor/scalable/apps");
        for look in Look::ALL {
            let file = folder.join(name(look)).with_extension("svg");
            let packaged = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(packaged == svg(look), "{}: write them with cps-tray --write-icons", file.display());
        }
    }
}
