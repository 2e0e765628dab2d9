//! Where things stand in the window: text, error, field and buttons below each other, at any resolution.
//!
//! Lengths are pixels of the window; the constants are for 96 of them in an inch.

/// Distance to the edges of the window.
const MARGIN: i32 = 20;
/// Distance between parts that do not belong together.
const GAP: i32 = 14;
/// Distance between a label and its field, and between two buttons.
const CLOSE: i32 = 6;
/// Width of a text line: about sixty letters.
const TEXT: i32 = 400;
/// Smallest width of a button.
const BUTTON: i32 = 88;
/// What a button is wider and higher than its words.
const PADDING: (i32, i32) = (28, 12);
/// What a field is higher than its line.
const FIELD: i32 = 8;

/// How large the parts are, in pixels, where their own words decide it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Pixels in an inch.
    pub dpi: i32,
    /// A line of text.
    pub line: i32,
    /// The description, wrapped at [`Sizes::text_width`].
    pub description: i32,
    /// The error, wrapped as well.
    pub error: Option<i32>,
    /// A field with a label is wanted.
    pub field: bool,
    /// Widths of the words on the buttons, from left to right; those that there are stand at the right edge.
    pub buttons: [Option<i32>; 2],
    /// The highest the inner window may be.
    pub highest: i32,
}

/// A place in the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Distance from the left edge.
    pub x: i32,
    /// Distance from the upper edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

/// Where everything stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// Inner size of the window.
    pub size: (i32, i32),
    /// The description. Cut where the window would become higher than the screen.
    pub description: Place,
    /// The error.
    pub error: Place,
    /// The words before the field.
    pub label: Place,
    /// The field.
    pub field: Place,
    /// The upper edge of the strip below, where the buttons are.
    pub strip: i32,
    /// The buttons.
    pub buttons: [Place; 2],
}

impl Sizes {
    /// How wide a text is at this resolution.
    #[must_use]
    pub fn text_width(dpi: i32) -> i32 {
        scaled(TEXT, dpi)
    }

    /// Places everything.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let at = |length| scaled(length, self.dpi);
        let (margin, gap, width) = (at(MARGIN), at(GAP), at(TEXT));
        let button = (at(BUTTON), self.line + at(PADDING.1));
        let below = gap + button.1 + gap;
        let between = self.error.map_or(0, |height| height + gap)
            + if self.field { self.line + at(CLOSE) + self.line + at(FIELD) + gap } else { 0 };
        let room = self.highest - margin - gap - between - below;
        let description = self.description.min(room.max(self.line));

        let mut y = margin;
        let mut stack = |height: i32, distance: i32| {
            let place = Place { x: margin, y, width, height };
            y += height + distance;
            place
        };
        let mut layout = Layout { description: stack(description, gap), ..Layout::default() };
        if let Some(height) = self.error {
            layout.error = stack(height, gap);
        }
        if self.field {
            layout.label = stack(self.line, at(CLOSE));
            layout.field = stack(self.line + at(FIELD), gap);
        }
        layout.strip = y;
        layout.size = (width + 2 * margin, layout.strip + below);
        // From the right edge to the left, so that a single button stands where the last of two does.
        let mut right = margin + width;
        for (place, words) in layout.buttons.iter_mut().zip(self.buttons).rev() {
            let Some(words) = words else { continue };
            let width = button.0.max(words + at(PADDING.0));
            *place = Place { x: right - width, y: layout.strip + gap, width, height: button.1 };
            right -= width + at(CLOSE) + at(2);
        }
        layout
    }
}

fn scaled(length: i32, dpi: i32) -> i32 {
    length * dpi / 96
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(dpi: i32) -> Sizes {
        Sizes {
            dpi,
            line: scaled(16, dpi),
            description: scaled(64, dpi),
            error: Some(scaled(32, dpi)),
            field: true,
            buttons: [Some(scaled(44, dpi)), Some(scaled(160, dpi))],
            highest: scaled(700, dpi),
        }
    }

    fn apart(layout: &Layout) {
        let places = [
            layout.description,
            layout.error,
            layout.label,
            layout.field,
            layout.buttons[0],
            layout.buttons[1],
        ];
        let shown: Vec<_> = places.iter().filter(|place| place.height > 0).collect();
        for (index, one) in shown.iter().enumerate() {
            assert!(one.x >= 0 && one.x + one.width <= layout.size.0, "{one:?} in {layout:?}");
            assert!(one.y >= 0 && one.y + one.height <= layout.size.1, "{one:?} in {layout:?}");
            for other in shown.iter().skip(index + 1) {
                let beside = one.x + one.width <= other.x || other.x + other.width <= one.x;
                assert!(beside || one.y + one.height <= other.y, "{one:?} meets {other:?}");
            }
        }
    }

    #[test]
    fn nothing_covers_anything_at_any_resolution() {
        for dpi in [96, 120, 144, 192, 288] {
            for (error, field) in [(None, false), (None, true), (Some(40), true)] {
                apart(&Sizes { error, field, ..sizes(dpi) }.layout());
            }
        }
    }

    #[test]
    fn a_text_higher_than_the_screen_leaves_the_buttons_on_it() {
        let layout = Sizes { description: 20_000, ..sizes(96) }.layout();
        assert_eq!(layout.size.1, 700);
        apart(&layout);
        let low = Sizes { highest: 10, ..sizes(96) }.layout();
        assert_eq!(low.description.height, 16, "one line is left on the lowest screen");
        apart(&low);
    }

    #[test]
    fn a_single_button_stands_at_the_end() {
        let layout = Sizes { buttons: [Some(20), None], ..sizes(96) }.layout();
        assert_eq!(layout.buttons[1], Place::default());
        assert_eq!(layout.buttons[0].x + layout.buttons[0].width, layout.size.0 - MARGIN);
    }
}
