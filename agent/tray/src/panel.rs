//! The icon on the panel. It lives on the program's first thread, as every system's panel but Linux's demands.
//!
//! That thread must have no tokio runtime: where it has none, the library's bus connection drives itself; inside a runtime
//! it would wait for a runtime that this thread does not run (Cargo.toml says more).

use crate::{
    icon,
    menu::{self, Menu},
    state::{Command, View},
};
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};
use tokio::sync::mpsc::UnboundedSender;
use tray_icon::{
    Icon, MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent, menu::MenuEvent,
};

/// Height and width of the picture that the panel gets, and makes smaller or larger as it needs.
const SIDE: u16 = 48;
/// Pause before an icon that could not be made is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What the panel is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// The bus is there (`true`) or went away.
    Bus(bool),
    /// Show this.
    Show(View),
}

/// The icon with its menu, as long as there is a bus.
struct Shown {
    tray: TrayIcon,
    menu: Menu,
    view: View,
}

/// Shows what it is told until nobody tells any more. What the person chooses goes to `commands`.
pub(crate) fn run(orders: &Receiver<Order>, commands: UnboundedSender<Command>) {
    listen(commands);
    let (mut bus, mut wanted, mut shown): (bool, Option<View>, Option<Shown>) = (false, None, None);
    loop {
        let missing = bus && wanted.is_some() && shown.is_none();
        let order = if missing {
            match orders.recv_timeout(AGAIN) {
                Ok(order) => Some(order),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        } else {
            match orders.recv() {
                Ok(order) => Some(order),
                Err(_) => return,
            }
        };
        match order {
            Some(Order::Bus(there)) => {
                bus = there;
                // An icon on a bus that went away is nowhere, and does not come back by itself.
                shown = None;
            }
            Some(Order::Show(view)) => wanted = Some(view),
            None => {}
        }
        if let Some(view) = wanted.as_ref().filter(|_| bus) {
            shown = match shown {
                Some(shown) => shown.show(view),
                None => Shown::new(view),
            };
        }
    }
}

/// Passes clicks on. The library knows one listener for all icons of a program.
fn listen(commands: UnboundedSender<Command>) {
    let clicks = commands.clone();
    MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
        let _nobody = menu::command(&event.id).map(|command| commands.send(command));
    }));
    TrayIconEvent::set_event_handler(Some(move |event| {
        // The panel opens the menu itself; the first button is ours.
        if let TrayIconEvent::Click {
            button: MouseButton::Left, button_state: MouseButtonState::Up, ..
        } = event
        {
            let _nobody = clicks.send(Command::Page);
        }
    }));
}

fn picture(view: &View) -> Option<Icon> {
    Icon::from_rgba(icon::rgba(view.look, SIDE), u32::from(SIDE), u32::from(SIDE)).ok()
}

impl Shown {
    /// Puts an icon on the panel; `None` when that cannot be done now.
    fn new(view: &View) -> Option<Self> {
        let (menu, panel) = Menu::new(view.menu.clone()).ok()?;
        let tray = TrayIconBuilder::new()
            .with_id("cps-tray")
            .with_title("CPS")
            .with_tooltip(&view.tooltip)
            .with_icon(picture(view)?)
            .with_menu(Box::new(panel))
            .build()
            .ok()?;
        Some(Self { tray, menu, view: view.clone() })
    }

    /// Shows something else. What stays the same is not touched: panels draw again whatever is set.
    fn show(mut self, view: &View) -> Option<Self> {
        if self.view.look != view.look {
            self.tray.set_icon(picture(view)).ok()?;
        }
        if self.view.tooltip != view.tooltip {
            self.tray.set_tooltip(Some(&view.tooltip)).ok()?;
        }
        if self.view.menu != view.menu && !self.menu.follow(&view.menu) {
            let (menu, panel) = Menu::new(view.menu.clone()).ok()?;
            self.tray.set_menu(Some(Box::new(panel)));
            self.menu = menu;
        }
        self.view = view.clone();
        Some(self)
    }
}
