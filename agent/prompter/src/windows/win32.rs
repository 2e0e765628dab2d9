//! Win32, as far as one dialog needs it, in words that are safe to call: the only file with `unsafe` on Windows.
//!
//! A handle that is null or no longer good is refused by the system, call by call; that is why handing one over is sound.

use std::{iter, marker::PhantomData, ptr, time::Duration};
use windows_sys::Win32::{
    Foundation::{COLORREF, HWND, LPARAM, LRESULT, RECT, WPARAM},
    Graphics::Gdi::{
        COLOR_3DFACE, COLOR_WINDOW, COLOR_WINDOWTEXT, CreateFontIndirectW, DT_CALCRECT, DT_EDITCONTROL,
        DT_NOPREFIX, DT_SINGLELINE, DT_WORDBREAK, DeleteObject, DrawTextW, FillRect, GetDC, GetMonitorInfoW,
        GetSysColor, GetSysColorBrush, HDC, HFONT, HGDIOBJ, InvalidateRect, MONITOR_DEFAULTTONEAREST,
        MONITOR_DEFAULTTOPRIMARY, MONITORINFO, MonitorFromWindow, ReleaseDC, SelectObject, SetBkColor,
        SetTextColor,
    },
    System::Threading::{AttachThreadInput, GetCurrentThreadId},
    UI::{
        Accessibility::{HCF_HIGHCONTRASTON, HIGHCONTRASTW},
        HiDpi::{AdjustWindowRectExForDpi, GetDpiForWindow, SystemParametersInfoForDpi},
        Input::KeyboardAndMouse::{EnableWindow, SetFocus},
        Shell::{
            SHGSI_ICON, SHGSI_LARGEICON, SHGSI_SMALLICON, SHGetStockIconInfo, SHSTOCKICONINFO, SIID_KEY,
        },
        WindowsAndMessaging::{
            BringWindowToTop, CreateDialogIndirectParamW, CreateWindowExW, DLGTEMPLATE, DestroyIcon,
            DestroyWindow, DispatchMessageW, FLASHW_ALL, FLASHW_TIMERNOFG, FLASHWINFO, FlashWindowEx,
            GWLP_USERDATA, GetClientRect, GetForegroundWindow, GetMessageW, GetWindowLongPtrW,
            GetWindowTextLengthW, GetWindowTextW, GetWindowThreadProcessId, HICON, IsDialogMessageW,
            IsHungAppWindow, MSG, NONCLIENTMETRICSW, SET_WINDOW_POS_FLAGS, SPI_GETHIGHCONTRAST,
            SPI_GETNONCLIENTMETRICS, SW_SHOWNORMAL, SWP_NOACTIVATE, SWP_NOMOVE, SWP_NOSIZE, SWP_NOZORDER,
            SendMessageW, SetForegroundWindow, SetTimer, SetWindowLongPtrW, SetWindowPos, SetWindowTextW,
            ShowWindow, SystemParametersInfoW, TranslateMessage, WINDOW_EX_STYLE, WINDOW_STYLE,
            WM_INITDIALOG, WS_CHILD, WS_VISIBLE,
        },
    },
};
use zeroize::Zeroizing;

/// Who takes the messages of a dialog.
pub(super) trait Procedure {
    /// Takes one; 0 leaves it to the system. The dialog may send the next one before this one is done with.
    fn message(&self, window: Pane, message: u32, wparam: WPARAM, lparam: LPARAM) -> isize;
}

/// A dialog without controls, as the system reads it: no menu, the class of dialogs, no title yet.
#[repr(C, align(4))]
struct Template {
    head: DLGTEMPLATE,
    menu_class_title: [u16; 3],
}

