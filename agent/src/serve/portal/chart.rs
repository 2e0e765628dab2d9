//! Pictures of numbers: inline SVG that needs no script and no style of its own.
//!
//! Widths are percentages and heights are pixels, so that a picture fits every window with letters of the same size.
//! Series differ by pattern as well as by colour. A picture is named for whoever hears it, and its numbers stand beside it
//! as a table.

use crate::serve::page::html::{Attributes, Page};

/// Height of the columns of a picture, pixels.
const HEIGHT: u32 = 150;
/// Room above them for a number, and below for a label.
const ABOVE: u32 = 22;
const BELOW: u32 = 24;
/// Height of a bar in a list.
const BAR: &str = "14";
/// Columns whose labels always fit.
const MANY: usize = 7;
/// Most series that can be told apart.
pub(super) const SERIES: usize = 5;

/// One column: its label, and its parts from the bottom up, by series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) label: String,
    pub(super) parts: [u32; SERIES],
}

impl Column {
    /// A column of one series.
    pub(super) fn plain(label: String, count: u32) -> Self {
        Self { label, parts: [count, 0, 0, 0, 0] }
    }

    fn sum(&self) -> u32 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(*part))
    }
}

/// Columns side by side, each with its number above and its label below.
pub(super) fn columns(page: &mut Page, name: &str, columns: &[Column]) {
    let most = columns.iter().map(Column::sum).max().unwrap_or(0).max(1);
    let height = (HEIGHT + ABOVE + BELOW).to_string();
    let attributes =
        [("class", "chart"), ("role", "img"), ("aria-label", name), ("width", "100%"), ("height", &height)];
    page.element("svg", &attributes, |page| {
        patterns(page);
        let floor = (ABOVE + HEIGHT).to_string();
        page.element(
            "line",
            &[("class", "floor"), ("x1", "0"), ("x2", "100%"), ("y1", &floor), ("y2", &floor)],
            |_| {},
        );
        let slot = 100.0 / columns.len().max(1) as f32;
        for (place, column) in columns.iter().enumerate() {
            // Where many stand in a narrow window every other one is not labelled; the last, which is today, is.
            let spared = columns.len() > MANY && (columns.len() - place).is_multiple_of(2);
            draw(page, column, most, slot * place as f32, slot, spared);
        }
    });
}

/// One column in its slot.
fn draw(page: &mut Page, column: &Column, most: u32, left: f32, slot: f32, spared: bool) {
    let middle = percent(left + slot / 2.0);
    let (x, width) = (percent(left + slot * 0.16), percent(slot * 0.68));
    let mut top = ABOVE + HEIGHT;
    for (series, part) in column.parts.iter().enumerate().filter(|(_, part)| **part > 0) {
        let tall = scaled(*part, most, HEIGHT).min(top);
        top -= tall;
        let (y, tall) = (top.to_string(), tall.to_string());
        let fill = format!("url(#series-{series})");
        let attributes = [
            ("class", "part"),
            ("x", x.as_str()),
            ("y", y.as_str()),
            ("width", &width),
            ("height", &tall),
            ("fill", &fill),
        ];
        page.element("rect", &attributes, |_| {});
    }
    let words = |page: &mut Page, class: &str, y: u32, text: &str| {
        let y = y.to_string();
        page.words("text", &[("class", class), ("x", &middle), ("y", &y), ("text-anchor", "middle")], text);
    };
    let sum = column.sum();
    if sum > 0 {
        words(page, "count", top.saturating_sub(6), &sum.to_string());
    }
    words(page, if spared { "label other" } else { "label" }, ABOVE + HEIGHT + 17, &column.label);
}

/// A bar of a list: `count` of the `most` of all bars.
pub(super) fn bar(page: &mut Page, count: u32, most: u32) {
    let attributes = [
        ("class", "bar"),
        ("aria-hidden", "true"),
        ("width", "100%"),
        ("height", BAR),
        ("focusable", "false"),
    ];
    page.element("svg", &attributes, |page| {
        let width = percent(100.0 * count as f32 / most.max(1) as f32);
        page.element("rect", &[("class", "solid"), ("width", &width), ("height", BAR)], |_| {});
    });
}

