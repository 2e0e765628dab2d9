//! The window on Windows: a dialog of the system with the system's own controls, and no toolkit.
//!
//! Its rules: everything works by keyboard; a screen reader finds a title, a text, and a field with the words before it;
//! colours and letters are the system's, high contrast included. A yes is never the button that Enter presses by itself.
//! In its first half second keys and clicks count for nothing: what was meant for another window is no answer.

#[allow(unsafe_code, reason = "the one file that calls Win32; each block says why it is sound")]
mod win32;

use crate::{
    Asker, NoAnswer, Question, Secret, Window,
    dialogue::Kind,
    layout::{Place, Sizes},
};
use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};
use win32::{Context, Font, Icon, Messages, Pane, Procedure};
use windows_sys::Win32::{
    Foundation::COLORREF,
    System::SystemServices::{SS_EDITCONTROL, SS_NOPREFIX},
    UI::{
        Controls::{EM_EMPTYUNDOBUFFER, EM_SETLIMITTEXT},
        WindowsAndMessaging::{
            BS_DEFPUSHBUTTON, BS_PUSHBUTTON, DM_SETDEFID, EN_CHANGE, ES_AUTOHSCROLL, ES_PASSWORD, ICON_BIG,
            ICON_SMALL, IDCANCEL, IDOK, WINDOW_EX_STYLE, WINDOW_STYLE, WM_COMMAND, WM_CTLCOLORBTN,
            WM_CTLCOLORSTATIC, WM_DPICHANGED, WM_ERASEBKGND, WM_INITDIALOG, WM_KEYFIRST, WM_KEYLAST,
            WM_LBUTTONDBLCLK, WM_LBUTTONDOWN, WM_SETFONT, WM_SETICON, WM_SETTINGCHANGE, WM_SYSCOLORCHANGE,
            WM_THEMECHANGED, WM_TIMER, WS_CAPTION, WS_CLIPCHILDREN, WS_EX_APPWINDOW, WS_EX_CLIENTEDGE,
            WS_EX_CONTROLPARENT, WS_EX_TOPMOST, WS_POPUP, WS_SYSMENU, WS_TABSTOP,
        },
    },
};
use zeroize::Zeroizing;

/// Longest input, in units of UTF-16. Three bytes for each still fit into a line of the protocol.
const LIMIT: usize = 255;
/// How often it is looked whether the question still stands.
const TICK: Duration = Duration::from_millis(200);
/// How long keys and clicks count for nothing: they were on their way to another window.
const SETTLING: Duration = Duration::from_millis(500);
/// The letters of an error: a red that is seven times darker than the page behind it (WCAG 2, 1.4.6).
const RED: COLORREF = 0x0000_00A0;
/// The field among the controls; the buttons have the numbers that the system gives them.
const FIELD: i32 = 100;

const STYLE: WINDOW_STYLE = WS_POPUP | WS_CAPTION | WS_SYSMENU | WS_CLIPCHILDREN;
/// Above other windows and in the task bar: a question that is hidden is one that times out.
const EXTENDED: WINDOW_EX_STYLE = WS_EX_TOPMOST | WS_EX_APPWINDOW | WS_EX_CONTROLPARENT;

/// The window of this system.
#[derive(Debug)]
pub struct Native(());

impl Native {
    /// The window of this system.
    ///
    /// # Errors
    /// None here.
    pub fn new() -> Result<Self, &'static str> {
        Ok(Self(()))
    }
}

impl Window for Native {
    fn secret(&mut self, question: &Question, asker: &Asker) -> Result<Secret, NoAnswer> {
        show(question, asker)?.ok_or(NoAnswer::NoWindow)
    }

    fn consent(&mut self, question: &Question, asker: &Asker) -> Result<(), NoAnswer> {
        show(question, asker).map(drop)
    }
}

/// Shows a question until it has an answer; what was typed where something is to be typed.
fn show(question: &Question, asker: &Asker) -> Result<Option<Secret>, NoAnswer> {
    let open = Open::new(question, asker);
    win32::dialog(STYLE, EXTENDED, &open, |window, messages| {
        // A dialog that lacks a part, for want of memory, is none.
        let parts = [&open.description, &open.ok, &open.first];
        if !parts.iter().all(|part| part.get().exists()) {
            return Err(NoAnswer::NoWindow);
        }
        window.to_front(open.first.get());
        let answer = open.answer(window, messages);
        let typed = (answer.is_ok() && question.kind == Kind::Secret).then(|| open.typed());
        open.wipe();
        answer.map(|()| typed.flatten())
    })
    .unwrap_or(Err(NoAnswer::NoWindow))
}