/// Has a hidden dialog for as long as `during` runs; `None` where the system gives none.
pub(super) fn dialog<P: Procedure, T>(
    style: WINDOW_STYLE,
    extended: WINDOW_EX_STYLE,
    procedure: &P,
    during: impl FnOnce(Pane, &mut Messages) -> T,
) -> Option<T> {
    /// Destroyed however this function is left.
    struct Destroyed(HWND);
    impl Drop for Destroyed {
        fn drop(&mut self) {
            // SAFETY: made by this thread.
            unsafe { DestroyWindow(self.0) };
        }
    }
    let head = DLGTEMPLATE { style, dwExtendedStyle: extended, ..DLGTEMPLATE::default() };
    let template = Template { head, menu_class_title: [0; 3] };
    // SAFETY: the template is laid out and aligned as `DLGTEMPLATE` asks for, and copied. `procedure` outlives the window,
    // which has its address: the window is destroyed at the end of this function, by the thread that made it.
    let window = unsafe {
        CreateDialogIndirectParamW(
            ptr::null_mut(),
            (&raw const template).cast(),
            ptr::null_mut(),
            Some(receive::<P>),
            ptr::from_ref(procedure) as LPARAM,
        )
    };
    let window = (!window.is_null()).then_some(Destroyed(window))?;
    Some(during(Pane(window.0), &mut Messages(MSG::default(), PhantomData)))
}

/// What the system calls with each message of the dialog.
unsafe extern "system" fn receive<P: Procedure>(
    window: HWND,
    message: u32,
    wparam: WPARAM,
    lparam: LPARAM,
) -> isize {
    if message == WM_INITDIALOG {
        // SAFETY: a place in the window that is its owner's to use.
        unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, lparam) };
    }
    // SAFETY: null before the message above, and then the address that `dialog` gave away, of what outlives the window. It
    // is never borrowed but shared.
    match unsafe { (GetWindowLongPtrW(window, GWLP_USERDATA) as *const P).as_ref() } {
        Some(procedure) => procedure.message(Pane(window), message, wparam, lparam),
        None => 0,
    }
}

/// The messages of this thread; the one that came last. They stay on their thread.
pub(super) struct Messages(MSG, PhantomData<*const ()>);

impl Messages {
    /// Waits for the next one and says which it is; `None` when no more will come.
    pub(super) fn next(&mut self) -> Option<u32> {
        // SAFETY: the message is written to. 0 is the end of the program, -1 a fault.
        (unsafe { GetMessageW(&raw mut self.0, ptr::null_mut(), 0, 0) } > 0).then_some(self.0.message)
    }

    /// Gives it to the dialog, with what keys mean there.
    pub(super) fn pass(&self, dialog: Pane) {
        // SAFETY: the message is as the system made it.
        unsafe {
            if IsDialogMessageW(dialog.0, &raw const self.0) == 0 {
                TranslateMessage(&raw const self.0);
                DispatchMessageW(&raw const self.0);
            }
        }
    }
}

/// A window or a control, or none, on which every call does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pane(HWND);

impl Pane {
    pub(super) const NONE: Self = Self(ptr::null_mut());

    pub(super) fn exists(self) -> bool {
        !self.0.is_null()
    }

    /// Whether a message means this one.
    pub(super) fn is(self, lparam: LPARAM) -> bool {
        self.exists() && self.0 as LPARAM == lparam
    }

    /// Makes a control of a class of the system. It goes with its window.
    pub(super) fn control(
        self,
        class: &str,
        text: &str,
        style: WINDOW_STYLE,
        extended: WINDOW_EX_STYLE,
        number: i32,
    ) -> Self {
        let (class, text) = (wide(class), wide(text));
        let style = WS_CHILD | WS_VISIBLE | style;
        // For a child the place of the menu is its number.
        let number = ptr::without_provenance_mut(usize::try_from(number).unwrap_or(0));
        let (class, text, none) = (class.as_ptr(), text.as_ptr(), ptr::null_mut());
        // SAFETY: class and text end with a zero and are copied.
        Self(unsafe {
            CreateWindowExW(extended, class, text, style, 0, 0, 0, 0, self.0, number, none, ptr::null())
        })
    }

    pub(super) fn set_text(self, text: &str) {
        let text = Zeroizing::new(wide(text));
        // SAFETY: the text ends with a zero and is copied.
        unsafe { SetWindowTextW(self.0, text.as_ptr()) };
    }

