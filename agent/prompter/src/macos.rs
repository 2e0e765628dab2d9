//! The window on macOS: an alert of the system with a secure field, in a modal session that we drive ourselves, so that a
//! question whose time is over, or which nobody waits for any more, goes away.
//!
//! Everything works by keyboard, VoiceOver finds a name for the field, and a yes is never the button that Return presses by
//! itself. Keys count from the first moment, other than on Windows. A secure field keeps other programs from listening to the keyboard while it has it.
#![allow(unsafe_code, reason = "AppKit; each block says why it is sound")]

use crate::{Asker, NoAnswer, Question, Secret, Window, dialogue::Kind};
use objc2::{MainThreadMarker, MainThreadOnly as _, rc::Retained};
use objc2_app_kit::{
    NSAccessibility as _, NSAlert, NSAlertFirstButtonReturn, NSApplication, NSApplicationActivationPolicy,
    NSColor, NSEventMask, NSModalPanelRunLoopMode, NSModalPanelWindowLevel, NSModalResponse,
    NSModalResponseContinue, NSSecureTextField, NSTextField, NSView,
};
use objc2_foundation::{NSDate, NSPoint, NSRect, NSSize, NSString};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How often it is looked whether the question still stands.
const TICK: Duration = Duration::from_millis(200);
/// Width of what stands between the text and the buttons, in points.
const WIDTH: f64 = 300.0;
/// Distance between its parts.
const GAP: f64 = 6.0;

/// The window of this system.
#[derive(Debug)]
pub struct Native {
    main: MainThreadMarker,
}

impl Native {
    /// The window of this system.
    ///
    /// # Errors
    /// When this is not the first thread of the program, which alone has windows.
    pub fn new() -> Result<Self, &'static str> {
        let main = MainThreadMarker::new().ok_or("windows belong to the first thread")?;
        let application = NSApplication::sharedApplication(main);
        // A window without an icon in the Dock.
        application.setActivationPolicy(NSApplicationActivationPolicy::Accessory);
        application.finishLaunching();
        Ok(Self { main })
    }
}

impl Window for Native {
    fn secret(&mut self, question: &Question, asker: &Asker) -> Result<Secret, NoAnswer> {
        let open = Open::new(question, self.main);
        let field = open.field.as_ref().ok_or(NoAnswer::NoWindow)?;
        let typed = loop {
            if let Err(no) = open.answer(asker) {
                break Err(no);
            }
            let text = Zeroizing::new(field.stringValue().to_string());
            // An empty field is no answer.
            if !text.is_empty() {
                break Ok(Secret::from_text(&text));
            }
        };
        // The field's own copy, as far as it lets us write over it.
        field.setStringValue(&NSString::from_str(&"0".repeat(field.stringValue().length())));
        field.setStringValue(&NSString::new());
        open.alert.window().orderOut(None);
        typed
    }

    fn consent(&mut self, question: &Question, asker: &Asker) -> Result<(), NoAnswer> {
        let open = Open::new(question, self.main);
        let answer = open.answer(asker);
        open.alert.window().orderOut(None);
        answer
    }
}

/// An open question.
struct Open {
    application: Retained<NSApplication>,
    alert: Retained<NSAlert>,
    field: Option<Retained<NSSecureTextField>>,
    ends: Instant,
}

impl Open {
    fn new(question: &Question, main: MainThreadMarker) -> Self {
        let alert = NSAlert::new(main);
        alert.setMessageText(&NSString::from_str(&question.title));
        alert.setInformativeText(&NSString::from_str(&question.description));
        let ok = alert.addButtonWithTitle(&NSString::from_str(&question.ok));
        if question.kind != Kind::Notice {
            let cancel = alert.addButtonWithTitle(&NSString::from_str(&question.cancel));
            cancel.setKeyEquivalent(&NSString::from_str("\u{1b}"));
        }
        if question.kind == Kind::Consent {
            ok.setKeyEquivalent(&NSString::new());
        }
        let mut field = None;
        if question.kind == Kind::Secret {
            let typed = NSSecureTextField::initWithFrame(NSSecureTextField::alloc(main), NSRect::ZERO);
            alert.setAccessoryView(Some(&between(question, &typed, main)));
            field = Some(typed);
        }
        alert.layout();
        let window = alert.window();
        // Above other windows: a question that is hidden is one that times out.
        window.setLevel(NSModalPanelWindowLevel);
        if let Some(field) = &field {
            window.setInitialFirstResponder(Some(field));
        }
        window.center();
        let ends = Instant::now() + question.time;
        Self { application: NSApplication::sharedApplication(main), alert, field, ends }
    }

    /// Shows the question until a button is pressed, its time is over, or nobody waits for the answer.
    fn answer(&self, asker: &Asker) -> Result<(), NoAnswer> {
        #[expect(deprecated, reason = "what replaces it exists from macOS 14 on")]
        self.application.activateIgnoringOtherApps(true);
        let window = self.alert.window();
        let session = self.application.beginModalSessionForWindow(&window);
        window.makeKeyAndOrderFront(None);
        if let Some(field) = &self.field {
            window.makeFirstResponder(Some(field));
        }
        let answer = loop {
            // SAFETY: the session is the one that was begun above and is ended below.
            let response: NSModalResponse = unsafe { self.application.runModalSession(session) };
            if response == NSAlertFirstButtonReturn {
                break Ok(());
            } else if response != NSModalResponseContinue {
                break Err(NoAnswer::Declined);
            } else if asker.is_gone() {
                break Err(NoAnswer::Withdrawn);
            } else if Instant::now() >= self.ends {
                break Err(NoAnswer::TimedOut);
            }
            // Waits for something to happen, and leaves it to the session.
            let tick = NSDate::dateWithTimeIntervalSinceNow(TICK.as_secs_f64());
            // SAFETY: a string of the system, there from the start of the program.
            let mode = unsafe { NSModalPanelRunLoopMode };
            self.application.nextEventMatchingMask_untilDate_inMode_dequeue(
                NSEventMask::Any,
                Some(&tick),
                mode,
                false,
            );
        };
        // SAFETY: as above; nothing uses it after this.
        unsafe { self.application.endModalSession(session) };
        answer
    }
}

/// What stands between the text and the buttons: the error, and the field with the words before it.
fn between(question: &Question, field: &NSSecureTextField, main: MainThreadMarker) -> Retained<NSView> {
    let view = NSView::initWithFrame(NSView::alloc(main), NSRect::ZERO);
    let mut height = 0.0;
    // From below, as coordinates go here.
    let mut stack = |part: &NSView, part_height: f64| {
        part.setFrame(NSRect::new(NSPoint::new(0.0, height), NSSize::new(WIDTH, part_height)));
        view.addSubview(part);
        height += part_height + GAP;
    };
    let label = NSString::from_str(&question.label);
    field.setAccessibilityLabel(Some(&label));
    stack(field, field.intrinsicContentSize().height);
    let label = NSTextField::labelWithString(&label, main);
    stack(&label, label.intrinsicContentSize().height);
    if let Some(error) = &question.error {
        let error = NSTextField::wrappingLabelWithString(&NSString::from_str(error), main);
        error.setTextColor(Some(&NSColor::systemRedColor()));
        error.setPreferredMaxLayoutWidth(WIDTH);
        stack(&error, error.intrinsicContentSize().height);
    }
    view.setFrameSize(NSSize::new(WIDTH, height));
    view
}