/// An open question. The window calls it while it runs itself, so that everything that changes is a cell.
struct Open<'a> {
    question: &'a Question,
    asker: &'a Asker,
    ends: Instant,
    description: Cell<Pane>,
    error: Cell<Pane>,
    label: Cell<Pane>,
    field: Cell<Pane>,
    ok: Cell<Pane>,
    cancel: Cell<Pane>,
    /// Where the keyboard is at the beginning.
    first: Cell<Pane>,
    font: RefCell<Font>,
    icons: RefCell<[Icon; 2]>,
    /// Upper edge of the strip with the buttons.
    strip: Cell<i32>,
    /// A colour of ours may stand on the page.
    plain: Cell<bool>,
    /// Resolution, letters or colours changed.
    stale: Cell<bool>,
    outcome: Cell<Option<Result<(), NoAnswer>>>,
}

impl Procedure for Open<'_> {
    /// Takes a message. 0 leaves it to the system; what else the number means belongs to the message.
    fn message(&self, window: Pane, message: u32, wparam: usize, lparam: isize) -> isize {
        match message {
            WM_INITDIALOG => {
                self.furnish(window);
                // The keyboard's place is chosen when the window is shown.
                return 0;
            }
            // The lower word is the control's number, the upper one what happened to it.
            WM_COMMAND => match ((wparam & 0xFFFF) as i32, (wparam >> 16 & 0xFFFF) as u32) {
                (FIELD, EN_CHANGE) => self.ok.get().enable(self.field.get().length() > 0),
                // By Enter too, which is no click: an empty field is no answer.
                (IDOK, _) if self.field.get().exists() && self.field.get().length() == 0 => {}
                (IDOK, _) => self.end(Ok(())),
                (IDCANCEL, _) if self.question.kind == Kind::Notice => self.end(Ok(())),
                (IDCANCEL, _) => self.end(Err(NoAnswer::Declined)),
                _ => return 0,
            },
            WM_TIMER => self.look(window),
            WM_DPICHANGED | WM_SETTINGCHANGE | WM_SYSCOLORCHANGE | WM_THEMECHANGED => {
                // After the system has done its part, which may be to move things.
                self.stale.set(true);
                return 0;
            }
            WM_ERASEBKGND => Context::of(wparam).ground(window, self.strip.get()),
            WM_CTLCOLORSTATIC => {
                let red = self.plain.get() && self.error.get().is(lparam);
                return Context::of(wparam).letters(red.then_some(RED));
            }
            WM_CTLCOLORBTN => return win32::strip_brush(),
            _ => return 0,
        }
        1
    }
}

impl<'a> Open<'a> {
    fn new(question: &'a Question, asker: &'a Asker) -> Self {
        let none = || Cell::new(Pane::NONE);
        Self {
            question,
            asker,
            ends: Instant::now() + question.time,
            description: none(),
            error: none(),
            label: none(),
            field: none(),
            ok: none(),
            cancel: none(),
            first: none(),
            font: RefCell::default(),
            icons: RefCell::default(),
            strip: Cell::new(0),
            plain: Cell::new(false),
            stale: Cell::new(false),
            outcome: Cell::new(None),
        }
    }

    fn end(&self, outcome: Result<(), NoAnswer>) {
        self.outcome.set(Some(outcome));
    }

    /// Passes messages on until there is an answer.
    fn answer(&self, window: Pane, messages: &mut Messages) -> Result<(), NoAnswer> {
        let shown = Instant::now();
        loop {
            if let Some(outcome) = self.outcome.take() {
                return outcome;
            }
            let message = messages.next().ok_or(NoAnswer::NoWindow)?;
            let acted = matches!(message, WM_KEYFIRST..=WM_KEYLAST | WM_LBUTTONDOWN | WM_LBUTTONDBLCLK);
            if !acted || shown.elapsed() >= SETTLING {
                messages.pass(window);
            }
        }
    }

    /// Whether the question still stands, and the window still fits the screen.
    fn look(&self, window: Pane) {
        if self.asker.is_gone() {
            self.end(Err(NoAnswer::Withdrawn));
        } else if Instant::now() >= self.ends {
            self.end(Err(NoAnswer::TimedOut));
        } else if self.stale.take() {
            self.arrange(window, false);
        }
    }

