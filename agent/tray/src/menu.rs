//! The menu of the panel, kept the same as the model: texts are changed in place, another shape is a new menu.

use crate::state::{Command, Item};
use tray_icon::menu::{CheckMenuItem, Menu as PanelMenu, MenuItem, PredefinedMenuItem, Submenu};

/// The menu on the panel.
pub(crate) struct Menu {
    model: Vec<Item>,
    items: Vec<Shown>,
}

/// One item of it.
enum Shown {
    Line(MenuItem),
    Option(CheckMenuItem),
    Menu(Submenu, Vec<Shown>),
    Separator(PredefinedMenuItem),
}

impl Menu {
    /// A menu for a model, and what the panel takes.
    pub(crate) fn new(model: Vec<Item>) -> tray_icon::menu::Result<(Self, PanelMenu)> {
        let items: Vec<Shown> = model.iter().map(made).collect::<Result<_, _>>()?;
        let panel = PanelMenu::new();
        for item in &items {
            panel.append(item.as_item())?;
        }
        Ok((Self { model, items }, panel))
    }

    /// Makes it say what the model says; `false` when that takes another menu.
    pub(crate) fn follow(&mut self, model: &[Item]) -> bool {
        if self.model.len() != model.len() || !self.model.iter().zip(model).all(|(old, new)| alike(old, new))
        {
            return false;
        }
        for (item, (old, new)) in self.items.iter().zip(self.model.iter().zip(model)) {
            if old != new {
                reword(item, new);
            }
        }
        self.model = model.to_vec();
        true
    }
}

impl std::fmt::Debug for Menu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Menu({} items)", self.items.len())
    }
}

impl Shown {
    fn as_item(&self) -> &dyn tray_icon::menu::IsMenuItem {
        match self {
            Self::Line(item) => item,
            Self::Option(item) => item,
            Self::Menu(menu, _) => menu,
            Self::Separator(line) => line,
        }
    }
}

fn made(item: &Item) -> tray_icon::menu::Result<Shown> {
    Ok(match item {
        // What is to be read can be chosen, and opens the page: panels make grey, and keyboards and screen readers pass
        // over, what cannot.
        Item::Text(text) => Shown::Line(MenuItem::with_id(Command::Page.id(), plain(text), true, None)),
        Item::Choice { command, text, enabled } => {
            Shown::Line(MenuItem::with_id(command.id(), plain(text), *enabled, None))
        }
        Item::Option { command, text, chosen } => {
            Shown::Option(CheckMenuItem::with_id(command.id(), plain(text), true, *chosen, None))
        }
        Item::Menu(text, items) => {
            let menu = Submenu::new(plain(text), true);
            let items: Vec<Shown> = items.iter().map(made).collect::<Result<_, _>>()?;
            for item in &items {
                menu.append(item.as_item())?;
            }
            Shown::Menu(menu, items)
        }
        Item::Separator => Shown::Separator(PredefinedMenuItem::separator()),
    })
}

/// Whether an item can become another one by its words alone.
fn alike(old: &Item, new: &Item) -> bool {
    match (old, new) {
        (Item::Text(_), Item::Text(_)) | (Item::Separator, Item::Separator) => true,
        (Item::Choice { command: old, .. }, Item::Choice { command: new, .. })
        | (Item::Option { command: old, .. }, Item::Option { command: new, .. }) => old == new,
        (Item::Menu(_, old), Item::Menu(_, new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| alike(old, new))
        }
        _ => false,
    }
}

fn reword(item: &Shown, new: &Item) {
    match (item, new) {
        (Shown::Line(item), Item::Text(text)) => item.set_text(plain(text)),
        (Shown::Line(item), Item::Choice { text, enabled, .. }) => {
            item.set_text(plain(text));
            item.set_enabled(*enabled);
        }
        (Shown::Option(item), Item::Option { text, chosen, .. }) => {
            item.set_text(plain(text));
            item.set_checked(*chosen);
        }
        (Shown::Menu(menu, items), Item::Menu(text, new)) => {
            menu.set_text(plain(text));
            for (item, new) in items.iter().zip(new) {
                reword(item, new);
            }
        }
        _ => {}
    }
}

/// A text without mnemonics: names of people and applications may hold the mark of one.
fn plain(text: &str) -> String {
    text.replace('&', "&&")
}

/// The command of an item that was clicked.
pub(crate) fn command(id: &tray_icon::menu::MenuId) -> Option<Command> {
    Command::of_id(id.as_ref())
}
