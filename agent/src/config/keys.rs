//! The names of all settings: what is not in this table is a mistake, and the nearest name is suggested.

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text (durations, paths and addresses included).
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// A list of texts.
    List,
    /// A table of texts, under names of the site's own.
    Table,
}

impl Kind {
    /// The kind as an error message names it, in French and in English.
    pub(super) const fn expected(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("un texte entre guillemets droits", "a text in quotes"),
            Self::Flag => ("true ou false", "true or false"),
            Self::Number => ("un nombre entier", "a whole number"),
            Self::List => ("une liste de textes", "a list of texts"),
            Self::Table => ("une table de textes", "a table of texts"),
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// Section and name, joined by dots; `*` stands for a name that the administrator chooses.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) kind: Kind,
    /// Only the administrator's policy file may set it.
    pub(super) policy_only: bool,
}

impl Key {
    /// Its section is one of several that have names of their own: no environment variable can stand for it.
    pub(super) fn is_named(&self) -> bool {
        self.name.contains('*')
    }
}

const fn key(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, policy_only: false }
}

const fn policy(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, policy_only: true }
}

/// Every setting, in the order of the documentation.
pub(super) static KEYS: &[Key] = &[
    key("bridge.listen", Kind::Text),
    key("bridge.tls", Kind::Flag),
    key("upstream.profile", Kind::Text),
    key("upstream.client_id", Kind::Text),
    key("upstream.client_auth", Kind::Text),
    key("upstream.client_secret_file", Kind::Text),
    key("upstream.client_certificate", Kind::Text),
    key("upstream.client_key", Kind::Text),
    key("upstream.redirect_port", Kind::Number),
    key("upstream.redirect_host", Kind::Text),
    key("upstream.redirect_path", Kind::Text),
    key("upstream.ciba", Kind::Flag),
    key("upstream.accepted_acr", Kind::List),
    key("upstream.algorithms", Kind::List),
    key("upstream.idp_hint", Kind::Text),
    key("upstream.proxy", Kind::Text),
    key("upstream.issuer", Kind::Text),
    key("upstream.discovery", Kind::Text),
    key("upstream.ca_file", Kind::Text),
    key("upstream.hosts", Kind::List),
    key("upstream.scope", Kind::Text),
    key("upstream.acr_values", Kind::Text),
    key("upstream.card_login", Kind::Flag),
    policy("upstream.workstation_credentials", Kind::Flag),
    key("login.ways", Kind::List),
    key("login.browser", Kind::List),
    key("login.ecps_start", Kind::Text),
    key("login.non_nominative", Kind::Flag),
    key("login.browser_card", Kind::Flag),
    key("local.allow", Kind::Text),
    key("local.revocation", Kind::Text),
    key("local.max", Kind::Text),
    key("pin.prompt", Kind::List),
    key("pin.pinentry", Kind::Text),
    key("pin.hold", Kind::Text),
    key("pin.timeout", Kind::Text),
    key("session.mode", Kind::Text),
    key("session.max", Kind::Text),
    key("session.idle", Kind::Text),
    key("trust.environment", Kind::Text),
    key("trust.anchors", Kind::List),
    key("readers.ignore", Kind::List),
    key("clients.directory", Kind::Text),
    key("clients.registration", Kind::Text),
    key("clients.require_pushed", Kind::Flag),
    key("pkcs11.default", Kind::Text),
    key("pkcs11.programs", Kind::Table),
    key("pkcs11.signature_key", Kind::Flag),
    key("pkcs11.decrypt", Kind::Flag),
    key("services.directory", Kind::Text),
    key("tokens.directory", Kind::Text),
    key("audit.sync", Kind::Text),
    key("audit.journal", Kind::Text),
    key("state.directory", Kind::Text),
    key("gateway.*.origin", Kind::Text),
    key("gateway.*.path", Kind::Text),
    key("gateway.*.anchors", Kind::List),
    key("gateway.*.credential", Kind::Text),
    key("gateway.*.certificate", Kind::Text),
    key("gateway.*.key", Kind::Text),
    key("gateway.*.password_file", Kind::Text),
    key("gateway.*.clients", Kind::List),
    key("gateway.*.authorization", Kind::Flag),
    key("gateway.*.cookies", Kind::Flag),
    key("gateway.*.body", Kind::Number),
    key("gateway.*.requests", Kind::Number),
    key("gateway.*.timeout", Kind::Text),
    policy("locked.keys", Kind::List),
];

/// The setting of this exact name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|k| is_below(name, k.name) && name.split('.').count() == k.name.split('.').count())
}

/// Whether `section` is a setting's name, or that of a section it stands in.
fn is_below(section: &str, key: &str) -> bool {
    let mut words = key.split('.');
    section.split('.').all(|given| match words.next() {
        Some("*") => is_name(given),
        Some(word) => word == given,
        None => false,
    })
}

/// Whether a name can stand in an address and in a scope: 1 to 64 letters, digits, `-` and `_`.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A setting's name with the chosen names of a mistaken one in it, so that the suggestion can be copied.
pub(super) fn named_like(key: &Key, wrong: &str) -> String {
    let mut given = wrong.split('.');
    let words = key.name.split('.').map(|word| match given.next() {
        Some(given) if word == "*" => given,
        _ => word,
    });
    words.collect::<Vec<_>>().join(".")
}

/// The setting an environment variable stands for: `CPS_AGENT_PIN_HOLD` is `pin.hold`.
pub(super) fn find_variable(variable: &str) -> Option<&'static Key> {
    KEYS.iter().find(|k| !k.is_named() && self::variable(k.name) == variable)
}

/// The environment variable of a setting.
pub(super) fn variable(name: &str) -> String {
    format!("CPS_AGENT_{}", name.replace('.', "_").to_ascii_uppercase())
}

/// Whether a `locked.keys` entry names a setting or a whole section.
pub(super) fn is_key_or_section(entry: &str) -> bool {
    KEYS.iter().any(|k| is_below(entry, k.name))
}

/// Whether a `locked.keys` entry covers a setting.
pub(super) fn covers(entry: &str, name: &str) -> bool {
    name == entry || name.strip_prefix(entry).is_some_and(|rest| rest.starts_with('.'))
}

/// The known name nearest to a mistaken one, when it is near enough to be what was meant.
pub(super) fn suggest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wrong.len() / 3).max(2);
    known
        .map(|name| (distance(wrong, name), name))
        .filter(|(d, _)| *d <= limit)
        .min_by_key(|(d, _)| *d)
        .map(|(_, name)| name)
}

/// Levenshtein's edit distance, by bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let here = (diagonal + usize::from(x != y)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