    /// Length of the text, in units of UTF-16.
    pub(super) fn length(self) -> usize {
        // SAFETY: a handle.
        usize::try_from(unsafe { GetWindowTextLengthW(self.0) }).unwrap_or(0)
    }

    /// Writes the text into `room`, with a zero at its end, and says how long it is.
    pub(super) fn text(self, room: &mut [u16]) -> usize {
        let size = i32::try_from(room.len()).unwrap_or(i32::MAX);
        // SAFETY: no more is written than there is room for.
        usize::try_from(unsafe { GetWindowTextW(self.0, room.as_mut_ptr(), size) }).unwrap_or(0)
    }

    pub(super) fn enable(self, enabled: bool) {
        // SAFETY: a handle.
        unsafe { EnableWindow(self.0, i32::from(enabled)) };
    }

    /// Sends a message whose parameters are numbers or handles.
    pub(super) fn send(self, message: u32, wparam: WPARAM, lparam: LPARAM) -> LRESULT {
        // SAFETY: of the messages that are sent from here, none has an address for a parameter.
        unsafe { SendMessageW(self.0, message, wparam, lparam) }
    }

    /// Moves it, and gives it a size.
    pub(super) fn place(self, x: i32, y: i32, size: Option<(i32, i32)>) {
        let (width, height) = size.unwrap_or_default();
        self.position(x, y, width, height, if size.is_some() { 0 } else { SWP_NOSIZE });
    }

    /// Gives it a size where it is.
    pub(super) fn resize(self, width: i32, height: i32) {
        self.position(0, 0, width, height, SWP_NOMOVE);
    }

    fn position(self, x: i32, y: i32, width: i32, height: i32, flags: SET_WINDOW_POS_FLAGS) {
        let flags = flags | SWP_NOZORDER | SWP_NOACTIVATE;
        // SAFETY: handles; none for what it would stand behind.
        unsafe { SetWindowPos(self.0, ptr::null_mut(), x, y, width, height, flags) };
    }

    pub(super) fn redraw(self) {
        // SAFETY: a handle; no rectangle is the whole window.
        unsafe { InvalidateRect(self.0, ptr::null(), 1) };
    }

    /// Sends it a `WM_TIMER` again and again, until it is gone.
    pub(super) fn tick(self, every: Duration) {
        let milliseconds = u32::try_from(every.as_millis()).unwrap_or(u32::MAX);
        // SAFETY: a handle; without a function the tick is a message.
        unsafe { SetTimer(self.0, 1, milliseconds, None) };
    }

    /// Pixels in an inch where it is.
    pub(super) fn dpi(self) -> i32 {
        // SAFETY: a handle.
        i32::try_from(unsafe { GetDpiForWindow(self.0) }).unwrap_or(0).max(96)
    }

    /// The screen without task bars: that of the window in front of the person, or that of this one.
    pub(super) fn work_area(self, in_front: bool) -> RECT {
        let mut info = MONITORINFO { cbSize: size::<MONITORINFO>(), ..MONITORINFO::default() };
        // SAFETY: handles, of which none has its default; `info` has the size it says.
        unsafe {
            let monitor = if in_front {
                MonitorFromWindow(GetForegroundWindow(), MONITOR_DEFAULTTOPRIMARY)
            } else {
                MonitorFromWindow(self.0, MONITOR_DEFAULTTONEAREST)
            };
            GetMonitorInfoW(monitor, &raw mut info);
        }
        info.rcWork
    }