/// What the patterns of a picture above stand for.
pub(super) fn legend<'a>(page: &mut Page, names: impl IntoIterator<Item = (usize, &'a str)>) {
    page.element("ul", &[("class", "legend")], |page| {
        for (series, name) in names {
            let fill = format!("url(#series-{series})");
            page.element("li", &[], |page| {
                let swatch =
                    [("aria-hidden", "true"), ("width", "18"), ("height", "18"), ("focusable", "false")];
                page.element("svg", &swatch, |page| {
                    let square =
                        [("class", "part"), ("width", "18"), ("height", "18"), ("fill", fill.as_str())];
                    page.element("rect", &square, |_| {});
                });
                page.words("span", &[], name);
            });
        }
    });
}

/// The patterns of the series: plain, two hatchings, dots and lines, each on its own colour.
fn patterns(page: &mut Page) {
    const TURNS: [&str; SERIES] = ["", "rotate(45)", "", "rotate(-45)", ""];
    page.element("defs", &[], |page| {
        for (series, turn) in TURNS.iter().enumerate() {
            let id = format!("series-{series}");
            let colour = format!("colour-{series}");
            let mut attributes = vec![
                ("id", id.as_str()),
                ("width", "8"),
                ("height", "8"),
                ("patternUnits", "userSpaceOnUse"),
            ];
            if !turn.is_empty() {
                attributes.push(("patternTransform", turn));
            }
            page.element("pattern", &attributes, |page| {
                let mut shape = |name: &'static str, attributes: Attributes<'_>| {
                    page.element(name, attributes, |_| {});
                };
                shape("rect", &[("class", &colour), ("width", "8"), ("height", "8")]);
                match series {
                    1 | 3 => shape("rect", &[("class", "mesh"), ("width", "3"), ("height", "8")]),
                    2 => shape("circle", &[("class", "mesh"), ("cx", "4"), ("cy", "4"), ("r", "1.8")]),
                    4 => shape("rect", &[("class", "mesh"), ("width", "8"), ("height", "3")]),
                    _ => {}
                }
            });
        }
    });
}

/// The share of a height, at least a line.
fn scaled(part: u32, most: u32, height: u32) -> u32 {
    let scaled = u64::from(part) * u64::from(height) / u64::from(most.max(1));
    u32::try_from(scaled).unwrap_or(height).max(2)
}

fn percent(value: f32) -> String {
    format!("{value:.2}%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cps_agent_core::failure::Language;

    fn drawn(draw: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::new(Language::French, "", false);
        draw(&mut page);
        page.part()
    }

    #[test]
    fn nothing_foreign_becomes_markup_in_a_picture() {
        let evil = "\"><script>alert('x')</script>&";
        let picture = drawn(|page| {
            columns(page, evil, &[Column::plain(evil.to_owned(), 3)]);
            legend(page, [(0, evil)]);
        });
        assert!(!picture.contains("<script"), "{picture}");
        assert_eq!(picture.matches("&lt;script&gt;").count(), 3);
    }

    #[test]
    fn columns_are_as_tall_as_their_numbers_and_never_taller_than_the_picture() {
        let parts = [3, 1, 0, 0, 0];
        let picture = drawn(|page| {
            columns(page, "x", &[Column { label: "a".to_owned(), parts }, Column::plain("b".to_owned(), 2)]);
        });
        for tall in ["height=\"112\"", "height=\"37\"", "height=\"75\""] {
            assert!(picture.contains(tall), "{tall}: {picture}");
        }
        for number in [">4</text>", ">2</text>"] {
            assert!(picture.contains(number), "{number}: {picture}");
        }
        let flood = drawn(|page| {
            columns(page, "x", &[Column { label: String::new(), parts: [u32::MAX; SERIES] }]);
        });
        assert!(flood.contains(&format!(">{}</text>", u32::MAX)), "{flood}");
    }

    #[test]
    fn an_empty_picture_is_drawn_all_the_same() {
        assert!(drawn(|page| columns(page, "x", &[])).contains("<svg"));
        assert!(drawn(|page| bar(page, 0, 0)).contains("0.00%"));
    }
}