    /// Makes the controls, in the order in which they are read and reached by Tab.
    fn furnish(&self, window: Pane) {
        let question = self.question;
        window.set_text(&question.title);
        let text = |words: &str| window.control("STATIC", words, SS_NOPREFIX | SS_EDITCONTROL, 0, 0);
        self.description.set(text(&question.description));
        if let Some(error) = &question.error {
            self.error.set(text(error));
        }
        if question.kind == Kind::Secret {
            self.label.set(text(&question.label));
            let style = WS_TABSTOP | (ES_PASSWORD | ES_AUTOHSCROLL) as u32;
            self.field.set(window.control("EDIT", "", style, WS_EX_CLIENTEDGE, FIELD));
            self.field.get().send(EM_SETLIMITTEXT, LIMIT, 0);
        }
        let default = if question.kind == Kind::Consent { IDCANCEL } else { IDOK };
        let button = |label: &str, number: i32| {
            let style = if number == default { BS_DEFPUSHBUTTON } else { BS_PUSHBUTTON };
            // An ampersand would underline the letter after it.
            window.control("BUTTON", &label.replace('&', "&&"), WS_TABSTOP | style as u32, 0, number)
        };
        self.ok.set(button(&question.ok, IDOK));
        if question.kind != Kind::Notice {
            self.cancel.set(button(&question.cancel, IDCANCEL));
        }
        window.send(DM_SETDEFID, default as usize, 0);
        self.first.set(match question.kind {
            Kind::Secret => self.field.get(),
            Kind::Consent => self.cancel.get(),
            Kind::Notice => self.ok.get(),
        });
        self.ok.get().enable(question.kind != Kind::Secret);
        let icons = [Icon::key(true), Icon::key(false)];
        for (icon, place) in icons.iter().zip([ICON_BIG, ICON_SMALL]) {
            window.send(WM_SETICON, place as usize, icon.handle());
        }
        self.icons.replace(icons);
        self.arrange(window, true);
        window.tick(TICK);
    }

    /// Gives everything its letters and its place, by the resolution of the screen it is on.
    fn arrange(&self, window: Pane, first: bool) {
        let question = self.question;
        let work = window.work_area(first);
        if first {
            // The resolution is that of the screen where the window is, hidden or not.
            window.place(work.left, work.top, None);
        }
        let dpi = window.dpi();
        let frame = win32::frame(STYLE, EXTENDED, dpi);
        let font = Font::of_messages(dpi);
        self.plain.set(win32::plain_page());

        let measure = window.measure(&font);
        let width = Sizes::text_width(dpi);
        let words = |button: &Cell<Pane>, label: &str| button.get().exists().then(|| measure.line(label).0);
        let buttons = [words(&self.ok, &question.ok), words(&self.cancel, &question.cancel)];
        let layout = Sizes {
            dpi,
            line: measure.line("Ég").1,
            description: measure.wrapped(&question.description, width),
            error: question.error.as_ref().map(|error| measure.wrapped(error, width)),
            field: question.kind == Kind::Secret,
            buttons,
            highest: work.bottom - work.top - frame.1,
        }
        .layout();
        drop(measure);

        self.strip.set(layout.strip);
        let [ok, cancel] = layout.buttons;
        for (control, to) in [
            (&self.description, layout.description),
            (&self.error, layout.error),
            (&self.label, layout.label),
            (&self.field, layout.field),
            (&self.ok, ok),
            (&self.cancel, cancel),
        ] {
            let Place { x, y, width, height } = to;
            control.get().send(WM_SETFONT, font.handle(), 1);
            control.get().place(x, y, Some((width, height)));
        }
        let (width, height) = (layout.size.0 + frame.0, layout.size.1 + frame.1);
        if first {
            // A little above the middle, where the eye looks first.
            let x = work.left + (work.right - work.left - width) / 2;
            let y = work.top + (work.bottom - work.top - height) * 2 / 5;
            window.place(x, y, Some((width, height)));
        } else {
            window.resize(width, height);
        }
        // Only now, since everything has new letters, do the old ones go.
        self.font.replace(font);
        window.redraw();
    }

    /// What is in the field.
    fn typed(&self) -> Option<Secret> {
        let mut units = Zeroizing::new([0; LIMIT + 1]);
        let length = self.field.get().text(units.as_mut_slice());
        Secret::from_utf16(units.get(..length)?)
    }

    /// Writes over what the field holds, as far as it lets us: over the text, and over what it would undo.
    fn wipe(&self) {
        let field = self.field.get();
        if field.exists() {
            field.set_text(&"0".repeat(field.length()));
            field.send(EM_EMPTYUNDOBUFFER, 0, 0);
            field.set_text("");
        }
    }
}