    /// Shows the window before all others, `first` ready for the keyboard. Where the system keeps another program in front,
    /// the window is above it all the same if its style says so, and blinks in the task bar.
    pub(super) fn to_front(self, first: Self) {
        // SAFETY: handles. This thread shares the input of the program in front for two calls, and only where that one
        // answers: it would wait with it.
        unsafe {
            ShowWindow(self.0, SW_SHOWNORMAL);
            let front = GetForegroundWindow();
            if SetForegroundWindow(self.0) == 0 && !front.is_null() && IsHungAppWindow(front) == 0 {
                let (ours, theirs) = (GetCurrentThreadId(), GetWindowThreadProcessId(front, ptr::null_mut()));
                if AttachThreadInput(ours, theirs, 1) != 0 {
                    BringWindowToTop(self.0);
                    SetForegroundWindow(self.0);
                    AttachThreadInput(ours, theirs, 0);
                }
            }
            SetFocus(first.0);
            if GetForegroundWindow() != self.0 {
                let flash = FLASHWINFO {
                    cbSize: size::<FLASHWINFO>(),
                    hwnd: self.0,
                    dwFlags: FLASHW_ALL | FLASHW_TIMERNOFG,
                    uCount: 0,
                    dwTimeout: 0,
                };
                FlashWindowEx(&raw const flash);
            }
        }
    }

    /// Measures words in these letters, as the window would show them.
    pub(super) fn measure<'f>(self, font: &'f Font) -> Measure<'f> {
        // SAFETY: the context is given back by `drop`, with the letters it had; the font lives as long.
        let (context, before) = unsafe {
            let context = GetDC(self.0);
            (context, SelectObject(context, font.0))
        };
        Measure { window: self.0, context, before, font: PhantomData }
    }
}

/// What a window is larger than what is in it: width, height.
pub(super) fn frame(style: WINDOW_STYLE, extended: WINDOW_EX_STYLE, dpi: i32) -> (i32, i32) {
    let mut frame = RECT::default();
    // SAFETY: the rectangle is changed.
    unsafe { AdjustWindowRectExForDpi(&raw mut frame, style, 0, extended, dpi.unsigned_abs()) };
    (frame.right - frame.left, frame.bottom - frame.top)
}

/// A context for drawing, which a message brought.
pub(super) struct Context(HDC);

impl Context {
    pub(super) fn of(wparam: WPARAM) -> Self {
        Self(ptr::with_exposed_provenance_mut(wparam))
    }

    /// Paints the ground: that of a page, and from `strip` on that of a strip for buttons.
    pub(super) fn ground(&self, window: Pane, strip: i32) {
        let mut inside = RECT::default();
        // SAFETY: rectangles of this frame, handles, brushes of the system.
        unsafe {
            GetClientRect(window.0, &raw mut inside);
            let (page, strip) = (RECT { bottom: strip, ..inside }, RECT { top: strip, ..inside });
            FillRect(self.0, &raw const page, GetSysColorBrush(COLOR_WINDOW));
            FillRect(self.0, &raw const strip, GetSysColorBrush(COLOR_3DFACE));
        }
    }

    /// Sets the colours of a text on the page, the system's where no other is given; gives the brush for what is behind.
    pub(super) fn letters(&self, colour: Option<COLORREF>) -> isize {
        // SAFETY: a handle; colours and brushes of the system.
        unsafe {
            SetTextColor(self.0, colour.unwrap_or_else(|| GetSysColor(COLOR_WINDOWTEXT)));
            SetBkColor(self.0, GetSysColor(COLOR_WINDOW));
            GetSysColorBrush(COLOR_WINDOW) as isize
        }
    }
}

/// The brush for what is behind a button.
pub(super) fn strip_brush() -> isize {
    // SAFETY: a brush of the system, which owns it.
    unsafe { GetSysColorBrush(COLOR_3DFACE) as isize }
}

/// Whether colours of ours may stand on the page: it is light, and the person did not choose colours for contrast.
pub(super) fn plain_page() -> bool {
    // SAFETY: a colour of the system.
    let [red, green, blue, _] = unsafe { GetSysColor(COLOR_WINDOW) }.to_le_bytes();
    let light = red.min(green).min(blue) >= 0xE0;
    let mut contrast = HIGHCONTRASTW { cbSize: size::<HIGHCONTRASTW>(), ..HIGHCONTRASTW::default() };
    // SAFETY: the structure has the size it says.
    unsafe { SystemParametersInfoW(SPI_GETHIGHCONTRAST, contrast.cbSize, (&raw mut contrast).cast(), 0) };
    light && contrast.dwFlags & HCF_HIGHCONTRASTON == 0
}

/// Letters. Whoever shows them gets others before these go.
pub(super) struct Font(HFONT);

impl Font {
    /// Those of the system's messages, as large as the person has them.
    pub(super) fn of_messages(dpi: i32) -> Self {
        let size = size::<NONCLIENTMETRICSW>();
        let mut metrics = NONCLIENTMETRICSW { cbSize: size, ..NONCLIENTMETRICSW::default() };
        let place = (&raw mut metrics).cast();
        // SAFETY: the structure has the size it says; unanswered it describes letters of the system's choice.
        unsafe {
            SystemParametersInfoForDpi(SPI_GETNONCLIENTMETRICS, size, place, 0, dpi.unsigned_abs());
            Self(CreateFontIndirectW(&raw const metrics.lfMessageFont))
        }
    }

    /// For `WM_SETFONT`.
    pub(super) fn handle(&self) -> WPARAM {
        self.0 as WPARAM
    }
}

impl Default for Font {
    /// None: the system takes its own.
    fn default() -> Self {
        Self(ptr::null_mut())
    }
}

impl Drop for Font {
    fn drop(&mut self) {
        // SAFETY: made here; a control that still has it would fall back on the system's.
        unsafe { DeleteObject(self.0) };
    }
}

/// A picture for a window, or none.
pub(super) struct Icon(HICON);

impl Icon {
    /// The system's own picture of a key.
    pub(super) fn key(large: bool) -> Self {
        let mut info = SHSTOCKICONINFO { cbSize: size::<SHSTOCKICONINFO>(), ..SHSTOCKICONINFO::default() };
        let size = if large { SHGSI_LARGEICON } else { SHGSI_SMALLICON };
        // SAFETY: the structure has the size it says; unanswered it has no picture.
        unsafe { SHGetStockIconInfo(SIID_KEY, SHGSI_ICON | size, &raw mut info) };
        Self(info.hIcon)
    }

    /// For `WM_SETICON`.
    pub(super) fn handle(&self) -> LPARAM {
        self.0 as LPARAM
    }
}

impl Default for Icon {
    fn default() -> Self {
        Self(ptr::null_mut())
    }
}

impl Drop for Icon {
    fn drop(&mut self) {
        // SAFETY: made for us, and ours to destroy.
        unsafe { DestroyIcon(self.0) };
    }
}

/// Measures words in the letters they will be shown in.
pub(super) struct Measure<'f> {
    window: HWND,
    context: HDC,
    before: HGDIOBJ,
    font: PhantomData<&'f Font>,
}

impl Measure<'_> {
    /// Width and height of words on one line.
    pub(super) fn line(&self, words: &str) -> (i32, i32) {
        self.size(words, 0, DT_SINGLELINE)
    }

    /// Height of words on lines of this width, broken as a text with `SS_EDITCONTROL` breaks them.
    pub(super) fn wrapped(&self, words: &str, width: i32) -> i32 {
        self.size(words, width, DT_WORDBREAK | DT_EDITCONTROL).1
    }

    fn size(&self, words: &str, width: i32, format: u32) -> (i32, i32) {
        let (words, mut room) = (wide(words), RECT { right: width, ..RECT::default() });
        // SAFETY: the words end with a zero, which is what -1 says, and the rectangle is changed; nothing is drawn.
        unsafe {
            DrawTextW(self.context, words.as_ptr(), -1, &raw mut room, format | DT_NOPREFIX | DT_CALCRECT)
        };
        (room.right, room.bottom)
    }
}

impl Drop for Measure<'_> {
    fn drop(&mut self) {
        // SAFETY: of this window, by the thread that got it.
        unsafe {
            SelectObject(self.context, self.before);
            ReleaseDC(self.window, self.context);
        }
    }
}

/// A text as Win32 takes it: UTF-16, with a zero at its end.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain(iter::once(0)).collect()
}

/// The size that a structure says it has.
fn size<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or(0)
}
